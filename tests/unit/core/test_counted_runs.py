"""Runs in the account: counted once, kept as history, pruned when the server holds their end."""

from dataclasses import replace

import pytest

from tests.scenario import a_task, at, unit
from torchtask.core.decide import Prune
from torchtask.core.launch import Attempt
from torchtask.core.model import Phase


def test_a_launch_that_was_answered_is_not_counted_again_when_its_job_is_seen() -> None:
    """The Job watch shows it later (L4)."""
    state = a_task().since("12:00:15").counted(launched=1).with_flight("12:00:10", Attempt.ACCEPTED)
    decision = state.with_run("12:00:10").decided("12:00:16")

    assert (decision.ledger.counts.launched, decision.ledger.counts.stopped) == (1, 0)
    assert decision.flights == {}


def test_a_finished_run_is_counted_once() -> None:
    """Seen twice, counted once (L11)."""
    state = a_task().since("12:00:15").counted(launched=1).with_run("12:00:10", Phase.FAILED, reason="DeadlineExceeded")
    once = state.decided("12:00:16")
    twice = state.after(once).decided("12:00:17")

    assert once.ledger.counts.failed == 1
    assert once.ledger.consecutive_failures == 1
    assert once.ledger.last_run is not None
    assert once.ledger.last_run.reason == "DeadlineExceeded"
    assert twice.ledger.counts == once.ledger.counts


def test_a_success_ends_the_row_of_failures() -> None:
    """`consecutiveFailures` counts those since the last success."""
    state = a_task().since("12:00:25").counted(launched=2)
    state = state.with_run("12:00:10", Phase.FAILED).with_run("12:00:20", Phase.SUCCEEDED)

    ledger = state.decided("12:00:26").ledger

    assert ledger.consecutive_failures == 0
    assert ledger.last_successful_time == at("12:00:20")


def test_a_run_is_pruned_only_once_the_server_holds_its_end() -> None:
    """What was not written could be forgotten in a crash, and counted as stopped (L11)."""
    state = a_task(successfulJobsHistoryLimit=0).since("12:00:15").counted(launched=1)
    state = state.with_run("12:00:10", Phase.SUCCEEDED)
    decision = state.decided("12:00:16")
    assert not [a for a in decision.actions if isinstance(a, Prune)]

    again = state.after(decision).written().decided("12:00:17")
    assert again.actions == (Prune(state.runs[0]),)


@pytest.mark.parametrize(
    ("taken_over", "repeated", "expected"),
    [("11:00:00", False, True), ("11:59:30", False, False), ("11:00:00", True, False)],
)
def test_a_job_stands_while_a_copy_of_its_launch_may_land(
    taken_over: str,
    repeated: bool,  # noqa: FBT001
    expected: bool,  # noqa: FBT001
) -> None:
    """A request sent twice, or by the operator before us, may come late: it must find the name taken (L11)."""
    state = a_task(successfulJobsHistoryLimit=0).since("12:00:15").counted(launched=1)
    state = state.with_run("12:00:10", Phase.SUCCEEDED)
    assert state.ledger is not None
    ledger = replace(state.ledger, repeated=frozenset({unit("12:00:10")} if repeated else ()))
    state = replace(state, taken_over=at(taken_over), ledger=ledger).written()

    early, late = state.decided("12:00:16"), state.decided("12:01:10")

    assert (Prune(state.runs[0]) in early.actions) == expected
    assert Prune(state.runs[0]) in late.actions


@pytest.mark.parametrize(("limit", "left"), [(0, 0), (1, 1), (3, 3), (10, 4)])
def test_history_keeps_the_newest(limit: int, left: int) -> None:
    """Successful runs beyond the limit go, oldest first; failed ones have a limit of their own."""
    state = a_task(successfulJobsHistoryLimit=limit).since("12:01:05").counted(launched=5)
    state = state.with_run("12:00:10", Phase.FAILED)
    for second in ("12:00:20", "12:00:30", "12:00:40", "12:00:50"):
        state = state.with_run(second, Phase.SUCCEEDED)
    state = state.written()

    pruned = [a.run for a in state.decided("12:01:06").actions if isinstance(a, Prune)]

    assert set(state.runs[1:]) - set(pruned) == set(state.runs[5 - left :])


def test_a_job_deleted_by_hand_is_stopped() -> None:
    """Launched, and no end was seen: `stopped` makes the sum whole (L12)."""
    decision = a_task().since("12:00:15").counted(launched=1).decided("12:00:16")

    assert decision.ledger.counts.stopped == 1


def test_stopped_never_falls() -> None:
    """A Job that turns up after its fire time was given up is added to launched (L12)."""
    state = a_task().since("12:00:15").counted(missed=1).with_run("12:00:10")
    counts = state.decided("12:00:16").ledger.counts

    assert (counts.launched, counts.stopped, counts.due) == (1, 0, 2)
