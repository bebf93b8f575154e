"""The loop that is on time: takes each task whose time has come, has it decided, and carries the decision out.

Law: nothing is decided while blind: before all TorchTasks and Jobs were listed, and while the Jobs are out of sight.
Law: a pass that fails, whatever the fault, harms no other task and is tried again.
"""

import asyncio
import logging
from collections import deque
from datetime import timedelta

from torchtask import clock
from torchtask.cluster.api import Api, Document
from torchtask.core import launch
from torchtask.core import ledger as books
from torchtask.core.decide import Action, decide
from torchtask.core.launch import Answer, Attempt, InFlight, Launch, LookUp
from torchtask.core.model import Task
from torchtask.core.spec import Spec
from torchtask.core.starts import launch_time, start_of
from torchtask.core.state import Surroundings
from torchtask.core.units import Unit
from torchtask.engine.agenda import Agenda
from torchtask.engine.clearer import Clearer
from torchtask.engine.dispatcher import Dispatcher, Reply
from torchtask.engine.ends import Ends, tell
from torchtask.engine.gate import Gate
from torchtask.engine.judge import Judge
from torchtask.engine.runs import Runs
from torchtask.engine.sight import News, Sight
from torchtask.engine.store import SAMPLES, Record, Tasks
from torchtask.engine.writer import Seen, Writer
from torchtask.settings import Settings

LONGEST_SLEEP_SECONDS = 0.5  # so that steps of the wall clock are seen
AT_A_STRETCH = 50  # passes before others get a turn
AFTER_A_FAULT = timedelta(seconds=5)
STUCK_SECONDS = 10
DRAIN_SECONDS = 10

log = logging.getLogger(__name__)


class Operation:
    """The running operator, but for the change feed, whose events come in through `told`."""

    def __init__(self, api: Api, chosen: Settings) -> None:
        self._agenda = Agenda()
        self._rouse = asyncio.Event()
        self._tasks = Tasks(chosen, self._wake, self._forget)
        self._runs = Runs(self._wake)
        self._sight = Sight(api, chosen.namespace, self._tasks, self._runs, self._take_news)
        self._gate = Gate(
            chosen.limits, self._runs, lambda namespace: self._sight.held(namespace) is not None, self._let
        )
        self._dispatcher = Dispatcher(api, self._launched, self._settle)
        self._clearer = Clearer(api, self._runs, self._wake)
        self._writer = Writer(api, Seen(self._tasks, self._runs, self._surroundings, self._gate.why), self._wake)
        self._judge = Judge(api, self._wake)
        self._ends = Ends(api, self._runs.explain)
        self._news: set[News] = set()
        self._turned = clock.monotonic()
        self._taken_over = clock.now()

    async def run(self) -> None:
        """Operate until cancelled; then finish what is in flight, and write what is decided."""
        try:
            async with asyncio.TaskGroup() as group:
                for work in (self._sight.run(), self._writer.run(), self._turn()):
                    group.create_task(work)
        finally:
            await self._dispatcher.drain(DRAIN_SECONDS)
            await self._writer.flush()

    def told(self, kind: str | None, document: Document) -> None:
        """Take an event of the change feed."""
        if kind == "DELETED":
            self._tasks.gone(document["metadata"]["uid"])
        else:
            self._sight.take(document)

    def sweep(self) -> None:
        """Make up for a gap in the change feed."""
        self._sight.sweep()

    def is_live(self) -> bool:
        """Tell whether the loop turns."""
        return clock.monotonic() - self._turned < STUCK_SECONDS

    def is_ready(self) -> bool:
        """Tell whether tasks fire: all is listed, and the Jobs were seen fresh a moment ago."""
        return self._sight.is_fresh()

    def _surroundings(self, task: Task) -> Surroundings:
        return Surroundings(self._taken_over, self._sight.nodes, self._sight.held(task.namespace))

    def _wake(self, uid: str) -> None:
        self._agenda.add(uid, clock.now())
        self._rouse.set()

    def _take_news(self, news: News) -> None:
        self._news.add(news)
        self._rouse.set()

    def _spread(self) -> None:
        """Wake those whom the news concern, once for however many there were: a LIST of nodes brings thousands."""
        news, self._news = self._news, set()
        for record in self._tasks if news else ():
            spec = record.task.spec
            if News.HOLD in news or (isinstance(spec, Spec) and spec.where.needs_nodes):
                self._wake(record.task.uid)

    def _forget(self, uid: str) -> None:
        self._agenda.drop(uid)
        self._gate.forget(uid)

    async def _turn(self) -> None:
        while True:
            self._turned = clock.monotonic()
            self._rouse.clear()
            if self._sight.is_clear():
                self._spread()
                for number, uid in enumerate(self._agenda.take(clock.now()), start=1):
                    self._attend(uid)
                    if number % AT_A_STRETCH == 0:
                        self._gate.open()
                        await asyncio.sleep(0)
                        self._turned = clock.monotonic()
                        if not self._sight.is_clear():
                            break  # who is left stays on the agenda
                self._gate.open()
            try:
                await asyncio.wait_for(self._rouse.wait(), self._seconds_to_sleep())
            except TimeoutError:
                continue

    def _seconds_to_sleep(self) -> float:
        if not self._sight.is_clear():
            return LONGEST_SLEEP_SECONDS
        time = self._agenda.next_time()
        until = (time - clock.now()).total_seconds() if time is not None else LONGEST_SLEEP_SECONDS
        waits = (LONGEST_SLEEP_SECONDS, until, self._gate.seconds())
        return max(0.0, min(wait for wait in waits if wait is not None))

    def _attend(self, uid: str) -> None:
        record = self._tasks.get(uid)
        if record is None:
            return
        try:
            self._pass(record)
        except Exception:
            log.exception("deciding for %s/%s", record.task.namespace, record.task.name)
            self._agenda.add(uid, clock.now() + AFTER_A_FAULT)

    def _pass(self, record: Record) -> None:
        task, runs = record.task, self._runs.of(record.task)
        waiting = {u for u, f in record.flights.items() if f.attempt is Attempt.WANTED}
        counted = record.ledger.counted_runs if record.ledger else frozenset()
        flights = launch.unseen(record.flights, self._runs.version)
        decision = decide(task, record.ledger, runs, flights, clock.now(), self._surroundings(task))
        record.ledger, record.flights = decision.ledger, decision.flights
        record.next_time, record.over = decision.next_time, decision.over
        for unit in waiting.difference(decision.flights):
            self._gate.drop(task.uid, unit)
        for action in decision.actions:
            self._carry_out(record, action)
        self._gate.follow(record)
        if decision.wake_time is not None:
            self._agenda.add(task.uid, decision.wake_time)
        self._judge.consider(record)
        self._ends.consider(task, decision.ledger, runs)
        fresh = decision.ledger.counted_runs - counted
        for run in (r for r in runs if r.suffix in fresh):
            tell(record, run)
        self._writer.want(task.uid)

    def _carry_out(self, record: Record, action: Action) -> None:
        match action:
            case Launch(unit):
                if record.flights[unit].is_sent:  # once more, having had no answer
                    self._repeat(record, record.flights[unit])
            case LookUp(unit):
                self._dispatcher.look_up(record.task, unit)
            case _:
                self._clearer.clear(record, action)

    def _repeat(self, record: Record, flight: InFlight) -> None:
        """Send a launch once more; what cannot be sent has no answer either, and is asked for again."""
        try:
            self._send(record, flight)
        except Exception as error:
            log.exception("launching for %s/%s", record.task.namespace, record.task.name)
            self._settle(record.task, flight.unit, Reply(Answer.UNKNOWN, repr(error)))
        else:
            self._gate.repeated(record.task.namespace)

    def _let(self, uid: str, unit: Unit) -> bool:
        """Send a launch that was admitted, if it still waits."""
        record = self._tasks.get(uid)
        flight = record.flights.get(unit) if record else None
        if record is None or flight is None or flight.attempt is not Attempt.WANTED or record.task.deleting:
            return False
        flights = {**record.flights, unit: launch.sent(flight, clock.now())}
        try:
            self._send(record, flights[unit])
        except Exception:
            log.exception("launching for %s/%s", record.task.namespace, record.task.name)
            self._agenda.add(uid, clock.now() + AFTER_A_FAULT)
            return False
        record.flights = flights
        self._gate.count(record)
        return True

    def _send(self, record: Record, flight: InFlight) -> None:
        task, spec, ledger = record.task, record.task.spec, record.ledger
        if not isinstance(spec, Spec) or ledger is None:
            raise ValueError("a launch without a spec")
        start = start_of(task, spec, ledger, flight, self._surroundings(task))
        self._dispatcher.launch(task, spec, start)
        if not flight.late and flight.fire_time not in ledger.queued:  # else it was late before it was wanted
            record.on_time[flight.unit] = (flight.fire_time, launch_time(spec, flight))

    def _launched(self, task: Task, unit: Unit, reply: Reply) -> None:
        """Take the answer to a launch."""
        self._gate.answered(task.namespace)
        record = self._tasks.get(task.uid)
        due = record.on_time.pop(unit, None) if record else None
        if record is not None and due is not None and reply.answer is Answer.CREATED:
            fire_time, launch_time = due
            late = round((clock.now() - launch_time).total_seconds() * 1000)
            record.lateness = record.lateness or deque(maxlen=SAMPLES)
            record.lateness.append((fire_time, late))
        self._settle(task, unit, reply)

    def _settle(self, task: Task, unit: Unit, reply: Reply) -> None:
        record = self._tasks.get(task.uid)
        flight = record.flights.get(unit) if record else None
        if record is None or record.ledger is None or flight is None:
            return  # the task is gone, and its Jobs go with it; or the Job was seen before the answer came
        after, outcome = launch.settle(flight, reply.answer, clock.now(), reply.message, reply.version)
        others = {u: f for u, f in record.flights.items() if u != unit}
        record.flights = others if after is None else {**others, unit: after}
        if outcome is not None:
            record.ledger = books.noted(record.ledger, (outcome,))
        if reply.answer is Answer.REJECTED:
            record.judged = 0
        self._wake(task.uid)
