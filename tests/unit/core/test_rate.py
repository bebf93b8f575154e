"""The launch rate, as admission keeps it: when a slot is free again, what a repeat does, when to ask again."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.waiting import NOTHING, WIDE, nobody, only, tasks, waiting, wanted
from torchtask.core.admission import Admission
from torchtask.core.caps import Limits, Usage


def test_a_slot_is_free_a_second_after_its_answer() -> None:
    """The server received the POST before it answered; counted from there, no second sees more than the limit."""
    admission = waiting(replace(WIDE, launches=1), wanted("x"), wanted("y"))
    assert tasks(admission.admit(NOTHING, nobody, 10.0)) == "x"
    assert tasks(admission.admit(NOTHING, nobody, 10.9)) == ""

    admission.answered("a", 10.95)

    assert tasks(admission.admit(NOTHING, nobody, 11.9)) == ""
    assert tasks(admission.admit(NOTHING, nobody, 11.95)) == "y"


def test_a_namespace_whose_answers_take_long_keeps_back_no_other() -> None:
    """Its webhook may take ten seconds for each: what has had no answer for a second was received long ago."""
    limits = replace(WIDE, launches=2)
    admission = waiting(limits, wanted("slow"), wanted("slower"), wanted("x", "b"), wanted("y", "b", second=1))
    assert tasks(admission.admit(NOTHING, nobody, 0.0)) == "slow x"
    admission.answered("b", 0.1)
    assert tasks(admission.admit(NOTHING, only("a"), 1.1)) == "y"

    admission.answered("b", 1.2)
    assert tasks(admission.admit(NOTHING, nobody, 2.1)) == "slower"

    admission.answered("a", 2.2)
    admission.answered("a", 2.3)
    with pytest.raises(ValueError, match="no POST"):
        admission.answered("a", 2.4)


@pytest.mark.parametrize("limits", [replace(WIDE, launches=2), replace(WIDE, launches_in_namespace=2)])
def test_a_repeat_is_not_delayed_but_those_after_it_are(limits: Limits) -> None:
    """It takes a slot, though none is free: that the server may get one too many is not made worse."""
    admission = waiting(limits, *(wanted(f"x{n}") for n in range(5)))
    assert tasks(admission.admit(NOTHING, nobody, 0.0)) == "x0 x1"
    admission.answered("a", 1.0)  # given up, and sent once more
    admission.repeated("a", 1.0)
    admission.answered("a", 1.5)

    assert tasks(admission.admit(NOTHING, nobody, 2.0)) == ""
    assert tasks(admission.admit(NOTHING, nobody, 2.5)) == "x2"


@pytest.mark.parametrize("namespace", ["a", "b"])
def test_an_answer_to_nothing_is_a_fault(namespace: str) -> None:
    """It would free a slot that somebody else has."""
    admission = waiting(WIDE, wanted("x"), wanted("y", "c"))
    list(admission.admit(NOTHING, nobody, 0.0))
    admission.answered("a", 1.0)

    with pytest.raises(ValueError, match=f"no POST of namespace '{namespace}' is without an answer"):
        admission.answered(namespace, 1.5)


def answered_at(*times: float, limits: Limits) -> Admission:
    """Admit as many launches as there are times, answer them then, and let two more wait: in `a` and `b`."""
    admission = waiting(limits, *(wanted(f"x{n}") for n in range(len(times))))
    assert len(list(admission.admit(NOTHING, nobody, 0.0))) == len(times)
    for time in times:
        admission.answered("a", time)
    admission.want(wanted("y"))
    admission.want(wanted("z", "b"))
    return admission


FAST, FAST_IN_NAMESPACE = replace(WIDE, launches=2), replace(WIDE, launches_in_namespace=2)
FULL = replace(FAST, active=5)


@pytest.mark.parametrize(
    ("limits", "usage", "held", "now", "expected"),
    [
        pytest.param(FAST, NOTHING, nobody, 2.0, 2.5, id="the first slot that becomes free"),
        pytest.param(FAST_IN_NAMESPACE, NOTHING, nobody, 2.0, 2.5, id="the first of the namespace that waits"),
        pytest.param(FAST_IN_NAMESPACE, NOTHING, nobody, 9.0, None, id="nobody waits any more"),
        pytest.param(FAST, NOTHING, lambda _: True, 2.0, None, id="all are held"),
        pytest.param(FAST, NOTHING, only("a"), 2.0, 2.5, id="one is held"),
        pytest.param(FAST_IN_NAMESPACE, NOTHING, only("a"), 2.0, None, id="who waits for the rate is held"),
        pytest.param(replace(FAST, active=5), Usage({"c": 5}, {}), nobody, 2.0, None, id="the cluster is full"),
        pytest.param(replace(FAST, without_pod=5), Usage({}, {"c": 5}), nobody, 2.0, None, id="too many have no Pod"),
        pytest.param(
            replace(FAST, without_pod=8), Usage({}, {"a": 3, "b": 3}), nobody, 2.0, None, id="each has its share"
        ),
        pytest.param(
            replace(FAST, active_in_namespace=5), Usage({"a": 5, "b": 5}, {}), nobody, 2.0, None, id="each namespace is"
        ),
    ],
)
def test_when_to_ask_again(
    limits: Limits, usage: Usage, held: Callable[[str], bool], now: float, expected: float | None
) -> None:
    """The moment at which a slot of the rate becomes free, where that is what is waited for."""
    admission = answered_at(1.5, 1.75, limits=limits)
    list(admission.admit(usage, held, now))

    assert admission.next_time(now) == expected


def test_to_ask_at_once() -> None:
    """A slot is free already, and somebody came for it since the last time."""
    admission = answered_at(1.5, 1.75, limits=FAST)

    assert admission.next_time(2.0) == 2.5
    assert admission.next_time(3.0) == 3.0


def test_there_is_no_telling_when_an_answer_comes() -> None:
    """While no slot is about to become free, whoever brings an answer asks again."""
    admission = waiting(replace(WIDE, launches=1), wanted("x"), wanted("y"))
    list(admission.admit(NOTHING, nobody, 0.0))

    assert admission.next_time(0.0) is None
