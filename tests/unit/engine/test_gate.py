"""The gate: what waits is sent when the caps allow, and what is under way takes its place in them."""

from collections.abc import Callable
from dataclasses import replace

from tests.scenario import UID, a_task, unit
from tests.telling import complaint
from torchtask.core.caps import Limits
from torchtask.core.launch import Attempt
from torchtask.core.units import Unit
from torchtask.engine.gate import Gate, Sent
from torchtask.engine.runs import Runs
from torchtask.engine.store import Record

FIRST, SECOND = unit("12:00:10"), unit("12:00:20")
NARROW = Limits(active=1)


class Doorway:
    """A gate, and what was let through it; `outcome` is what became of each."""

    def __init__(
        self,
        limits: Limits = NARROW,
        *,
        outcome: Sent = Sent.NOW,
        held: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.let: list[Unit] = []
        self.outcome = outcome
        self.runs = Runs(lambda _: None, complaint())
        self.gate = Gate(limits, self.runs, held, self._let)

    def _let(self, _: str, through: Unit) -> Sent:
        self.let.append(through)
        return self.outcome

    def follow(self, *waiting: str, sent: str | None = None) -> Record:
        """Follow a task with these launches."""
        state = a_task(concurrencyPolicy="Allow").since("12:00:00")
        for time in waiting:
            state = state.with_flight(time, Attempt.WANTED)
        if sent is not None:
            state = state.with_flight(sent, Attempt.SENT)
        record = Record(state.task, 1, state.ledger, (), flights=state.flights)
        self.gate.follow(record)
        return record


def test_what_waits_is_let_through_as_far_as_there_is_room() -> None:
    """The oldest first; the other says what keeps it back."""
    door = Doorway()
    door.follow("12:00:20", "12:00:10")
    door.gate.open()

    assert door.let == [FIRST]
    assert door.gate.why(UID, SECOND) == "the cluster has reached its limit of 1 active runs"


def test_a_launch_under_way_takes_room_until_it_is_none() -> None:
    """It is no Job yet that the watch has shown, and counts as one."""
    door = Doorway()
    record = door.follow("12:00:20", sent="12:00:10")
    door.gate.open()
    assert door.let == []

    record.flights = {SECOND: record.flights[SECOND]}
    door.gate.follow(record)
    door.gate.open()
    assert door.let == [SECOND]


def test_a_launch_under_way_has_no_pod_yet() -> None:
    """It counts for its namespace, which is to leave room to others."""
    door = Doorway(Limits(without_pod=2))
    door.follow("12:00:20", sent="12:00:10")
    door.gate.open()

    assert door.let == []
    assert "the namespace has reached its share" in door.gate.why(UID, SECOND)


def test_a_task_that_is_gone_takes_no_room_and_waits_for_none() -> None:
    """Its Jobs go with it."""
    door = Doorway()
    door.follow("12:00:20", sent="12:00:10")
    door.gate.forget(UID)
    door.follow("12:00:30")
    door.gate.open()

    assert door.let == [unit("12:00:30")]


def test_a_launch_that_is_dropped_is_not_let_through() -> None:
    """It was given up while it waited."""
    door = Doorway(Limits())
    door.follow("12:00:10", "12:00:20")
    door.gate.drop(UID, FIRST)
    door.gate.open()

    assert door.let == [SECOND]


def test_a_hold_keeps_all_of_a_namespace_back() -> None:
    """From the moment it is known, whatever was decided before."""
    door = Doorway(Limits(), held=lambda namespace: namespace == "default")
    door.follow("12:00:10")
    door.gate.open()

    assert door.let == []
    assert door.gate.why(UID, FIRST) == "the namespace is on hold"


def test_what_was_admitted_and_not_sent_gives_its_slot_back() -> None:
    """Else the launch rate would shrink with each of them: the next one has it at the next turn."""
    door = Doorway(Limits(launches=1), outcome=Sent.NOT)
    door.follow("12:00:10", "12:00:20")
    door.gate.open()
    assert door.gate.seconds() == 0
    door.gate.open()

    assert door.let == [FIRST, SECOND]


def test_what_was_sent_has_its_slot_until_a_second_after_its_answer() -> None:
    """Nobody can tell when it comes."""
    door = Doorway(Limits(launches=1))
    door.follow("12:00:10", "12:00:20")
    door.gate.open()

    assert door.let == [FIRST]
    assert door.gate.seconds() is None
    door.gate.answered("default")
    assert 0 < (door.gate.seconds() or 0) <= 1


def test_who_waits_for_room_keeps_a_slot_of_its_namespace_alone() -> None:
    """Its namespace may be the one that is slow: others launch on, and it launches no more than it may."""
    door = Doorway(Limits(launches=2, launches_in_namespace=1), outcome=Sent.LATER)
    door.follow("12:00:10", "12:00:20")
    door.gate.open()
    door.gate.open()
    assert door.let == [FIRST]

    door.gate.sent("default")
    door.gate.answered("default")
    assert 0 < (door.gate.seconds() or 0) <= 1


def test_who_waited_for_room_and_is_not_sent_gives_its_slot_back() -> None:
    """Another of the namespace may have it at once."""
    door = Doorway(Limits(launches_in_namespace=1), outcome=Sent.LATER)
    door.follow("12:00:10", "12:00:20")
    door.gate.open()
    door.gate.given_up("default")
    door.gate.open()

    assert door.let == [FIRST, SECOND]


def test_a_repeat_takes_a_slot() -> None:
    """It reaches the server like any other."""
    door = Doorway(Limits(launches=1))
    door.gate.repeated("default")
    door.follow("12:00:10")
    door.gate.open()

    assert door.let == []


def test_priority_comes_from_the_spec() -> None:
    """Who is urgent goes first, though wanted later."""
    door = Doorway()
    door.follow("12:00:10")
    urgent = replace(a_task(priority=1).task, uid="urgent")
    state = a_task().since("12:00:00").with_flight("12:00:20", Attempt.WANTED)
    door.gate.follow(Record(urgent, 1, state.ledger, (), flights=state.flights))
    door.gate.open()

    assert door.let == [SECOND]
