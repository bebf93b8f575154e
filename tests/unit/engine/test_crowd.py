"""Which tasks of a namespace are too many: the youngest, in whatever order they were seen."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scenario import at
from torchtask.engine.crowd import Crowd

NOON = at("12:00:00")
STEPS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9)), max_size=40)


@pytest.mark.property
@given(STEPS, st.integers(1, 4))
def test_the_oldest_have_a_place_and_whose_lot_changes_is_told(steps: list[tuple[str, int]], most: int) -> None:
    """Each step adds a task, or drops it; nobody who is not told of has come to another lot."""
    crowd, present, told = Crowd(most), set[tuple[str, int]](), dict[tuple[str, int], bool]()

    for namespace, number in steps:
        key = (namespace, number)
        place = (namespace, NOON + timedelta(seconds=number // 2), str(number))
        step = crowd.drop if key in present else crowd.add
        changed = [(namespace, int(uid)) for uid in step(*place)]
        present ^= {key}
        told.pop(key, None)
        for other in {*changed, key} & present:
            told[other] = crowd.has_place(other[0], NOON + timedelta(seconds=other[1] // 2), str(other[1]))
        for name in "ab":
            oldest = sorted(n for space, n in present if space == name)[:most]
            assert {n for space, n in present if space == name and told[space, n]} == set(oldest)


def test_who_is_not_there_leaves_no_place() -> None:
    """A deletion may be told twice."""
    crowd = Crowd(1)
    assert list(crowd.add("a", NOON, "one")) == []
    assert list(crowd.add("a", NOON, "two")) == []

    assert list(crowd.drop("a", NOON, "three")) == []
    assert not crowd.has_place("a", NOON, "two")
    assert list(crowd.drop("a", NOON, "one")) == ["two"]
    assert list(crowd.drop("a", NOON, "one")) == []
