"""Lets launches through as the caps allow, and knows what of the caps is taken (`core.admission`, `core.caps`)."""

from collections import Counter
from collections.abc import Callable
from enum import Enum

from torchtask import clock
from torchtask.core.admission import Admission, Want
from torchtask.core.caps import Limits, Usage
from torchtask.core.launch import Attempt
from torchtask.core.spec import Spec
from torchtask.core.starts import launch_time
from torchtask.core.units import Unit
from torchtask.engine.runs import Runs
from torchtask.engine.store import Record


class Sent(Enum):
    """What became of a launch that was let through."""

    NOW = "now"
    LATER = "later"  # it waits for room at the API server
    NOT = "not"  # it does not wait any more


Let = Callable[[str, Unit], Sent]


class Gate:
    """The launches of all tasks on their way to the API server.

    `let(task uid, unit)` sends one, if it still waits.
    """

    def __init__(self, limits: Limits, runs: Runs, held: Callable[[str], bool], let: Let) -> None:
        self._admission = Admission(limits)
        self._runs, self._held, self._let = runs, held, let
        self._flying: dict[str, tuple[str, int]] = {}  # namespace and number of launches sent and not seen, by task
        self._in_flight: Counter[str] = Counter()  # the same by namespace

    def follow(self, record: Record) -> None:
        """Take note of the launches of a task: those that wait, and those that are under way."""
        self.count(record)
        task, spec = record.task, record.task.spec
        if isinstance(spec, Spec):
            for unit, flight in record.flights.items():
                if flight.attempt is Attempt.WANTED:
                    time = launch_time(spec, flight)
                    self._admission.want(Want(task.uid, unit, task.namespace, spec.priority, time))

    def count(self, record: Record) -> None:
        """Take note of the launches of a task that are under way; of those that wait some may just be let through."""
        flying = sum(1 for f in record.flights.values() if f.is_sent or not f.is_open)
        self._fly(record.task.uid, record.task.namespace, flying)

    def forget(self, uid: str) -> None:
        """Let a task go."""
        self._admission.drop(uid)
        if uid in self._flying:
            self._fly(uid, self._flying[uid][0], 0)

    def drop(self, uid: str, unit: Unit) -> None:
        """Let a launch wait no longer."""
        self._admission.drop(uid, unit)

    def open(self) -> None:
        """Let through who may go now; asked at each turn of the loop, so of no cost when nobody waits."""
        if self._admission.is_idle:
            return
        usage = Usage(self._runs.active + self._in_flight, self._runs.without_pod + self._in_flight)
        for want in self._admission.admit(usage, self._held, clock.monotonic()):
            match self._let(want.task, want.unit):
                case Sent.NOT:
                    self._admission.rate.spared(want.namespace)
                case Sent.LATER:
                    self._admission.rate.parked(want.namespace)

    def sent(self, namespace: str) -> None:
        """Take note that a request is sent that was to be sent later."""
        self._admission.rate.sent(namespace, clock.monotonic())

    def given_up(self, namespace: str) -> None:
        """Take note that it is not sent after all."""
        self._admission.rate.given_up(namespace)

    def repeated(self, namespace: str) -> None:
        """Take note of a request that is sent once more."""
        self._admission.repeated(namespace, clock.monotonic())

    def answered(self, namespace: str) -> None:
        """Take note that a request was answered, or given up."""
        self._admission.answered(namespace, clock.monotonic())

    def why(self, uid: str, unit: Unit) -> str:
        """Say what keeps a launch back, in words for its user; empty when nothing does."""
        return self._admission.why(uid, unit) or ""

    def seconds(self) -> float | None:
        """Return in how many seconds the launch rate lets somebody through; None when nobody waits for that."""
        if self._admission.is_idle:
            return None
        now = clock.monotonic()
        time = self._admission.next_time(now)
        return None if time is None else max(0.0, time - now)

    def _fly(self, uid: str, namespace: str, number: int) -> None:
        before = self._flying.pop(uid, (namespace, 0))[1]
        if number:
            self._flying[uid] = (namespace, number)
        if number != before:
            self._in_flight[namespace] += number - before
            if not self._in_flight[namespace]:
                del self._in_flight[namespace]
