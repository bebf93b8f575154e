"""Which fire times are due and which are missed, without any account: the arithmetic of law L3."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.scenario import a_task, at
from torchtask.core.due import Due, due, reach
from torchtask.core.spec import Spec


def spec(**fields: Any) -> Spec:
    """Read the spec of a task that fires every ten seconds."""
    read = a_task(**fields).task.spec
    assert isinstance(read, Spec)
    return read


def all_late(limit: int) -> dict[str, Any]:
    """Write that so many late ones are started."""
    return {"concurrencyPolicy": "Queue", "queueLimit": 100, "catchUp": "All", "catchUpLimit": limit}


def found(fields: dict[str, Any], after: str, now: str, *started: str) -> Due:
    """Sort the fire times between two moments."""
    return due(spec(**fields), at(after), at(now), {at(time) for time in started})


def times(*seconds: str) -> tuple[datetime, ...]:
    """Name fire times."""
    return tuple(at(second) for second in seconds)


@pytest.mark.parametrize(
    ("after", "now", "expected"),
    [
        ("12:00:00", "12:00:09.999999", ()),
        ("12:00:00", "12:00:10", ("12:00:10",)),
        ("12:00:09.999999", "12:00:10", ("12:00:10",)),
        ("12:00:10", "12:00:10", ()),
        ("12:00:10", "12:00:15", ()),
        ("12:00:00", "12:00:15", ("12:00:10",)),
    ],
)
def test_what_is_due_lies_after_the_account_and_not_after_now(after: str, now: str, expected: tuple[str, ...]) -> None:
    """Neither bound is off by a microsecond; five seconds old is due still."""
    assert found({"catchUp": "None"}, after, now) == Due(times(*expected))


@pytest.mark.parametrize(("after", "chosen"), [("12:00:10", 3), ("12:00:09.999999", 4), ("12:00:40", 0)])
def test_no_late_time_is_chosen_that_is_accounted_for(after: str, chosen: int) -> None:
    """However many `catchUpLimit` allows."""
    late = found(all_late(100), after, "12:00:47")

    assert len(late.late) == chosen
    assert late.missed is None
    assert all(time > at(after) for time in late.times)


def test_after_the_window_the_newest_is_the_last_one_in_it() -> None:
    """And what was missed is counted to the end of the window."""
    late = found({"notAfter": "2026-06-01T12:00:34Z"}, "12:00:00", "13:00:00")

    assert late.times == late.late == times("12:00:30")
    assert late.missed is not None
    assert (late.missed.count, late.missed.fire_time) == (2, at("12:00:20"))


@pytest.mark.parametrize(
    ("fields", "started", "chosen", "missed", "last"),
    [
        ({"catchUp": "None"}, [], [], 5, "12:00:50"),
        ({"catchUp": "None"}, ["12:00:50"], [], 4, "12:00:40"),
        ({"catchUp": "None"}, ["12:00:50", "12:00:40", "12:00:20"], [], 2, "12:00:30"),
        ({"catchUp": "Latest"}, [], ["12:00:50"], 4, "12:00:40"),
        ({"catchUp": "Latest"}, ["12:00:50"], ["12:00:50"], 4, "12:00:40"),
        ({"catchUp": "Latest"}, ["12:00:50", "12:00:40"], ["12:00:50"], 3, "12:00:30"),
        ({"catchUp": "Latest"}, ["12:00:10"], ["12:00:50"], 3, "12:00:40"),
        (all_late(2), ["12:00:50"], ["12:00:40", "12:00:50"], 3, "12:00:30"),
        (all_late(2), ["12:00:40", "12:00:30"], ["12:00:40", "12:00:50"], 2, "12:00:20"),
    ],
)
def test_what_has_a_job_ranks_with_the_rest_and_is_not_missed(
    fields: dict[str, Any], started: list[str], chosen: list[str], missed: int, last: str
) -> None:
    """Of 12:00:10 to 12:00:50: what is chosen, how many are missed, and which of these was the last."""
    late = found(fields, "12:00:00", "12:00:57", *started)

    assert late.late == times(*chosen)
    assert late.missed is not None
    assert (late.missed.count, late.missed.fire_time) == (missed, at(last))
    assert late.outage is not None
    assert (late.outage.missed, late.outage.started) == (missed, len(set(chosen) - set(started)))


def test_when_all_that_is_late_has_a_job_nothing_was_missed() -> None:
    """Then there was no outage to tell of."""
    late = found({"catchUp": "None"}, "12:00:30", "12:00:57", "12:00:40", "12:00:50")

    assert (late.missed, late.outage) == (None, None)


def _waits(jittered: Spec, fire_time: datetime) -> bool:
    return jittered.launch_time(fire_time) >= fire_time + timedelta(seconds=6)


def test_a_fire_times_age_counts_from_its_launch() -> None:
    """One that waits for its jitter is neither due nor late; five seconds after its launch it is due still."""
    jittered = spec(schedule="0 * * * * *", jitterSeconds=60, catchUp="None")
    fire_time = next(
        t for t in map(jittered.schedule.after, [at(f"12:{m:02}:30") for m in range(60)]) if t and _waits(jittered, t)
    )
    launch_time = jittered.launch_time(fire_time)
    before = fire_time - timedelta(seconds=1)
    moments = [launch_time + timedelta(seconds=s) for s in (-1, 0, 5, 6)]

    assert [due(jittered, before, now, ()).times for now in moments] == [(), (fire_time,), (fire_time,), ()]
    assert reach(jittered, moments[0]) < fire_time <= reach(jittered, moments[1])
    assert [due(jittered, before, now, ()).missed is None for now in moments] == [True, True, True, False]
