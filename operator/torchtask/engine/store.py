"""What the operator knows: a slim record for each TorchTask, and the runs it owns. Never whole documents."""

import logging
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime

from torchtask import clock
from torchtask.cluster.api import Document
from torchtask.core.account import Ledger
from torchtask.core.conditions import Condition
from torchtask.core.ends import End, explained
from torchtask.core.launch import Flights
from torchtask.core.model import Run, Task
from torchtask.core.wire import jobs, ledgers, tasks

SAMPLES = 100

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Record:
    """One task: what the server says, what was decided, and what of that the server holds.

    `version`: the resourceVersion last seen. `published`: the digest of the status that the server is known to hold.
    `judged`: the generation whose template the server has been asked about. `lateness`: of the last launches, by fire
    time, in milliseconds. `tail`: the last words of the run that failed last, and how often they came in a row.
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
    lateness: deque[tuple[datetime, int]] | None = None
    deleting: set[str] = field(default_factory=set)
    tail: tuple[str, int] = ("", 0)


class Tasks:
    """The records, by UID. `wake` is called when one has to be looked at again."""

    def __init__(self, wake: Callable[[str], None], forgotten: Callable[[str], None]) -> None:
        self._records: dict[str, Record] = {}
        self._wake, self._forgotten = wake, forgotten

    def __len__(self) -> int:
        return len(self._records)

    def get(self, uid: str) -> Record | None:
        """Return a record; None when the task is gone."""
        return self._records.get(uid)

    def changed(self, document: Document) -> None:
        """Take a TorchTask as it is now; an older document than the one known is passed over."""
        metadata = document["metadata"]
        version, record = int(metadata["resourceVersion"]), self._records.get(metadata["uid"])
        if record is not None and version <= record.version:
            return
        status = document.get("status")
        if record is None:
            self._records[metadata["uid"]] = _first_seen(_read(document), version, status)
        elif not _follow(record, _now(record.task, document), version, status):
            return
        self._wake(metadata["uid"])

    def gone(self, uid: str) -> None:
        """Forget a task."""
        if self._records.pop(uid, None) is not None:
            self._forgotten(uid)

    def sweep(self, existing: Collection[str], version: int) -> None:
        """Forget what a LIST at `version` did not show, unless it was created since."""
        for uid in [u for u, r in self._records.items() if u not in existing and r.version <= version]:
            self.gone(uid)


def _first_seen(task: Task, version: int, status: object) -> Record:
    ledger, conditions = ledgers.ledger(status), ledgers.conditions(status)
    was_ready = any(c.type == "Ready" and c.status for c in conditions)
    judged = ledger.generation if ledger is not None and was_ready else 0
    return Record(task, version, ledger, conditions, judged)


def _read(document: Document) -> Task:
    """Read a task; whatever a spec does to us, only its own task is stopped by it (promise 10)."""
    try:
        task = tasks.task(document, clock.now())
    except Exception:
        log.exception("reading %s", document["metadata"].get("name"))
        task = tasks.unreadable(document)
    if task.problem is not None:
        log.warning("%s/%s is not ready: %s", task.namespace, task.name, task.problem)
    return task


def _now(task: Task, document: Document) -> Task:
    """Read a task that is known: of the same generation it is the same, and its spec need not be read again."""
    metadata = document["metadata"]
    if metadata.get("generation", 1) != task.generation:
        return _read(document)
    return replace(task, deleting="deletionTimestamp" in metadata)


def _follow(record: Record, task: Task, version: int, status: object) -> bool:
    """Bring `record` up to date; tell whether anything changed that decisions depend on."""
    before = record.task
    record.task, record.version = task, version
    held = ledgers.ledger(status)
    if held is None:
        record.published = b""  # wiped, or filled with rubbish: it is written again
    elif record.ledger is not None and held.accounted_time > record.ledger.accounted_time:
        record.ledger, record.published = held, b""  # somebody else went on (L13)
    return task != before or not record.published


class Runs:
    """The runs of all tasks: the listener of the Job watch."""

    def __init__(self, wake: Callable[[str], None]) -> None:
        self._runs: dict[jobs.Owner, dict[str, Run]] = {}
        self._owners: dict[str, jobs.Owner] = {}
        self._ends: dict[str, End | None] = {}
        self._wake = wake
        self.version = 0

    def of(self, task: Task) -> Collection[Run]:
        """Return the runs of a task."""
        return self._runs.get((task.namespace, task.uid), {}).values()

    def changed(self, document: Document) -> None:
        """Take a Job as it is now. An unchanged slim record wakes nobody."""
        try:
            found = jobs.run(document)
        except (KeyError, TypeError, ValueError) as error:
            log.warning("passing over a Job that cannot be read: %r", error)
            return
        if found is None:
            return
        owner, run = found
        self._keep(owner, explained(run, self._ends[run.uid]) if run.uid in self._ends else run)

    def explain(self, uid: str, end: End | None) -> None:
        """Take how a run ended; None: nobody could tell."""
        owner = self._owners.get(uid)
        if owner is not None:
            self._ends[uid] = end
            self._keep(owner, explained(self._runs[owner][uid], end))

    def _keep(self, owner: jobs.Owner, run: Run) -> None:
        runs = self._runs.setdefault(owner, {})
        if runs.get(run.uid) != run:
            runs[run.uid] = run
            self._owners[run.uid] = owner
            self._wake(owner[1])

    def gone(self, uid: str) -> None:
        """Forget a Job."""
        owner = self._owners.pop(uid, None)
        self._ends.pop(uid, None)
        if owner is None:
            return
        del self._runs[owner][uid]
        if not self._runs[owner]:
            del self._runs[owner]
        self._wake(owner[1])

    def reached(self, version: int) -> None:
        """Take note that every change up to `version` has been told."""
        self.version = version
