"""What the operator knows of the TorchTasks: a slim record for each, never whole documents."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from torchtask import clock
from torchtask.cluster.api import Document
from torchtask.core import ledger as books
from torchtask.core.account import Ledger
from torchtask.core.conditions import Condition
from torchtask.core.launch import Flights, InFlight
from torchtask.core.model import Task
from torchtask.core.status import digest, held_digest
from torchtask.core.units import Timed, Unit
from torchtask.core.wire import ledgers, tasks
from torchtask.engine.complaints import Complaint
from torchtask.engine.crowd import Crowd
from torchtask.settings import Settings

SAMPLES = 100


@dataclass(slots=True)
class Record:
    """One task: what the server says, what was decided, and what of that the server holds.

    `version`: the resourceVersion last seen. `unread`: what was known of the account is forgotten, and the next
    document tells it. `published`: the digest of the status that the server is known to hold; `offered`: of the one
    written last, whose echo may come before its answer.
    `judged`: the generation whose template the server has been asked about. `lateness`: of the last launches, by fire
    time, in milliseconds; `on_time`: the launches under way that will be measured, with their fire and launch times.
    `tail`: the last words of the run that failed last, and how often they came in a row. `conflicted`: the status that
    was written last met a newer version of the task.
    """

    task: Task
    version: int
    ledger: Ledger | None
    conditions: tuple[Condition, ...]
    judged: int = 0
    judged_time: float = 0.0
    flights: Flights = field(default_factory=dict)
    next_time: datetime | None = None
    over: bool = False
    published: bytes = b""
    offered: bytes = b""
    lateness: deque[tuple[datetime, int]] | None = None
    on_time: dict[Unit, tuple[datetime, datetime]] = field(default_factory=dict)
    tail: tuple[str, int] = ("", 0)
    unread: bool = False
    conflicted: bool = False


class Tasks:
    """The records, by UID. `wake` is called when one has to be looked at again, `forgotten` when a task is gone."""

    def __init__(
        self, chosen: Settings, wake: Callable[[str], None], forgotten: Callable[[str], None], complaint: Complaint
    ) -> None:
        self._records: dict[str, Record] = {}
        self._gone: set[str] = set()  # since the list was begun that is being gone through
        self._crowd, self._timeout = Crowd(chosen.tasks_in_namespace), chosen.default_timeout_seconds
        self._wake, self._forgotten, self._complaint = wake, forgotten, complaint

    def __iter__(self) -> Iterator[Record]:
        return iter(list(self._records.values()))

    def __len__(self) -> int:
        return len(self._records)

    def get(self, uid: str) -> Record | None:
        """Return a record; None when the task is gone."""
        return self._records.get(uid)

    def changed(self, document: Document) -> None:
        """Take a TorchTask as it is now; an older document than the one known is passed over."""
        metadata = document["metadata"]
        if metadata["uid"] in self._gone:
            return
        version, record = int(metadata["resourceVersion"]), self._records.get(metadata["uid"])
        if record is not None and (version < record.version or (version == record.version and not record.unread)):
            return
        status = document.get("status")
        if record is None:
            self._welcome(_first_seen(self._read(document), version, status))
        elif record.unread:
            self._records[record.task.uid] = _first_seen(self._now(record.task, document), version, status)
        elif not _follow(record, self._now(record.task, document), version, status):
            return
        self._wake(metadata["uid"])

    def gone(self, uid: str) -> None:
        """Forget a task."""
        self._gone.add(uid)
        record = self._records.pop(uid, None)
        if record is not None:
            task = record.task
            self._seat(self._crowd.drop(task.namespace, task.creation_time, uid))
            self._forgotten(uid)

    def begin_list(self) -> None:
        """Take note that a LIST begins: what goes while it is gone through may stand in it, and is gone."""
        self._gone.clear()

    def begin_anew(self) -> None:
        """Forget what was decided, and hold on to the tasks: the next document of each tells what others decided."""
        for uid, record in self._records.items():
            record.unread, record.ledger, record.flights = True, None, {}
            self._forgotten(uid)

    def forget_versions(self) -> None:
        """Take the next document of each task, whatever its version."""
        for record in self._records.values():
            record.version = 0

    def sweep(self, existing: Collection[str], version: int) -> None:
        """Forget what a LIST at `version` did not show, unless it was created since."""
        for uid in [u for u, r in self._records.items() if u not in existing and r.version <= version]:
            self.gone(uid)

    def _welcome(self, record: Record) -> None:
        task = record.task
        self._records[task.uid] = record
        self._seat((*self._crowd.add(task.namespace, task.creation_time, task.uid), task.uid))

    def _seat(self, uids: Iterable[str]) -> None:
        """Tell tasks whether their namespace has a place for them."""
        for uid in uids:
            record = self._records[uid]
            task = record.task
            crowded = not self._crowd.has_place(task.namespace, task.creation_time, uid)
            if crowded != task.crowded:
                record.task = replace(task, crowded=crowded)
                self._wake(uid)

    def _read(self, document: Document) -> Task:
        """Read a task; whatever a spec does to us, only its own task is stopped by it."""
        try:
            task = tasks.task(document, clock.now(), self._timeout)
        except Exception as error:  # noqa: BLE001 -- see above
            self._complaint.failed(error, str(document["metadata"].get("name")))
            return tasks.unreadable(document)
        if task.problem is not None:
            self._complaint.failed(task.problem, f"{task.namespace}/{task.name}")
        else:
            self._complaint.well()
        return task

    def _now(self, task: Task, document: Document) -> Task:
        """Read a task that is known: of the same generation it is the same, and its spec need not be read again."""
        metadata = document["metadata"]
        if metadata.get("generation", 1) != task.generation:
            return replace(self._read(document), crowded=task.crowded)
        asked = tasks.nonces(metadata)
        return replace(task, deleting="deletionTimestamp" in metadata, run_now=asked[0], restart=asked[1])


def _first_seen(task: Task, version: int, status: object) -> Record:
    ledger, conditions = ledgers.ledger(status), ledgers.conditions(status)
    was_ready = any(c.type == "Ready" and c.status for c in conditions)
    judged = ledger.generation if ledger is not None and was_ready else 0
    published = held_digest(status) if ledger is not None and isinstance(status, Mapping) else b""
    return Record(task, version, ledger, conditions, judged, published=published)


def _follow(record: Record, task: Task, version: int, status: object) -> bool:
    """Bring `record` up to date; tell whether anything changed that decisions depend on."""
    before = record.task
    record.task, record.version = task, version
    held = ledgers.ledger(status)
    if held is None:
        record.published = b""  # wiped, or filled with rubbish: it is written again
    elif record.ledger is None or held.accounted_time > record.ledger.accounted_time:
        record.ledger, record.published = held, b""  # somebody else went on (L13)
        record.flights = {u: f for u, f in record.flights.items() if not _is_counted(held, f)}
    elif not _is_ours(record, record.ledger, held, status):
        record.published = b""  # somebody else wrote what he knows less of than we
    return task != before or not record.published


def _is_counted(ledger: Ledger, flight: InFlight) -> bool:
    """Tell whether another operator counted what became of a launch of ours: then its answer is no news (L2).

    Nobody counted what an account says that claims to know the future.
    """
    timed = isinstance(flight.unit, Timed) and flight.is_open
    return timed and books.accounts_for(ledger, flight.unit) and not books.is_ahead(ledger, clock.now())


def _is_ours(record: Record, ledger: Ledger, held: Ledger, status: object) -> bool:
    """Tell whether the server holds a status of ours, the one that is being written included."""
    known = ledger.published
    if known is not None and held.accounted_time < known.accounted_time:
        return False
    written = {record.published, record.offered}
    return isinstance(status, Mapping) and (digest(status) in written or held_digest(status) in written)
