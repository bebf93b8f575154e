"""The loop that is on time: takes each task whose time has come, has it decided, and carries the decision out.

Law: nothing is decided while blind (`sight`), by who does not lead (`leader`), nor by a clock that is off (`skew`).
Law: a pass that fails, whatever the fault, harms no other task and is tried again; no loop ends before the operator.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial

from torchtask import clock
from torchtask.cluster.api import Api
from torchtask.cluster.lease import Lease
from torchtask.core import launch
from torchtask.core.decide import Action
from torchtask.core.launch import Attempt, Launch, LookUp
from torchtask.engine.agenda import Agenda
from torchtask.engine.background import supervised
from torchtask.engine.clearer import Clearer
from torchtask.engine.collector import collect
from torchtask.engine.ends import Ends
from torchtask.engine.foresight import LEAD, Foresight, Known
from torchtask.engine.judge import Judge
from torchtask.engine.lag import measure
from torchtask.engine.launches import Launches
from torchtask.engine.leader import Leader
from torchtask.engine.levels import show
from torchtask.engine.sight import Sight
from torchtask.engine.skew import Skew
from torchtask.engine.store import Record
from torchtask.engine.stretch import AT_A_STRETCH
from torchtask.engine.told import Told
from torchtask.engine.writer import Writer
from torchtask.settings import Settings

LONGEST_SLEEP_SECONDS = 0.5  # so that steps of the wall clock are seen
STEP = timedelta(seconds=1)
CONNECTIONS = 64  # beside those that have their own, so that none of these keeps the others waiting:
LISTS, CLEARING = 8, 16  # and launches and statuses
STUCK_SECONDS = 10
DRAIN_SECONDS = 10
FLUSH_SECONDS = 5

log = logging.getLogger(__name__)


class Operation:
    """The running operator, but for the change feed, whose events come in through `sight`."""

    def __init__(self, api: Api, chosen: Settings, lease: Lease, skew: Skew, told: Told) -> None:
        self._agenda, self._limits, self._skew, self._told = Agenda(), chosen.limits, skew, told
        wake, about = self._agenda.wake, told.complaints.about
        self.leader = Leader(lease, self._take_over, about("leading"))
        api = api.lane(CONNECTIONS, self.leader.seconds_left)
        self._calm = self._agenda.hurry.calm
        self.sight = Sight(api.lane(LISTS), chosen, self._agenda, self._forget, told.complaints)
        self._launches = Launches(api, self.sight, self._agenda, chosen.limits, told)
        self._clearer = Clearer(api.lane(CLEARING), self.sight.runs, wake, told)
        self._writer = Writer(api, self.sight, self._launches, self._agenda, told, lambda: self.leader.holds)
        self._judge = Judge(api, wake, about("judging a template"), self._calm)
        self._foresight = Foresight()
        self._ends = Ends(api, self.sight.runs.explain, about("asking why a run failed"))
        self._complaint = about("deciding")
        self._works: dict[str, Callable[[], Awaitable[None]]] = {
            "the loop": self._turn,
            "looking": self.sight.run,
            "writing": self._writer.run,
            "judging": self._judge.run,
            "leading": self.leader.run,
            "complaining": told.complaints.run,
            "sending events": partial(told.events.run, api, self._calm),
            "collecting": collect,
            "measuring": partial(measure, told.metrics.health.lagged),
        }
        told.metrics.before_shown(self._show)
        self._turned = clock.monotonic()
        self._ahead = clock.now() - timedelta(seconds=self._turned)  # the wall clock, less the one that never steps

    async def run(self) -> None:
        """Operate until cancelled; then finish what is in flight, write what is decided, and let another lead."""
        try:
            async with asyncio.TaskGroup() as group:
                for name, work in self._works.items():
                    group.create_task(supervised(name, work))
        finally:
            await self._end()

    async def _end(self) -> None:
        await self._launches.drain(DRAIN_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                await self._writer.flush()
        await self.leader.step_down()

    def ails(self) -> str:
        """Say what is wrong with the process itself; empty: the loop turns."""
        turns = clock.monotonic() - self._turned < STUCK_SECONDS
        return "" if turns else f"the loop has stood still for {STUCK_SECONDS} s"

    def obstacle(self) -> str:
        """Say why tasks may not fire, by this operator or by the one that leads; empty: nothing keeps them from it."""
        if not self.leader.is_known:
            return "it is not known who leads"
        if self._skew.is_great:
            return f"the clock is {self._skew.seconds:.1f} s off the API server's"
        return self.sight.obstacle

    def _show(self) -> None:
        """Set the numbers that are looked up."""
        levels, health = self._told.metrics.levels, self._told.metrics.health
        show(levels, self.sight.tasks, self.sight.runs, self._limits)
        levels.window.set(self._launches.window.size)
        health.leading.set(self.leader.leads)
        health.skew.set(self._skew.seconds)
        for kind, seconds in self.sight.ages.items():
            health.ages.labels(kind).set(seconds)

    @property
    def _may_decide(self) -> bool:
        return self.leader.leads and self.sight.is_clear and not self._skew.is_great

    def _take_over(self) -> None:
        self._told.metrics.health.transitions.inc()
        self.sight.take_over(self.leader.before)

    def _forget(self, uid: str) -> None:
        self._agenda.drop(uid)
        self._launches.gate.forget(uid)
        self._foresight.forget(uid)

    async def _turn(self) -> None:
        while True:
            self._turned = clock.monotonic()
            self._agenda.roused.clear()
            self._mind_the_clock()
            if self._may_decide:
                self._agenda.hurry.begin()
                try:
                    await self._look()
                finally:
                    self._agenda.hurry.end()
                await self._look_ahead()
            else:
                self._calm.expect(0)  # what would let us see is not to wait for launches that are not made
            await asyncio.sleep(0)  # who was roused already does not wait: others get their turn
            try:
                async with asyncio.timeout(self._seconds_to_sleep()):
                    await self._agenda.roused.wait()
            except TimeoutError:
                continue

    async def _look(self) -> None:
        """Look at everybody whose time has come, and let through what may go now."""
        self.sight.spread()
        for number, uid in enumerate(self._agenda.take(clock.now()), start=1):
            self._attend(uid)
            if number % AT_A_STRETCH == 0:
                self._launches.gate.open()
                self._agenda.hurry.relax()
                await asyncio.sleep(0)
                self._turned = clock.monotonic()
                if not self._may_decide:
                    break  # who is left stays on the agenda
        self._launches.gate.open()

    async def _look_ahead(self) -> None:
        """Decide for those whose time is near, as long as nobody's has come."""
        soon = self._agenda.soon(clock.now() + LEAD)
        self._calm.expect(len(soon))
        for number, (uid, time) in enumerate(soon, start=1):
            if not self._agenda.is_idle():
                return
            record = self.sight.tasks.get(uid)
            if record is not None and uid not in self._foresight:
                with suppress(Exception):  # whatever it is, it is seen when its time has come
                    self._foresight.look(self._known(record), time)
            if number % AT_A_STRETCH == 0:
                await asyncio.sleep(0)

    def _mind_the_clock(self) -> None:
        """Look at everybody anew when the wall clock made a step: what was agreed was for another time."""
        ahead = clock.now() - timedelta(seconds=self._turned)
        step, self._ahead = ahead - self._ahead, ahead
        if abs(step) > STEP:
            log.warning("the clock made a step of %.1f s", step.total_seconds())
            self._agenda.wake_all(record.task.uid for record in self.sight.tasks)

    def _seconds_to_sleep(self) -> float:
        if not self._may_decide:
            return LONGEST_SLEEP_SECONDS
        waits = (LONGEST_SLEEP_SECONDS, self._seconds_to_next(), self._launches.gate.seconds())
        return max(0.0, min(wait for wait in waits if wait is not None))

    def _seconds_to_next(self) -> float:
        """Return in how many seconds somebody's time comes, or is so near that one looks ahead."""
        time = self._agenda.next_time()
        if time is None:
            return LONGEST_SLEEP_SECONDS
        left = time - clock.now()
        return (left - LEAD if left > LEAD else left).total_seconds()

    def _attend(self, uid: str) -> None:
        record = self.sight.tasks.get(uid)
        if record is None or record.unread:
            return
        try:
            self._pass(record)
            self._complaint.well()
        except Exception as error:  # noqa: BLE001 -- no task's fault harms another
            self._complaint.failed(error, f"{record.task.namespace}/{record.task.name}")
            self._agenda.put_off(uid)

    def _pass(self, record: Record) -> None:
        known, gate = self._known(record), self._launches.gate
        task, runs = known.task, known.runs
        waiting = {u for u, f in record.flights.items() if f.attempt is Attempt.WANTED}
        before = record.ledger
        decision = self._foresight.decide(known, clock.now())
        record.ledger, record.flights = decision.ledger, decision.flights
        record.next_time, record.over = decision.next_time, decision.over
        for unit in waiting.difference(decision.flights):
            gate.drop(task.uid, unit)
        for action in decision.actions:
            self._carry_out(record, action)
        gate.follow(record)
        if decision.wake_time is not None:
            self._agenda.add(task.uid, decision.wake_time)
        self._judge.consider(record)
        self._ends.consider(task, decision.ledger, runs)
        self._told.herald.passed(record, before, runs)
        self._writer.want(task.uid)

    def _known(self, record: Record) -> Known:
        """Return what is known of a task now."""
        task, flights = record.task, launch.unseen(record.flights, self.sight.runs.version)
        return Known(task, record.ledger, tuple(self.sight.runs.of(task)), flights, self.sight.around(task))

    def _carry_out(self, record: Record, action: Action) -> None:
        match action:
            case Launch(unit):
                self._launches.repeat(record, unit)
            case LookUp(unit):
                self._launches.look_up(record, unit)
            case _:
                self._clearer.clear(record, action)
