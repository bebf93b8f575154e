"""Writes statuses: at most one patch a second for a task, only what changed, never over somebody else's (law L13)."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from torchtask import clock
from torchtask.cluster import paths
from torchtask.cluster.api import Api, Document
from torchtask.cluster.errors import ApiError, ClusterError
from torchtask.core import ledger as books
from torchtask.core.account import Ledger
from torchtask.core.conditions import conditions
from torchtask.core.daemon import states
from torchtask.core.finished import is_over
from torchtask.core.launch import Attempt, InFlight
from torchtask.core.model import Task
from torchtask.core.spec import Spec
from torchtask.core.state import State, Surroundings
from torchtask.core.status import Sight, lateness, render_status
from torchtask.core.units import Unit
from torchtask.engine.runs import Runs
from torchtask.engine.store import Record, Tasks

INTERVAL_SECONDS = 1.0
AFTER_A_FAULT_SECONDS = 3.0
WRITERS = 16

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """Where a status is read from; `why(task uid, unit)` says what keeps a launch back."""

    tasks: Tasks
    runs: Runs
    around: Callable[[Task], Surroundings]
    why: Callable[[str, Unit], str]


class Writer:
    """Brings the statuses on the server up to date. `written` is called when the server holds what was decided."""

    def __init__(self, api: Api, seen: Seen, written: Callable[[str], None]) -> None:
        self._api, self._seen, self._tasks, self._written = api, seen, seen.tasks, written
        self._wanted: asyncio.Queue[str] = asyncio.Queue()
        self._waiting: set[str] = set()  # for a writer
        self._resting: set[str] = set()  # being written, or until the interval is over
        self._again: set[str] = set()  # wanted meanwhile

    def want(self, uid: str) -> None:
        """See to it that the status of `uid` is written, if it differs from what the server holds."""
        if uid in self._resting:
            self._again.add(uid)
        elif uid not in self._waiting:
            self._waiting.add(uid)
            self._wanted.put_nowait(uid)

    async def run(self) -> None:
        """Write for ever."""
        async with asyncio.TaskGroup() as group:
            for _ in range(WRITERS):
                group.create_task(self._serve())

    async def flush(self) -> None:
        """Write everything that waits, once; for the end."""
        written = await asyncio.gather(*map(self._write, self._waiting | self._again), return_exceptions=True)
        for error in (answer for answer in written if isinstance(answer, Exception)):
            log.error("writing a status at the end: %r", error)

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            uid = await self._wanted.get()
            self._waiting.discard(uid)
            self._resting.add(uid)
            seconds = AFTER_A_FAULT_SECONDS
            try:
                seconds = await self._write(uid)
            except Exception:
                log.exception("writing a status")
                self._again.add(uid)
            loop.call_later(seconds, self._rested, uid)

    def _rested(self, uid: str) -> None:
        self._resting.discard(uid)
        if uid in self._again:
            self._again.discard(uid)
            self.want(uid)

    async def _write(self, uid: str) -> float:
        """Patch the status if that is needed; return for how many seconds to leave it alone."""
        record = self._tasks.get(uid)
        if record is None or record.ledger is None or record.task.deleting:
            return 0.0
        ledger = record.ledger
        document = self._render(record, ledger)
        digest = _digest(document)
        if digest == record.published:
            return 0.0
        if await self._patch(record, ledger, document, digest):
            return INTERVAL_SECONDS
        self._again.add(uid)
        return AFTER_A_FAULT_SECONDS

    def _render(self, record: Record, ledger: Ledger) -> Document:
        task, spec = record.task, record.task.spec
        runs = self._seen.runs.of(task)
        active = sum(1 for r in runs if not is_over(ledger, r))
        active += sum(1 for f in record.flights.values() if not f.is_open)
        flights = {u: self._told(task, f) for u, f in record.flights.items()}
        state = State(task, ledger, runs, flights, clock.now(), self._seen.around(task))
        late = lateness(milliseconds for _, milliseconds in record.lateness or ())
        record.conditions = conditions(state, record.conditions, late.p99 if late else None, over=record.over)
        slots = tuple(states(state, spec, spec.daemon)) if isinstance(spec, Spec) and spec.daemon else ()
        return render_status(task, ledger, Sight(active, record.next_time, record.conditions, late, slots))

    def _told(self, task: Task, flight: InFlight) -> InFlight:
        """Let a launch that waits say what keeps it back."""
        waits = flight.attempt is Attempt.WANTED
        return replace(flight, message=self._seen.why(task.uid, flight.unit)) if waits else flight

    async def _patch(self, record: Record, ledger: Ledger, document: Document, digest: bytes) -> bool:
        """Patch the status; tell whether the server holds it now, or a newer object is known to try it on."""
        task = record.task
        patch: dict[str, Any] = {"metadata": {"resourceVersion": str(record.version)}, "status": document}
        try:
            answer = await self._api.merge(paths.status(task.namespace, task.name), patch)
        except ClusterError as error:
            status = error.status if isinstance(error, ApiError) else None
            if status == 409:
                self._again.add(task.uid)
                return await self._reread(record)
            if status == 404:
                self._tasks.gone(task.uid)  # deleted in a gap: nobody else would tell
                return True
            log.warning("writing the status of %s/%s: %s", task.namespace, task.name, error)
            return False
        record.version = max(record.version, int(answer["metadata"]["resourceVersion"]))
        record.published = digest
        if record.ledger is not None:
            record.ledger = books.published(record.ledger, ledger)
        self._written(task.uid)
        return True

    async def _reread(self, record: Record) -> bool:
        """Read the task anew; another of its name means that it is gone."""
        task = record.task
        try:
            document = await self._api.get(paths.task(task.namespace, task.name))
        except ClusterError as error:
            log.warning("reading %s/%s: %s", task.namespace, task.name, error)
            return False
        if document["metadata"]["uid"] != task.uid:
            self._tasks.gone(task.uid)
        self._tasks.changed(document)
        return True


def _digest(document: Document) -> bytes:
    """Digest what matters: `accountedTime` alone says nothing new as long as nothing came to be counted."""
    kept = {key: value for key, value in document.items() if key != "accountedTime"}
    return hashlib.blake2b(json.dumps(kept, sort_keys=True).encode(), digest_size=16).digest()
