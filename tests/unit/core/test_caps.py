"""The places for Jobs without a Pod: one namespace gets most of them, and never keeps another out (law L6)."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.waiting import WIDE, nobody, waiting, wanted
from torchtask.core.admission import Admission
from torchtask.core.caps import Limits, Usage

LIMITS = replace(Limits(*[10_000] * 5), without_pod=80)
MANY = 250  # more than any cap here


def backlog(admission: Admission, namespace: str, size: int = MANY, priority: int = 0) -> None:
    """Let a namespace want many launches."""
    for number in range(size):
        admission.want(wanted(f"{namespace}{number}", namespace, priority))


def launched(admission: Admission, without_pod: Counter[str]) -> Counter[str]:
    """Launch what may be, and count it by namespace."""
    return Counter(want.namespace for want in admission.admit(Usage({}, without_pod), nobody, 0.0))


@pytest.mark.parametrize(
    ("own", "others", "expected"),
    [
        pytest.param(0, 0, 60, id="three quarters for one alone"),
        pytest.param(30, 29, 1, id="three quarters for all together"),
        pytest.param(59, 2, 0, id="the last quarter not for who has many"),
        pytest.param(0, 60, 2, id="some of it for who has none"),
        pytest.param(0, 68, 2, id="a second one while less than a tenth"),
        pytest.param(0, 69, 1, id="a tenth is not less than a tenth"),
        pytest.param(1, 78, 0, id="the last place not for who has another"),
        pytest.param(0, 79, 1, id="the last place for who has none"),
        pytest.param(0, 80, 0, id="nothing beyond the cap"),
        pytest.param(0, 90, 0, id="nor when it was made smaller"),
    ],
)
def test_how_many_a_namespace_gets(own: int, others: int, expected: int) -> None:
    """Of 80 places, while `others` have no Pod elsewhere."""
    admission = waiting(LIMITS)
    backlog(admission, "a")

    assert launched(admission, Counter(a=own, elsewhere=others))["a"] == expected


def test_more_than_twenty_namespaces_without_pods_leave_room_for_another() -> None:
    """With the cap as shipped, each having launched all that it could before the next one came."""
    without_pod: Counter[str] = Counter()
    for number in range(24):
        admission = waiting(replace(WIDE, without_pod=Limits().without_pod))
        backlog(admission, f"stuck-{number}")
        without_pod += launched(admission, without_pod)

    assert [*without_pod.values()][:5] == [150, 5, 5, 4, 4]
    assert len(without_pod) == 24


@given(st.integers(1, 200))
def test_a_namespace_alone_gets_three_quarters(most: int) -> None:
    """However small the cap is, it gets one."""
    admission = waiting(replace(LIMITS, without_pod=most))
    backlog(admission, "a")

    assert launched(admission, Counter()).total() == max(1, most * 3 // 4)


@given(st.integers(2, 200), st.integers(0, 1), st.lists(st.integers(1, 20), min_size=1, max_size=5))
def test_a_namespace_whose_jobs_never_get_a_pod_stops_no_other(most: int, priority: int, others: list[int]) -> None:
    """The others launch something in each round, till they want no more; in between their Jobs get Pods."""
    admission = waiting(replace(LIMITS, without_pod=most))
    backlog(admission, "stuck", priority=priority)
    without_pod = launched(admission, Counter())
    for number, size in enumerate(others):
        backlog(admission, f"other-{number}", size)
    wanted_still = sum(others)
    while wanted_still:
        some = launched(admission, without_pod)
        without_pod["stuck"] += some.pop("stuck", 0)
        wanted_still -= some.total()

        assert some


@given(st.integers(1, 80), st.dictionaries(st.sampled_from("abcde"), st.integers(0, 30)))
def test_the_cap_is_kept_and_nobody_takes_the_last_place_who_has_another(most: int, taken: dict[str, int]) -> None:
    """Whatever was taken before, and by whom."""
    admission = waiting(replace(LIMITS, without_pod=most))
    for namespace in "abcde":
        backlog(admission, namespace)
    without_pod = Counter(taken)

    for want in admission.admit(Usage({}, taken), nobody, 0.0):
        left = most - without_pod.total()
        assert left > (1 if without_pod[want.namespace] else 0)
        without_pod[want.namespace] += 1
