"""What is cleared away: runs that never start, a task that ran once, Jobs that are history."""

from dataclasses import replace
from typing import Any

import pytest

from tests.scenario import Scenario, a_task, at
from torchtask.core.clearing import Clearing, EndPending, Prune, Remove
from torchtask.core.decide import Decision
from torchtask.core.launch import Attempt
from torchtask.core.ledger import published
from torchtask.core.model import Phase
from torchtask.core.units import Instance, Manual, manual_key

BY_HAND = Manual(manual_key("x"))


def cleared(decision: Decision, kind: type[Clearing]) -> list[Clearing]:
    """Name what is cleared in one way."""
    return [a for a in decision.actions if isinstance(a, kind)]


def written(state: Scenario, decision: Decision) -> Scenario:
    """Go on from a decision whose status the API server holds."""
    return replace(state.after(decision), ledger=published(decision.ledger, decision.ledger))


# --- runs whose Pod does not start

PENDING: dict[str, tuple[dict[str, Any], tuple[str, str] | None]] = {
    "has no Pod": ({}, ("12:10:09.9", "12:10:10")),
    "has a Pod": ({"pod_seen": True}, ("12:10:09.9", "12:10:10")),
    "was let go later": ({"start_time": at("12:05:00")}, ("12:14:59.9", "12:15:00")),
    "has started": ({"started": True}, None),
    "is parked by who queues Jobs": ({"parked": True}, None),
    "is going": ({"deleting": True}, None),
    "is over": ({"phase": Phase.FAILED, "completion_time": at("12:00:20")}, None),
}


@pytest.mark.parametrize("case", PENDING)
def test_a_run_that_does_not_start_is_ended_in_time(case: str) -> None:
    """`pendingTimeoutSeconds` after it was created, or let go: 600 when unset."""
    fields, times = PENDING[case]
    state = a_task("0 0 0 1 1 *").since("12:00:10").with_run("12:00:10", **fields)
    early, late = times or ("12:10:10", "15:00:00")

    assert cleared(state.decided(early), EndPending) == []
    assert cleared(state.decided(late), EndPending) == ([EndPending(state.runs[0])] if times else [])
    assert not times or state.decided(early).wake_time == at(late)


def test_a_task_may_wait_for_another_time() -> None:
    """The field is heeded; and a run by hand is as stuck as any."""
    state = a_task("0 0 0 1 1 *", pendingTimeoutSeconds=30).since("12:00:00").with_run_of(BY_HAND, "12:00:10")

    assert cleared(state.decided("12:00:39"), EndPending) == []
    assert cleared(state.decided("12:00:40"), EndPending) == [EndPending(state.runs[0])]


def test_a_stuck_run_is_ended_without_a_status_and_under_a_hold() -> None:
    """Nothing is lost by it: its Job stays, and says why."""
    state = replace(a_task("0 0 0 1 1 *").with_run("11:00:00"), held="moving")

    assert cleared(state.decided("12:00:00"), EndPending) == [EndPending(state.runs[0])]


# --- a task that runs once, and goes


def once(time: str = "12:00:10", **spec: Any) -> Scenario:
    """Begin with a task that removes itself a minute after its end."""
    fields = {"at": f"2026-06-01T{time}Z", "ttlSecondsAfterFinished": 60, **spec}
    return a_task(created="11:59:30", **fields).since("12:00:00")


def ran(phase: Phase = Phase.SUCCEEDED, **spec: Any) -> Scenario:
    """Say that it ran, and ended at 12:00:30."""
    return once(**spec).with_run("12:00:10", phase, completion_time=at("12:00:30"))


@pytest.mark.parametrize("phase", [Phase.SUCCEEDED, Phase.FAILED])
def test_a_task_removes_itself_some_time_after_its_end(phase: Phase) -> None:
    """`ttlSecondsAfterFinished` after its last run ended, well or not."""
    state = ran(phase)
    state = written(state, state.decided("12:00:31"))
    early = state.decided("12:01:29")

    assert cleared(early, Remove) == []
    assert early.wake_time == at("12:01:30")
    assert cleared(state.decided("12:01:30"), Remove) == [Remove()]


STAYING: dict[str, Scenario] = {
    "it is set to stay": ran(ttlSecondsAfterFinished=None),
    "its failure is not explained": replace(ran(), runs=(replace(ran(Phase.FAILED).runs[0], unexplained=True),)),
    "a run by hand goes on": ran().with_run_of(BY_HAND, "12:00:20"),
    "another was asked for": replace(ran(), held="moving").asking(run_now="x"),
    "it still runs": once().with_run("12:00:10"),
    "its launch is under way": once().with_flight("12:00:10", Attempt.SENT, asking=True),
    "it is yet to come": once("23:00:00"),
    "it is not understood": ran().edited("nonsense"),
}


@pytest.mark.parametrize("case", STAYING)
def test_a_task_stays_while_something_of_it_is_open(case: str) -> None:
    """Whoever looks has to find how it went."""
    state = STAYING[case]
    decision = state.decided("13:00:00")

    assert cleared(decision, Remove) == []
    assert cleared(written(state, decision).decided("13:00:01"), Remove) == []


@pytest.mark.parametrize("state", [ran(), replace(once().since("12:00:20").written(), runs=ran().runs)])
def test_a_task_goes_only_when_its_status_tells_of_its_end(state: Scenario) -> None:
    """The patch that counts the run is the last one; nobody may have read it earlier."""
    decision = state.decided("13:00:00")

    assert cleared(decision, Remove) == []
    assert cleared(written(state, decision).decided("13:00:01"), Remove) == [Remove()]


def test_what_never_ran_goes_when_that_is_told() -> None:
    """Missed by its deadline: not before the status that says so is written."""
    state = once(startingDeadlineSeconds=20).written()
    missed = state.decided("12:00:31")
    told = written(state, missed)

    assert missed.over
    assert cleared(state.decided("12:05:00"), Remove) == []
    assert cleared(told.decided("12:01:29"), Remove) == []
    assert cleared(told.decided("12:01:30"), Remove) == [Remove()]


def test_a_run_by_hand_counts_as_an_end() -> None:
    """Its end is the last one."""
    state = ran().with_run_of(BY_HAND, "12:00:20", Phase.SUCCEEDED, completion_time=at("12:30:00"))
    state = written(state, state.decided("12:30:01"))

    assert cleared(state.decided("12:30:59"), Remove) == []
    assert cleared(state.decided("12:31:00"), Remove) == [Remove()]


# --- history


def test_what_ran_at_its_time_stays_as_long_as_its_task() -> None:
    """Its Job is how we know that it ran; a run by hand may go."""
    limits: dict[str, Any] = {
        "successfulJobsHistoryLimit": 0,
        "failedJobsHistoryLimit": 0,
        "ttlSecondsAfterFinished": None,
    }
    state = ran(**limits).with_run_of(BY_HAND, "12:00:20", Phase.FAILED)
    first = state.decided("12:00:31")
    decision = written(state, first).decided("12:00:32")

    assert cleared(first, Prune) == []
    assert cleared(decision, Prune) == [Prune(state.runs[1])]


def test_a_daemon_keeps_as_many_ended_instances_as_any_task() -> None:
    """The newest of each kind, and what runs."""
    state = a_task(daemon={}, failedJobsHistoryLimit=1).since("12:00:00")
    for attempt, second in ((1, "12:00:02"), (2, "12:00:04"), (3, "12:00:06")):
        state = state.with_run_of(Instance(0, attempt), second, Phase.FAILED)
    state = state.with_run_of(Instance(0, 4), "12:00:08", started=True)
    decision = written(state, state.decided("12:00:09")).decided("12:00:10")

    assert cleared(decision, Prune) == [Prune(run) for run in reversed(state.runs[:2])]
