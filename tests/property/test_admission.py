"""Admission over random histories: it does what a naive one does, and the server never gets more POSTs than it may."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.property.naive_admission import Naive, Post
from torchtask.core.admission import Admission, Want
from torchtask.core.caps import Limits, Usage
from torchtask.core.rate import PATIENCE, Rate
from torchtask.core.units import Timed

pytestmark = pytest.mark.property
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
NAMESPACES, TASKS = ["a", "b", "c"], ["t1", "t2", "t3", "t4"]
SOME = st.integers(1, 4)
LIMITS = st.builds(
    Limits, SOME.map(lambda n: 2 * n), SOME, SOME.map(lambda n: 2 * n), SOME, st.sampled_from([1, 2, 3, 4, 8, 60])
)
TIMES = st.integers(0, 3).map(lambda second: NOON + timedelta(seconds=second))
ACTIVE = st.dictionaries(st.sampled_from(NAMESPACES), st.integers(0, 4))
WITHOUT_POD = st.dictionaries(st.sampled_from([*NAMESPACES, "elsewhere"]), st.sampled_from([0, 0, 1, 2, 4, 43]))
USAGES = st.builds(Usage, ACTIVE, WITHOUT_POD)
STEPS = st.integers(1, 12).map(lambda step: step / 8)  # exact as floats


@st.composite
def wants(draw: st.DrawFn) -> Want:
    """Draw a want; a task stays in its namespace, whatever else changes."""
    task, time = draw(st.sampled_from(TASKS)), draw(TIMES)
    namespace = NAMESPACES[TASKS.index(task) % len(NAMESPACES)]
    return Want(task, Timed(time), namespace, draw(st.integers(0, 1)), draw(TIMES))


class Histories(RuleBasedStateMachine):
    """Whatever happens, in whatever order: both admit the same, for the same reasons."""

    @initialize(limits=LIMITS)
    def begin(self, limits: Limits) -> None:
        """Start with nothing."""
        self.admission, self.naive = Admission(limits), Naive(limits)
        self.now = 0.0

    @rule(want=wants())
    def want(self, want: Want) -> None:
        """Let a launch wait, perhaps again, perhaps otherwise than before."""
        self.admission.want(want)
        self.naive.want(want)

    @rule(want=wants(), whole=st.booleans())
    def drop(self, want: Want, whole: bool) -> None:  # noqa: FBT001 -- drawn
        """Let a launch wait no longer, or all of a task."""
        self.admission.drop(want.task, None if whole else want.unit)
        self.naive.wants = [w for w in self.naive.wants if w.task != want.task or not (whole or w.unit == want.unit)]

    @rule(step=STEPS)
    def wait(self, step: float) -> None:
        """Let time pass."""
        self.now += step

    @precondition(lambda self: self.naive.unanswered())
    @rule(data=st.data(), again=st.booleans())
    def answer(self, data: st.DataObject, again: bool) -> None:  # noqa: FBT001 -- drawn
        """Let an answer come, or give a POST up and send it again."""
        post = data.draw(st.sampled_from(self.naive.unanswered()))
        self.naive.answer(post.namespace, self.now)
        self.admission.answered(post.namespace, self.now)
        if again:
            self.admission.repeated(post.namespace, self.now)
            self.naive.posts.append(Post(post.namespace, self.now))

    @rule(usage=USAGES, held=st.frozensets(st.sampled_from(NAMESPACES), max_size=1))
    def admit(self, usage: Usage, held: frozenset[str]) -> None:
        """Admit, explain what stays behind, and say when to ask again."""
        admitted = list(self.admission.admit(usage, held.__contains__, self.now))

        assert admitted == self.naive.admit(usage, held, self.now)
        assert all(self.admission.why(want.task, want.unit) is None for want in admitted)
        assert all(self.admission.why(want.task, want.unit) is not None for want in self.naive.wants)
        more = Counter(want.namespace for want in admitted)
        after = Usage(Counter(dict(usage.active)) + more, Counter(dict(usage.without_pod)) + more)
        self.agree_when(after, held)

    def agree_when(self, usage: Usage, held: frozenset[str]) -> None:
        """Whoever asks at the time that was named, and nobody before, is let in by the rate."""
        done = (post.answered if post.overdue is None else post.overdue for post in self.naive.posts)
        moments = sorted({moment + 1 for moment in done if moment is not None})
        expected = (
            moment
            for moment in moments
            if moment > self.now
            and any(self.naive.fits(want.namespace, usage, held, moment) for want in self.naive.wants)
        )
        assert self.admission.next_time(self.now) == next(expected, None)


TestHistories = Histories.TestCase


POSTS = st.tuples(STEPS, STEPS, st.floats(0, 1), st.sampled_from("aab"))


@given(st.integers(1, 5), st.integers(1, 3), st.lists(POSTS, min_size=5, max_size=40))
def test_the_server_never_receives_more_in_a_second_than_the_rate_allows(
    most: int, most_in_namespace: int, posts: list[tuple[float, float, float, str]]
) -> None:
    """Each POST is received between its being sent and its answer, in PATIENCE; no sliding second has too many."""
    rate, now = Rate(most, most_in_namespace), 0.0
    under_way: list[tuple[float, str]] = []
    received: list[tuple[float, str]] = []
    for gap, latency, share, namespace in posts:
        now += gap / 8
        under_way = _answer(rate, under_way, now)
        if not (rate.is_full() or rate.is_full_in(namespace)):
            rate.take(namespace, now)
            under_way.append((now + latency, namespace))
            received.append((now + share * min(latency, PATIENCE), namespace))

    assert received
    assert _most_in_a_second(time for time, _ in received) <= most
    assert all(_most_in_a_second(t for t, name in received if name == one) <= most_in_namespace for one in "ab")


def _most_in_a_second(times: Iterable[float]) -> int:
    moments = sorted(times)
    return max((sum(first <= moment < first + 1 for moment in moments) for first in moments), default=0)


def _answer(rate: Rate, under_way: list[tuple[float, str]], now: float) -> list[tuple[float, str]]:
    for time, namespace in sorted(under_way):
        if time <= now:
            rate.answered(namespace, time)
    rate.elapse(now)
    return [(time, namespace) for time, namespace in under_way if time > now]


@given(st.lists(st.integers(1, 30), min_size=2, max_size=6), st.lists(st.integers(1, 7), min_size=1, max_size=40))
def test_no_namespace_gets_two_more_than_another(backlogs: list[int], rooms: list[int]) -> None:
    """After every single launch, of all namespaces that still wait; however much room there is at a time."""
    admission = Admission(Limits(*[10_000] * 5))
    for name, backlog in enumerate(backlogs):
        for number in range(backlog):
            time = NOON + timedelta(seconds=number)
            admission.want(Want(f"{name}-{number}", Timed(time), str(name), 0, time))
    served: Counter[str] = Counter()
    for room in rooms:
        for want in admission.admit(Usage({"elsewhere": 10_000 - room}, {}), lambda _: False, 0.0):
            served[want.namespace] += 1
            waiting = [served[str(name)] for name, backlog in enumerate(backlogs) if served[str(name)] < backlog]
            assert max(waiting, default=0) - min(waiting, default=0) <= 1


@given(st.lists(wants(), max_size=30))
def test_with_room_for_all_no_priority_goes_before_a_higher_one(waiting: list[Want]) -> None:
    """And everybody goes; in one namespace the older goes before the younger of the same priority."""
    admission = Admission(Limits(*[10_000] * 5))
    for want in waiting:
        admission.want(want)

    admitted = list(admission.admit(Usage({}, {}), lambda _: False, 0.0))

    assert {(want.task, want.unit) for want in admitted} == {(want.task, want.unit) for want in waiting}
    assert all(first.priority >= second.priority for first, second in pairwise(admitted))
    for namespace in NAMESPACES:
        own = [(-want.priority, want.time) for want in admitted if want.namespace == namespace]
        assert own == sorted(own)
