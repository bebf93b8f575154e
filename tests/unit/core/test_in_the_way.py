"""Runs in the way of newer ones, runs beyond the history, and what the server's status must say before they go."""

from dataclasses import replace
from typing import Any

import pytest

from tests.scenario import Scenario, a_task, at, unit
from torchtask.core.account import Published, Slot
from torchtask.core.decide import Prune, Stop
from torchtask.core.history import expired
from torchtask.core.ledger import frees, launch_is_published, opened
from torchtask.core.model import Phase, Run
from torchtask.core.overlap import in_the_way
from torchtask.core.units import Instance, Manual, Unit


def active(*times: str, deleting: tuple[str, ...] = ()) -> tuple[Run, ...]:
    """Make runs that are active, some of them on their way out."""
    state = a_task()
    for time in times:
        state = state.with_run(f"12:00:{time}", deleting=time in deleting)
    return state.runs


@pytest.mark.parametrize(
    ("runs", "taken", "limit", "expected"),
    [
        (active("10"), 1, 1, ["10"]),
        (active("10"), 1, 2, []),
        (active("10"), 1, None, []),
        (active("20", "10", "30"), 3, 3, ["10", "20", "30"]),
        (active("20", "10", "30"), 3, 2, ["10", "20", "30"]),
        (active("10", "20", deleting=("10",)), 2, 2, []),
        (active("10", "20", "30", deleting=("20",)), 3, 2, ["10", "30"]),
        (active("10", "20", "30", deleting=("20",)), 3, 3, []),
        (active("10"), 2, 2, ["10"]),  # a launch that is not seen yet takes the other place
    ],
)
def test_the_oldest_run_is_in_the_way_first(
    runs: tuple[Run, ...], taken: int, limit: int | None, expected: list[str]
) -> None:
    """None is while one that is going will make room; one that is going already is never named."""
    assert [f"{r.fire_time:%S}" for r in in_the_way(runs, taken, limit)] == expected


def test_a_finished_run_is_in_nobodys_way() -> None:
    """It takes no room."""
    state = a_task().with_run("12:00:10", Phase.SUCCEEDED).with_run("12:00:20")

    going = state.with_run("12:00:05", Phase.FAILED, deleting=True)

    assert in_the_way(state.runs, 1, 1) == in_the_way(going.runs, 1, 1) == state.runs[1:]


def replacing(*times: str, deleting: tuple[str, ...] = (), **spec: Any) -> Scenario:
    """Begin with a task that replaces, of which these runs are active and written."""
    state = a_task(concurrencyPolicy="Replace", **spec).since("12:00:35").counted(launched=len(times))
    return replace(state, runs=active(*times, deleting=deleting)).written()


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (replacing("10", "20", maxInstances=2), ["10"]),
        (replacing("10", "20", "30", maxInstances=2), ["10"]),
        (replacing("10", "20", "30", deleting=("10",), maxInstances=2), ["20"]),
        (replacing("10", "20", deleting=("10",), maxInstances=2), []),
    ],
)
def test_replace_stops_one_run_at_a_time(state: Scenario, expected: list[str]) -> None:
    """The oldest, until there is room; also when `maxInstances` was lowered below what is active."""
    stops = [a.run for a in state.decided("12:00:40").actions if isinstance(a, Stop)]

    assert [f"{r.fire_time:%S}" for r in stops] == expected


PUBLISHED = Published(at("12:00:10"), frozenset({at("12:00:05")}), frozenset(), (Slot(0, attempt=3),))


@pytest.mark.parametrize(
    ("of", "held", "expected"),
    [
        (unit("12:00:10"), PUBLISHED, True),
        (unit("12:00:10", "a"), PUBLISHED, True),
        (unit("12:00:11"), PUBLISHED, False),
        (unit("12:00:05"), PUBLISHED, False),
        (unit("12:00:04"), PUBLISHED, True),
        (unit("12:00:10"), None, False),
        (Manual("0" * 9), PUBLISHED, True),
        (Manual("0" * 9), None, False),
        (Instance(0, 3), PUBLISHED, True),
        (Instance(0, 4), PUBLISHED, False),
        (Instance(0, 4), replace(PUBLISHED, slots=()), False),
    ],
)
def test_a_launch_is_published_when_the_servers_status_counts_it(
    of: Unit, held: Published | None, *, expected: bool
) -> None:
    """Accounted for, and not waiting: else a crash would forget that it ever ran (L5)."""
    ledger = replace(opened(a_task().task, "", at("12:00:00")), published=held)

    assert launch_is_published(ledger, of) == expected


@pytest.mark.parametrize(
    ("before", "held", "changes", "expected"),
    [
        (None, PUBLISHED, {}, True),
        (PUBLISHED, replace(PUBLISHED, accounted_time=at("12:00:20")), {}, False),
        (PUBLISHED, replace(PUBLISHED, counted_runs=frozenset({"1"})), {}, True),
        (PUBLISHED, replace(PUBLISHED, accounted_time=at("12:00:20")), {"queued": (at("12:00:30"),)}, True),
        (PUBLISHED, PUBLISHED, {"slots": (Slot(0, attempt=3),)}, True),
    ],
)
def test_a_written_status_frees_what_waited_for_it(
    before: Published | None, held: Published, changes: dict[str, Any], *, expected: bool
) -> None:
    """History that is counted, runs in the way of others, instances: for anything else nobody need look again."""
    ledger = replace(opened(a_task().task, "", at("12:00:00")), published=held, **changes)

    assert frees(ledger, before) == expected


def ended(time: str, phase: Phase = Phase.SUCCEEDED, **changes: Any) -> Run:
    """Make a run that ended."""
    return a_task().with_run(f"12:00:{time}", phase, **changes).runs[0]


@pytest.mark.parametrize(
    ("runs", "successful", "failed", "expected"),
    [
        ([ended("10"), ended("20"), ended("30")], 1, 3, ["20", "10"]),
        ([ended("10"), ended("20", deleting=True), ended("30")], 1, 3, ["10"]),
        ([ended("10", deleting=True), ended("20", deleting=True)], 0, 0, []),
        ([ended("10"), ended("20", Phase.FAILED), ended("30", Phase.FAILED)], 1, 1, ["20"]),
        ([ended("10", Phase.ACTIVE), ended("20")], 0, 0, ["20"]),
    ],
)
def test_history_keeps_the_newest_of_each_kind(
    runs: list[Run], successful: int, failed: int, expected: list[str]
) -> None:
    """A Job that is being deleted is not deleted twice, nor kept in place of another."""
    suffixes = {r.suffix for r in runs}

    assert [f"{r.fire_time:%S}" for r in expired(runs, suffixes, successful, failed)] == expected
    assert expired(runs, set(), successful, failed) == ()


def test_a_pruned_job_that_is_still_seen_is_not_asked_for_again() -> None:
    """Until the watch has shown that it goes it is; then never again."""
    state = a_task(successfulJobsHistoryLimit=0).since("12:00:35").counted(launched=1)
    state = state.with_run("12:00:10", Phase.SUCCEEDED).written()
    going = replace(state, runs=(replace(state.runs[0], deleting=True),))

    assert [type(a) for a in state.decided("12:00:36").actions] == [Prune]
    assert going.decided("12:00:36").actions == ()
