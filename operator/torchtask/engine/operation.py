"""The loop that is on time: takes each task whose time has come, has it decided, and carries the decision out.

Law: nothing is decided while blind: before all TorchTasks and Jobs were listed, and while the Jobs are out of sight.
Law: a pass that fails, whatever the fault, harms no other task and is tried again.
"""

import asyncio
import logging
from collections import deque
from datetime import datetime, timedelta
from functools import partial

from torchtask import clock
from torchtask.cluster import paths
from torchtask.cluster.api import Api, Document
from torchtask.cluster.reflector import Reflector, pages
from torchtask.core import launch, names
from torchtask.core import ledger as books
from torchtask.core.decide import Action, Prune, Stop, decide
from torchtask.core.launch import Answer, Launch, LookUp
from torchtask.core.model import Run, Spec
from torchtask.engine.agenda import Agenda
from torchtask.engine.dispatcher import Dispatcher, Reply
from torchtask.engine.ends import Ends, tell
from torchtask.engine.judge import Judge
from torchtask.engine.store import SAMPLES, Record, Runs, Tasks
from torchtask.engine.writer import Writer

LONGEST_SLEEP_SECONDS = 0.5  # so that steps of the wall clock are seen
AT_A_STRETCH = 50  # passes before others get a turn
AFTER_A_FAULT = timedelta(seconds=5)
SWEEP_SECONDS = 300
STUCK_SECONDS = 10
BLIND_SECONDS = 30
DRAIN_SECONDS = 10
DELETIONS_AT_ONCE = 10  # of one task
SEEN_SECONDS = 2.0  # after which the watch has shown what was deleted
REFUSED_SECONDS = 10.0

log = logging.getLogger(__name__)


class Operation:
    """The running operator, but for the change feed, whose events come in through `told`."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._agenda = Agenda()
        self._rouse = asyncio.Event()
        self._tasks = Tasks(self._wake, self._agenda.drop)
        self._runs = Runs(self._wake)
        self._jobs = Reflector(api, paths.JOBS, self._runs, labelSelector=names.TASK_UID_LABEL)
        self._dispatcher = Dispatcher(api, self._settle)
        self._writer = Writer(api, self._tasks, self._runs, self._wake)
        self._judge = Judge(api, self._wake)
        self._ends = Ends(api, self._runs.explain)
        self._listed = asyncio.Event()
        self._sweep_wanted = asyncio.Event()
        self._turned = clock.monotonic()
        self._taken_over = clock.now()

    async def run(self) -> None:
        """Operate until cancelled; then finish what is in flight, and write what is decided."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._jobs.run())
                group.create_task(self._list_tasks())
                group.create_task(self._writer.run())
                group.create_task(self._turn())
        finally:
            await self._dispatcher.drain(DRAIN_SECONDS)
            await self._writer.flush()

    def told(self, kind: str | None, document: Document) -> None:
        """Take an event of the change feed."""
        if kind == "DELETED":
            self._tasks.gone(document["metadata"]["uid"])
        else:
            self._take(document)

    def _take(self, document: Document) -> None:
        """Take a TorchTask as it is now; one that cannot be taken keeps no other from being seen."""
        try:
            self._tasks.changed(document)
        except Exception:
            log.exception("taking a TorchTask")

    def sweep(self) -> None:
        """List the TorchTasks soon: there was a gap, and deletions during it are not reported."""
        self._sweep_wanted.set()

    def is_live(self) -> bool:
        """Tell whether the loop turns."""
        return clock.monotonic() - self._turned < STUCK_SECONDS

    def is_ready(self) -> bool:
        """Tell whether tasks fire: all is listed, and the Jobs were seen fresh a moment ago."""
        return self._sees() and clock.monotonic() - self._jobs.fresh_time < BLIND_SECONDS

    def _sees(self) -> bool:
        return self._listed.is_set() and self._jobs.sighted.is_set()

    def _wake(self, uid: str) -> None:
        self._agenda.add(uid, clock.now())
        self._rouse.set()

    async def _list_tasks(self) -> None:
        while True:
            self._sweep_wanted.clear()
            try:
                found: set[str] = set()
                version = 0
                async for page in pages(self._api, paths.TASKS):
                    version = int(page["metadata"]["resourceVersion"])
                    for document in page["items"]:
                        found.add(document["metadata"]["uid"])
                        self._take(document)
                self._tasks.sweep(found, version)
                self._listed.set()
                self._rouse.set()
                seconds = float(SWEEP_SECONDS)
            except Exception as error:  # noqa: BLE001 -- whatever the server sent, the operator goes on
                log.warning("listing the TorchTasks: %r", error)
                seconds = 1.0
            try:
                await asyncio.wait_for(self._sweep_wanted.wait(), seconds)
            except TimeoutError:
                continue

    async def _turn(self) -> None:
        while True:
            self._turned = clock.monotonic()
            self._rouse.clear()
            if self._sees():
                for number, uid in enumerate(self._agenda.take(clock.now()), start=1):
                    self._attend(uid)
                    if number % AT_A_STRETCH == 0:
                        await asyncio.sleep(0)
            try:
                await asyncio.wait_for(self._rouse.wait(), self._seconds_to_sleep())
            except TimeoutError:
                continue

    def _seconds_to_sleep(self) -> float:
        time = self._agenda.next_time()
        if time is None or not self._sees():
            return LONGEST_SLEEP_SECONDS
        return min(LONGEST_SLEEP_SECONDS, max(0.0, (time - clock.now()).total_seconds()))

    def _attend(self, uid: str) -> None:
        record = self._tasks.get(uid)
        if record is None:
            return
        try:
            self._pass(record, clock.now())
        except Exception:
            log.exception("deciding for %s/%s", record.task.namespace, record.task.name)
            self._agenda.add(uid, clock.now() + AFTER_A_FAULT)

    def _pass(self, record: Record, now: datetime) -> None:
        task, runs = record.task, self._runs.of(record.task)
        flights = launch.unseen(record.flights, self._runs.version)
        counted = record.ledger.counted_runs if record.ledger else frozenset()
        decision = decide(task, record.ledger, runs, flights, now, self._taken_over)
        record.ledger, record.flights = decision.ledger, decision.flights
        record.next_time, record.over = decision.next_time, decision.over
        for action in decision.actions:
            self._carry_out(record, action)
        if decision.wake_time is not None:
            self._agenda.add(task.uid, decision.wake_time)
        self._judge.consider(record)
        self._ends.consider(task, decision.ledger, runs)
        fresh = decision.ledger.counted_runs - counted
        for run in (r for r in runs if r.suffix in fresh):
            tell(record, run)
        self._writer.want(task.uid)

    def _carry_out(self, record: Record, action: Action) -> None:
        task = record.task
        match action:
            case Launch(fire_time) if isinstance(task.spec, Spec):
                self._dispatcher.launch(task, task.spec, fire_time)
            case LookUp(fire_time):
                self._dispatcher.look_up(task, fire_time)
            case Prune(run):
                self._delete(record, run, "Background")
            case Stop(run):
                self._delete(record, run, "Foreground")

    def _delete(self, record: Record, run: Run, propagation: str) -> None:
        if run.uid in record.deleting or len(record.deleting) >= DELETIONS_AT_ONCE:
            return
        record.deleting.add(run.uid)
        self._dispatcher.delete(record.task.namespace, run, propagation, partial(self._deleted, record, run.uid))

    def _deleted(self, record: Record, uid: str, succeeded: bool) -> None:  # noqa: FBT001 -- an answer, yes or no
        """Let a deletion be asked for again, if it is still wanted: after a while, so that a refusal makes no storm."""
        seconds = SEEN_SECONDS if succeeded else REFUSED_SECONDS
        asyncio.get_running_loop().call_later(seconds, self._deletable, record, uid)

    def _deletable(self, record: Record, uid: str) -> None:
        record.deleting.discard(uid)
        self._wake(record.task.uid)

    def _settle(self, uid: str, fire_time: datetime, reply: Reply) -> None:
        record, now = self._tasks.get(uid), clock.now()
        flight = record.flights.get(fire_time) if record else None
        if record is not None and reply.answer is Answer.CREATED:
            record.lateness = record.lateness or deque(maxlen=SAMPLES)
            record.lateness.append((fire_time, round((now - fire_time).total_seconds() * 1000)))
        if record is None or record.ledger is None or flight is None:
            return  # the task is gone, and its Jobs go with it; or the Job was seen before the answer came
        after, outcome = launch.settle(flight, reply.answer, now, reply.message, reply.version)
        others = {t: f for t, f in record.flights.items() if t != fire_time}
        record.flights = others if after is None else {**others, fire_time: after}
        if outcome is not None:
            record.ledger = books.noted(record.ledger, (outcome,))
        if reply.answer is Answer.REJECTED:
            record.judged = 0
        self._wake(uid)
