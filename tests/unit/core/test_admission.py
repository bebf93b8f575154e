"""Admission: who may launch, in what order, and what keeps the others back (law L6)."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.waiting import NOON, NOTHING, WIDE, nobody, only, tasks, waiting, wanted
from torchtask.core import admission as module
from torchtask.core.admission import Want
from torchtask.core.caps import Limits, Usage
from torchtask.core.units import Manual


@pytest.mark.parametrize(
    ("wants", "order"),
    [
        ([wanted("late", second=2), wanted("early", second=1)], "early late"),
        ([wanted("low", second=1), wanted("high", priority=1, second=2)], "high low"),
        ([wanted("low", priority=-1), wanted("middle")], "middle low"),
        ([wanted("a1"), wanted("a2"), wanted("b1", "b"), wanted("b2", "b"), wanted("c1", "c")], "a1 b1 c1 a2 b2"),
        ([wanted("a1", second=1), wanted("a2", second=2), wanted("b1", "b", second=9)], "a1 b1 a2"),
        ([wanted("a1"), wanted("a2", priority=5), wanted("b1", "b"), wanted("b2", "b", 5)], "a2 b2 a1 b1"),
        ([wanted("a1", priority=5), wanted("a2"), wanted("b1", "b"), wanted("b2", "b")], "a1 b1 a2 b2"),
        ([wanted("first"), wanted("second"), wanted("third")], "first second third"),
    ],
)
def test_the_order(wants: list[Want], order: str) -> None:
    """Priority, then namespaces in turn, then the oldest, then who asked first."""
    assert tasks(waiting(WIDE, *wants).admit(NOTHING, nobody, 0)) == order


def test_turns_go_on_between_calls() -> None:
    """Who was served last is served last again, however few go at a time and in however many calls."""
    admission = waiting(WIDE, *(wanted(f"{name}{n}", name) for name in "abc" for n in range(2)))
    one_left = Usage({"elsewhere": WIDE.active - 1}, {})

    assert [tasks(admission.admit(one_left, nobody, 0)) for _ in range(6)] == ["a0", "b0", "c0", "a1", "b1", "c1"]


def test_a_launch_that_is_given_up_for_a_newer_one_keeps_its_namespaces_turn() -> None:
    """A task that goes from one fire time to the next, while others have more than they can launch, is served too."""
    admission = waiting(WIDE, *(wanted(f"{name}{n}", name) for name in "bcd" for n in range(9)))
    one_left = Usage({"elsewhere": WIDE.active - 1}, {})
    served = []
    for second in range(4):
        admission.drop("hasty")
        admission.want(wanted("hasty", "a", second=second))
        served += [want.namespace for want in admission.admit(one_left, nobody, second)]

    assert sorted(served) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("limits", "usage", "order"),
    [
        (replace(WIDE, active=10), Usage({"a": 3, "elsewhere": 5}, {}), "a1 b1"),
        (replace(WIDE, active=10), Usage({"a": 3, "elsewhere": 7}, {}), ""),
        (replace(WIDE, active=10), Usage({"a": 3, "elsewhere": 70}, {}), ""),
        (replace(WIDE, active_in_namespace=4), Usage({"a": 3, "b": 2}, {}), "a1 b1 b2"),
        (replace(WIDE, active_in_namespace=4), Usage({"a": 4, "b": 9}, {}), ""),
        (replace(WIDE, active_in_namespace=4), Usage({"a": 4}, {}), "b1 b2 b3"),
        (replace(WIDE, without_pod=10), Usage({}, {"c": 7}), "a1 b1"),
        (replace(WIDE, without_pod=10), Usage({}, {"c": 4}), "a1 b1 a2"),
        (replace(WIDE, without_pod=10), Usage({}, {"a": 7}), "b1"),
        (replace(WIDE, without_pod=10), Usage({}, {"c": 10}), ""),
        (replace(WIDE, launches=5), NOTHING, "a1 b1 a2 b2 a3"),
        (replace(WIDE, launches_in_namespace=2), NOTHING, "a1 b1 a2 b2"),
        (WIDE, NOTHING, "a1 b1 a2 b2 a3 b3"),
    ],
)
def test_the_limits(limits: Limits, usage: Usage, order: str) -> None:
    """No limit is passed, and a namespace at its own keeps back no other."""
    admission = waiting(limits, *(wanted(f"{name}{n}", name) for name in "ab" for n in (1, 2, 3)))

    assert tasks(admission.admit(usage, nobody, 0)) == order


def test_a_namespace_that_is_held_waits() -> None:
    """It launches nothing, not even by priority, and goes on when it is let go."""
    admission = waiting(WIDE, wanted("a1", priority=9), wanted("b1", "b"))

    assert tasks(admission.admit(NOTHING, only("a"), 0)) == "b1"
    assert tasks(admission.admit(NOTHING, nobody, 1)) == "a1"


def test_a_unit_waits_once() -> None:
    """What is wanted twice is admitted once; wanted otherwise, it is wanted as it was said last."""
    first, same, other = wanted("x"), wanted("x", priority=0), wanted("x", priority=5)
    admission = waiting(WIDE, first, wanted("y"), same)
    assert tasks(admission.admit(NOTHING, nobody, 0)) == "x y"

    admission = waiting(WIDE, wanted("y"), first, other)
    assert list(admission.admit(NOTHING, nobody, 0)) == [other, wanted("y")]


def test_what_is_no_longer_wanted_is_not_admitted() -> None:
    """One unit of a task, or all of them; what never waited is nothing to complain about."""
    manual = Want("x", Manual("f00"), "a", 0, NOON)
    admission = waiting(WIDE, wanted("x"), manual, wanted("x", second=1), wanted("y"))

    admission.drop("x", manual.unit)
    admission.drop("x", manual.unit)
    admission.drop("z")
    assert tasks(admission.admit(Usage({"a": 999}, {}), nobody, 0)) == "x"

    admission.drop("x")
    assert tasks(admission.admit(NOTHING, nobody, 0)) == "y"


def test_what_was_given_up_takes_no_room() -> None:
    """A namespace may wait for days, and give up one fire time for the next each second."""
    admission = waiting(WIDE, wanted("patient"))
    for second in range(1_000):
        admission.drop("hasty")
        admission.want(wanted("hasty", second=second))

    assert len(admission._queues["a"].heap) <= 4  # noqa: SLF001 -- a leak shows nowhere else


def test_namespaces_that_are_gone_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Namespaces come and go for years; those where something waits keep their turn."""
    monkeypatch.setattr(module, "REMEMBERED", 10)
    admission = waiting(WIDE, wanted("held", "held"))
    for number in range(100):
        admission.want(wanted("x", f"build-{number}", second=number))
        list(admission.admit(NOTHING, only("held"), number))
        admission.answered(f"build-{number}", number)

    assert len(admission._turns) <= 11  # noqa: SLF001 -- a leak shows nowhere else
    assert "held" in admission._turns  # noqa: SLF001
    list(admission.admit(NOTHING, only("held"), 1_000))
    assert not admission.rate._used  # noqa: SLF001
    assert not admission._places.keys() - {"held"}  # noqa: SLF001


LIMITS = Limits(active=9, active_in_namespace=8, launches=7, launches_in_namespace=6, without_pod=5)


@pytest.mark.parametrize(
    ("limits", "usage", "held", "words"),
    [
        (LIMITS, Usage({"a": 8}, {}), only("a"), "the namespace is on hold"),
        (LIMITS, Usage({"a": 8}, {"c": 5}), nobody, "the namespace has reached its limit of 8 active runs"),
        (LIMITS, Usage({"b": 9}, {"c": 5}), nobody, "the cluster has reached its limit of 9 active runs"),
        (LIMITS, Usage({}, {"c": 5}), nobody,
         "TooManyWaiting: the cluster has reached its limit of 5 Jobs without a Pod"),
        (replace(LIMITS, without_pod=8), Usage({}, {"a": 6}), nobody,
         "TooManyWaiting: the namespace has reached its share of the cluster's limit of 8 Jobs without a Pod"),
        (replace(LIMITS, without_pod=50, active=90, active_in_namespace=80), NOTHING, nobody,
         "the namespace has reached its limit of 6 launches a second"),
        (replace(LIMITS, without_pod=50, active=90, launches=4), NOTHING, nobody,
         "the cluster has reached its limit of 4 launches a second"),
    ],
)  # fmt: skip
def test_what_keeps_a_launch_back(limits: Limits, usage: Usage, held: Callable[[str], bool], words: str) -> None:
    """A user reads which limit it is, and what it is set to; no usage, which would change with every run."""
    admission = waiting(limits, *(wanted(f"x{n}", second=n) for n in range(8)))
    list(admission.admit(usage, held, 0.0))
    last = wanted("x7", second=7)

    assert admission.why(last.task, last.unit) == words


def test_what_is_not_kept_back_has_no_reason() -> None:
    """Neither what was admitted, nor what was never wanted, nor what nobody has asked about yet."""
    admission = waiting(WIDE, wanted("x"))
    assert admission.why("x", wanted("x").unit) is None

    list(admission.admit(NOTHING, nobody, 0.0))

    assert admission.why("x", wanted("x").unit) is None
    assert admission.why("y", wanted("y").unit) is None
