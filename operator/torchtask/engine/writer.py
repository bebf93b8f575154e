"""Writes statuses: at most one patch a second for a task, only what changed, never over somebody else's (law L13).

Law: MOST_PER_SECOND are written in a second, or as many as launches are allowed if that is more, and when these leave
time for it: a thousand tasks that are new are no storm.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from torchtask import clock
from torchtask.cluster import paths
from torchtask.cluster.api import Api, Document
from torchtask.cluster.errors import ApiError, ClusterError, NotLeadingError
from torchtask.core import ledger as books
from torchtask.core import status
from torchtask.core.account import Ledger
from torchtask.core.conditions import conditions
from torchtask.core.daemon import states
from torchtask.core.finished import is_over
from torchtask.core.launch import Attempt, InFlight
from torchtask.core.model import Task
from torchtask.core.spec import Spec
from torchtask.core.state import State
from torchtask.core.status import lateness, render_status
from torchtask.engine.agenda import Agenda
from torchtask.engine.background import supervised
from torchtask.engine.launches import Launches
from torchtask.engine.sight import Sight
from torchtask.engine.store import Record
from torchtask.engine.told import Told

INTERVAL_SECONDS, LOADED_SECONDS = 1.0, 5.0
AFTER_A_FAULT_SECONDS = 3.0
WRITERS = 16
PER_SECOND, MOST_PER_SECOND = 25, 100  # statuses of all tasks; from the first on each is written less often
ANSWER_SECONDS = 0.2  # for which a status waits for the answer to a launch: else there would be two, one of them old


class Writer:
    """Brings the statuses on the server up to date. A task that may go on by that comes on the agenda.

    `holds()` tells whether the Lease is ours, though it may have run out: else who leads writes.
    """

    def __init__(
        self,
        api: Api,
        sight: Sight,
        launches: Launches,
        agenda: Agenda,
        told: Told,
        holds: Callable[[], bool],
    ) -> None:
        self._api, self._sight, self._tasks = api.lane(WRITERS), sight, sight.tasks
        self._launches, self._agenda, self._herald, self._holds = launches, agenda, told.herald, holds
        self._complaint = told.complaints.about("writing a status")
        self._rest_seconds = WRITERS / max(MOST_PER_SECOND, launches.limits.launches)
        self._wanted: asyncio.Queue[str] = asyncio.Queue()
        self._waiting: set[str] = set()  # for a writer
        self._resting: set[str] = set()  # being written, or until the interval is over
        self._again: set[str] = set()  # wanted meanwhile
        self._put_off: set[str] = set()  # for an answer, once

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
            for number in range(WRITERS):
                group.create_task(supervised(f"writer {number}", self._serve))

    async def flush(self) -> None:
        """Write everything that waits, once; for the end: no answer is waited for any more."""
        self._put_off = self._waiting | self._again | self._resting  # of these some were broken off
        wanted = iter(self._put_off.copy())

        async def serve() -> None:
            for uid in wanted:
                try:
                    await self._write(uid)
                except Exception as error:  # noqa: BLE001 -- the others are written all the same
                    self._complaint.failed(error)
                await asyncio.sleep(0)  # who finds nothing to be written has not waited for anything yet

        await asyncio.gather(*(serve() for _ in range(WRITERS)))

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            uid = await self._wanted.get()
            await self._agenda.hurry.calm.wait()
            self._waiting.discard(uid)
            self._resting.add(uid)
            seconds = AFTER_A_FAULT_SECONDS
            try:
                seconds = await self._write(uid)
            except Exception as error:  # noqa: BLE001 -- no task's fault harms another
                self._complaint.failed(error)
                self._again.add(uid)
            loop.call_later(seconds, self._rested, uid)
            has_asked = seconds >= INTERVAL_SECONDS  # else there was nothing to be written yet
            await asyncio.sleep(self._rest_seconds if has_asked else 0)

    def _rested(self, uid: str) -> None:
        self._resting.discard(uid)
        if uid in self._again:
            self._again.discard(uid)
            self.want(uid)

    async def _write(self, uid: str) -> float:
        """Patch the status if that is needed; return for how many seconds to leave it alone."""
        record, has_waited = self._tasks.get(uid), uid in self._put_off
        self._put_off.discard(uid)
        if record is None or record.ledger is None or record.task.deleting:
            return 0.0
        if not has_waited and any(f.attempt is Attempt.SENT and f.asking for f in record.flights.values()):
            self._put_off.add(uid)
            self._again.add(uid)
            return ANSWER_SECONDS
        ledger = record.ledger
        document = self._render(record, ledger)
        digest = status.digest(document)
        if digest == record.published and ledger.published is not None:
            return 0.0
        return await self._patch(record, ledger, document, digest)

    @property
    def _interval(self) -> float:
        """Longer the more tasks have news: launches want the API server's time more than statuses do."""
        many = len(self._resting) + len(self._waiting)
        return min(max(INTERVAL_SECONDS, many / PER_SECOND), LOADED_SECONDS)

    def _render(self, record: Record, ledger: Ledger) -> Document:
        task, spec = record.task, record.task.spec
        runs = self._sight.runs.of(task)
        active = sum(1 for r in runs if not is_over(ledger, r))
        active += len({u for u, f in record.flights.items() if not f.is_open} - {r.unit for r in runs})
        flights = {u: self._with_reason(task, f) for u, f in record.flights.items()}
        state = State(task, ledger, runs, flights, clock.now(), self._sight.around(task))
        before = record.conditions
        late = lateness(milliseconds for _, milliseconds in record.lateness or ())
        record.conditions = conditions(state, record.conditions, late.p99 if late else None, over=record.over)
        self._herald.judged(record, before)
        slots = tuple(states(state, spec, spec.daemon)) if isinstance(spec, Spec) and spec.daemon else ()
        return render_status(task, ledger, status.Sight(active, record.next_time, record.conditions, late, slots))

    def _with_reason(self, task: Task, flight: InFlight) -> InFlight:
        """Let a launch that waits say what keeps it back."""
        waits = flight.attempt is Attempt.WANTED
        return replace(flight, message=self._launches.gate.why(task.uid, flight.unit)) if waits else flight

    async def _patch(self, record: Record, ledger: Ledger, document: Document, digest: bytes) -> float:
        """Patch the status; return for how many seconds to leave it alone."""
        task = record.task
        record.offered = digest
        patch: dict[str, Any] = {"metadata": {"resourceVersion": str(record.version)}, "status": document}
        try:
            answer = await self._api.merge(paths.status(task.namespace, task.name), patch)
        except ClusterError as error:
            return await self._refused(record, error)
        self._complaint.well()
        if record.unread:
            return self._interval  # we took over meanwhile: what the server holds is still to be read
        record.version = max(record.version, int(answer["metadata"]["resourceVersion"]))
        record.published, record.conflicted = digest, False
        if record.ledger is not None:
            before, record.ledger = record.ledger.published, books.published(record.ledger, ledger)
            if record.over or books.frees(record.ledger, before):
                self._agenda.wake(task.uid)
        return self._interval

    async def _refused(self, record: Record, error: ClusterError) -> float:
        """See what is to be done about a status that was not taken; return for how many seconds to leave it alone."""
        task = record.task
        if isinstance(error, NotLeadingError):
            if self._holds():
                self._again.add(task.uid)
            return AFTER_A_FAULT_SECONDS
        if isinstance(error, ApiError) and error.absent:
            self._tasks.gone(task.uid)  # deleted in a gap: nobody else would tell
            return 0.0
        self._again.add(task.uid)
        if isinstance(error, ApiError) and error.status == 409:
            again, record.conflicted = record.conflicted, True
            try:
                await self._reread(task)
            except ClusterError as another:
                error = another
            else:
                if again:  # once may happen to anybody whose task is edited
                    self._complaint.failed(error, f"{task.namespace}/{task.name}")
                return self._interval
        self._complaint.failed(error, f"{task.namespace}/{task.name}")
        return max(AFTER_A_FAULT_SECONDS, error.retry_after or 0.0)

    async def _reread(self, task: Task) -> None:
        """Read the task anew; another of its name means that it is gone."""
        document = await self._api.get(paths.task(task.namespace, task.name))
        if document["metadata"]["uid"] != task.uid:
            self._tasks.gone(task.uid)
        self._tasks.changed(document)
