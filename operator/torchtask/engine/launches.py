"""Launches between their decision and their answer: through the gate, to the API server, and back into the account."""

from collections.abc import Callable

from torchtask import clock
from torchtask.cluster.api import Api
from torchtask.core import launch
from torchtask.core import ledger as books
from torchtask.core.caps import Limits
from torchtask.core.launch import Answer, Attempt, InFlight, Reply
from torchtask.core.manifest import Start
from torchtask.core.model import Task
from torchtask.core.spec import Spec
from torchtask.core.starts import launch_time, start_of
from torchtask.core.units import Timed, Unit
from torchtask.engine.agenda import Agenda
from torchtask.engine.dispatcher import Dispatcher
from torchtask.engine.gate import Gate, Sent
from torchtask.engine.sight import Sight
from torchtask.engine.store import Record
from torchtask.engine.told import Told
from torchtask.engine.window import Window

Note = Callable[[str], None]


def nobody(_: str) -> None:
    """Tell nobody."""


class Launches:
    """The launches of all tasks. A task whose launch was answered comes on the agenda."""

    def __init__(self, api: Api, sight: Sight, agenda: Agenda, limits: Limits, told: Told) -> None:
        self._sight, self._tasks, self._agenda, self._herald = sight, sight.tasks, agenda, told.herald
        self._dispatcher = Dispatcher(
            api, sight.accepted, self._launched, self._settle, told.complaints.about("launching"), agenda.hurry
        )
        self._complaint = told.complaints.about("preparing a launch")
        self.limits = limits
        self.gate = Gate(limits, sight.runs, sight.holds, self._let)

    @property
    def window(self) -> Window:
        """How many are asked for at once."""
        return self._dispatcher.window

    async def drain(self, seconds: float) -> None:
        """Wait until what is under way was answered, for at most `seconds`."""
        await self._dispatcher.drain(seconds)

    def repeat(self, record: Record, unit: Unit) -> None:
        """Send a launch once more that had no answer; what is new waits at the gate instead."""
        flight, task = record.flights[unit], record.task
        if not flight.is_sent:
            return
        try:
            at_once = self._launch(record, flight, self.gate.repeated)
        except Exception as error:  # noqa: BLE001 -- what cannot be sent has no answer either, and is asked for again
            self._complaint.failed(error, f"{task.namespace}/{task.name}")
            self._settle(task, unit, Reply(Answer.UNKNOWN, repr(error)))
        else:
            if at_once:
                self.gate.repeated(task.namespace)

    def look_up(self, record: Record, unit: Unit) -> None:
        """Find out what became of a launch."""
        self._dispatcher.look_up(record.task, unit)

    def _let(self, uid: str, unit: Unit) -> Sent:
        """Send a launch that was admitted, if it still waits, and nothing that concerns it is still to be decided."""
        record = self._tasks.get(uid)
        flight = record.flights.get(unit) if record else None
        if record is None or flight is None or flight.attempt is not Attempt.WANTED or record.task.deleting:
            return Sent.NOT
        if self._agenda.is_due(uid):
            return Sent.NOT  # it may be too late for it by now: whoever looks at the task lets it wait anew
        flight = launch.sent(flight, clock.now())
        try:
            at_once = self._launch(record, flight, self.gate.sent, self.gate.given_up)
        except Exception as error:  # noqa: BLE001 -- no task's fault harms another
            self._complaint.failed(error, f"{record.task.namespace}/{record.task.name}")
            self._agenda.put_off(uid)
            return Sent.NOT
        record.flights = {**record.flights, unit: flight}
        self.gate.count(record)
        return Sent.NOW if at_once else Sent.LATER

    def _launch(self, record: Record, flight: InFlight, sent: Note, given_up: Note = nobody) -> bool:
        """Ask for a Job; tell whether it was asked for at once, and one of the two of a namespace where it was not."""
        task = record.task
        spec, start = self._start(record, flight)

        def goes() -> bool:
            is_wanted = self._is_wanted(task, spec, flight.unit)
            (sent if is_wanted else given_up)(task.namespace)
            return is_wanted

        return self._dispatcher.launch(task, spec, start, goes)

    def _is_wanted(self, task: Task, spec: Spec, unit: Unit) -> bool:
        """Tell whether a launch that waited for room is to be sent still (L7)."""
        record = self._tasks.get(task.uid)
        flight = record.flights.get(unit) if record else None
        if record is None or record.task.spec is not spec or record.task.deleting:
            return False
        if flight is None or not flight.is_sent or flight.lost or not self._sight.is_clear:
            return False
        too_late = isinstance(unit, Timed) and spec.too_late(unit.fire_time, clock.now())
        return not too_late and not self._sight.holds(task.namespace)

    def _start(self, record: Record, flight: InFlight) -> tuple[Spec, Start]:
        task, spec, ledger = record.task, record.task.spec, record.ledger
        if not isinstance(spec, Spec) or ledger is None:
            raise ValueError("a launch without a spec")
        start = start_of(task, spec, ledger, flight, self._sight.around(task))
        self._complaint.well()
        if not flight.late and flight.fire_time not in ledger.queued:  # else it was late before it was wanted
            record.on_time[flight.unit] = (flight.fire_time, launch_time(spec, flight))
        return spec, start

    def _launched(self, task: Task, unit: Unit, reply: Reply) -> None:
        """Take the answer to a launch."""
        self.gate.answered(task.namespace)
        record = self._tasks.get(task.uid)
        if record is not None:
            self._herald.launched(record, unit, reply)
        self._settle(task, unit, reply)

    def _settle(self, task: Task, unit: Unit, reply: Reply) -> None:
        record = self._tasks.get(task.uid)
        flight = record.flights.get(unit) if record else None
        if record is None or record.ledger is None or flight is None:
            return  # the task is gone, and its Jobs go with it; or the Job was seen before the answer came
        after, outcome = launch.settle(flight, reply, clock.now())
        others = {u: f for u, f in record.flights.items() if u != unit}
        record.flights = others if after is None else {**others, unit: after}
        if after is None:
            record.on_time.pop(unit, None)
        if outcome is not None:
            before, record.ledger = record.ledger, books.noted(record.ledger, (outcome,))
            self._herald.settled(record, before)
        if reply.answer is Answer.REJECTED:
            record.judged = 0
        self._agenda.wake(task.uid)
