"""The laws of a `Schedule`, over generated texts, unions, every zone, and instants near and far from clock changes."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.property.schedule_strategies import accepted, moments, whens
from torchtask.core.schedule import Schedule, When, jitter, parse

pytestmark = pytest.mark.property
SECOND, MICROSECOND = timedelta(seconds=1), timedelta(microseconds=1)


@st.composite
def asked(draw: st.DrawFn, most: int = 3) -> tuple[Schedule, datetime]:
    """Draw a schedule and a moment to ask it about."""
    when = draw(whens(most))
    schedule = accepted(when)
    assume(schedule is not None)
    assert schedule is not None
    return schedule, draw(moments(when.time_zone))


@given(asked())
def test_after_is_later_and_rises(case: tuple[Schedule, datetime]) -> None:
    """Fire times are whole seconds in UTC, each later than the one before."""
    schedule, moment = case
    before = moment
    for fire_time in schedule.upcoming(moment, 20):
        assert fire_time > before
        assert fire_time.tzinfo is UTC
        assert fire_time.microsecond == 0
        assert schedule.after(before) == fire_time
        before = fire_time


@given(asked())
def test_latest_mirrors_after(case: tuple[Schedule, datetime]) -> None:
    """`latest` finds what `after` found, nothing lies between, and stepping back meets the same fire times."""
    schedule, moment = case
    fire_times = schedule.upcoming(moment, 10)
    for fire_time in fire_times:
        assert schedule.latest(fire_time) == fire_time
        assert schedule.latest(fire_time + timedelta(milliseconds=999)) == fire_time
    for fire_time, following in pairwise(fire_times):
        assert schedule.latest(following - SECOND) == fire_time
    before = schedule.latest(moment)
    if before is not None:
        assert before <= moment
        assert schedule.after(before - SECOND) == before
        assert schedule.after(before) == (fire_times[0] if fire_times else None)


@given(asked(), st.timedeltas(timedelta(0), timedelta(days=60)), st.floats(0, 1))
def test_counts_add_up(case: tuple[Schedule, datetime], length: timedelta, part: float) -> None:
    """`count(a, c) = count(a, b) + count(b, c)`, and a range that goes backward has none."""
    schedule, start = case
    middle, end = start + length * part, start + length
    assert schedule.count(start, end) == schedule.count(start, middle) + schedule.count(middle, end)
    assert schedule.count(end, start) == 0


@given(asked(), st.integers(1, 200))
def test_count_equals_stepping(case: tuple[Schedule, datetime], steps: int) -> None:
    """Counting up to the n-th fire time gives n, and just before it n - 1."""
    schedule, moment = case
    fire_times = schedule.upcoming(moment, steps)
    for number in {1, len(fire_times)} if fire_times else ():
        assert schedule.count(moment, fire_times[number - 1]) == number
        assert schedule.count(moment, fire_times[number - 1] - SECOND) == number - 1


@given(asked(most=7))
def test_a_union_is_the_set_of_its_parts(case: tuple[Schedule, datetime]) -> None:
    """A union fires when any of its texts does, once per second however many match."""
    schedule, moment = case
    parts = [parse(replace(schedule.when, schedule=text, additional_schedules=())) for _, text in schedule.when.texts()]
    expected = sorted({fire_time for part in parts for fire_time in part.upcoming(moment, 15)})[:15]

    assert schedule.upcoming(moment, 15) == tuple(expected)
    if expected:
        assert schedule.count(moment, expected[-1]) == len(expected)
        assert schedule.latest(expected[-1]) == expected[-1]


@given(asked(), st.randoms(use_true_random=False))
def test_order_of_the_texts_means_nothing(case: tuple[Schedule, datetime], chance: random.Random) -> None:
    """The same texts in another order are the same fire times."""
    schedule, moment = case
    texts = [text for _, text in schedule.when.texts()]
    chance.shuffle(texts)
    shuffled = parse(replace(schedule.when, schedule=texts[0], additional_schedules=tuple(texts[1:])))

    assert shuffled.upcoming(moment, 10) == schedule.upcoming(moment, 10)
    assert shuffled.count(moment, moment + timedelta(days=3)) == schedule.count(moment, moment + timedelta(days=3))


@given(asked(), st.timedeltas(timedelta(0), timedelta(days=40)), st.timedeltas(timedelta(0), timedelta(days=40)))
def test_a_window_cuts_and_changes_nothing_else(
    case: tuple[Schedule, datetime], wait: timedelta, length: timedelta
) -> None:
    """Within the window fire times are those without it; both ends belong to it; outside there are none."""
    schedule, moment = case
    not_before, not_after = moment + wait, moment + wait + length
    windowed = parse(replace(schedule.when, not_before=not_before, not_after=not_after))
    inside = [t for t in schedule.upcoming(not_before - MICROSECOND, 10) if t <= not_after]

    assert list(windowed.upcoming(moment - timedelta(days=1), 10)) == inside
    assert windowed.latest(not_before - SECOND) is None
    assert windowed.after(not_after) is None
    everything = windowed.count(moment - timedelta(days=1), not_after + timedelta(days=400))
    assert everything == schedule.count(not_before - MICROSECOND, not_after)


@given(asked(), st.integers(1, 3600), st.text(max_size=8))
def test_jitter_is_stable_and_ends_before_the_next_fire_time(
    case: tuple[Schedule, datetime], seconds: int, seed: str
) -> None:
    """A delay is whole seconds below the setting, the same each time, and never reaches the next fire time."""
    schedule, moment = case
    fire_times = schedule.upcoming(moment, 6)
    delays = [jitter(schedule, fire_time, seconds, seed) for fire_time in fire_times]

    assert delays == [jitter(schedule, fire_time, seconds, seed) for fire_time in fire_times]
    assert all(timedelta(0) <= delay < timedelta(seconds=seconds) for delay in delays)
    assert all(t + d < following for t, d, following in zip(fire_times, delays, fire_times[1:], strict=False))


@given(whens())
def test_telling_never_fails(when: When) -> None:
    """Whatever is accepted can be described, and its warnings told, in one line of text each."""
    schedule = accepted(when)
    assume(schedule is not None)
    assert schedule is not None
    for line in (schedule.describe(), *schedule.warnings(datetime(2026, 11, 21, tzinfo=UTC))):
        assert line
        assert "\n" not in line
