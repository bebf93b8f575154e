"""A task that runs once, `at` a moment: what keeps it from running, and how its end is judged."""

from dataclasses import replace
from typing import Any

import pytest

from tests.scenario import Scenario, a_task, at, document, launches, unit
from torchtask.core.account import Ended, NotLaunched
from torchtask.core.decide import Decision
from torchtask.core.launch import Attempt
from torchtask.core.model import Phase
from torchtask.core.names import run_name
from torchtask.core.nodes import Node
from torchtask.core.units import Manual, Unit
from torchtask.core.wire import tasks

TEN = unit("12:00:10")


def counted(decision: Decision) -> dict[str, int]:
    """Count what was not launched, closed in the books or not yet."""
    found = {n.reason: n.count for n in decision.ledger.not_launched}
    return found | {str(o.reason): o.count for o in decision.ledger.pending if o.reason}


def once(moment: str = "12:00:10", **spec: Any) -> Scenario:
    """Begin with a task that runs once."""
    fields = document(at=f"2026-06-01T{moment}Z", **spec)
    return Scenario(tasks.task(fields, at("12:00:00"))).since("12:00:05")


@pytest.mark.parametrize("held", [None, "a move"])
@pytest.mark.parametrize("attempt", [Attempt.WANTED, Attempt.REFUSED])
def test_an_at_waits_as_long_as_it_takes(attempt: Attempt, held: str | None) -> None:
    """Through caps, quota and hold (L6)."""
    state = replace(once(), held=held)
    state = state.after(state.decided("12:00:10"))
    state = replace(state, flights={u: replace(f, attempt=attempt) for u, f in state.flights.items()})
    decision = state.decided("2026-06-03 12:00:10")

    assert (list(decision.flights), counted(decision), decision.over) == ([TEN], {}, False)


def test_an_at_has_its_deadline_all_the_same() -> None:
    """As long as it takes, and not longer than the user said."""
    state = once(startingDeadlineSeconds=60)
    state = state.after(state.decided("12:00:10"))
    decision = state.decided("12:01:11")

    assert counted(decision) == {"Deadline": 1}
    assert {c.type: c.reason for c in state.judged(decision, "12:01:11")}["Failed"] == "Deadline"


def test_an_at_that_passes_while_suspended_has_failed() -> None:
    """It is skipped, and says so while it is suspended and after (L9)."""
    state = once(suspend=True)
    passed = state.decided("12:00:10")
    resumed = replace(state.after(passed), task=replace(once().task, generation=2))
    later = resumed.decided("12:05:00")

    for found, decision in ((state, passed), (resumed, later)):
        assert (launches(decision), counted(decision), decision.over) == ([], {"Suspended": 1}, True)
        verdicts = {c.type: (c.status, c.reason) for c in found.judged(decision, "12:05:00")}
        assert verdicts["Failed"] == (True, "Suspended")
    assert later.ledger.counts.skipped == 1


def test_an_at_that_ran_is_not_skipped_by_a_suspension() -> None:
    """Its Job is there when its moment is reached: the clock went back, and it was suspended after it ran."""
    counts = once(suspend=True).with_run("12:00:10").decided("12:00:10").ledger.counts

    assert (counts.launched, counts.skipped) == (1, 0)


@pytest.mark.parametrize("moment", ["11:00:00", "10:59:59", "2020-01-01 00:00:00"])
def test_an_old_file_that_is_applied_again_is_in_the_past(moment: str) -> None:
    """Its `at` is not later than the task's creation, at 11:00:00: never run, and in no count (L2)."""
    day, _, time = moment.rpartition(" ")
    fields = document(at=f"{day or '2026-06-01'}T{time}Z")
    state = Scenario(tasks.task(fields, at("11:00:01")))
    decision = state.decided("11:00:01")

    assert (launches(decision), decision.ledger.counts.due, decision.over) == ([], 0, True)
    assert {c.type: c.reason for c in state.judged(decision, "11:00:01")}["Failed"] == "InThePast"


def test_an_edit_to_a_moment_of_the_past_is_not_run() -> None:
    """An edit never fires the past (L9)."""
    state = replace(a_task().since("12:05:00"), task=replace(once().task, generation=2))
    decision = state.decided("12:05:05")

    assert (launches(decision), decision.over) == ([], True)
    assert {c.type: c.reason for c in state.judged(decision, "12:05:05")}["Failed"] == "NotRun"


def end(state: Scenario, time: str = "12:05:00") -> tuple[str, str]:
    """Say how the task ended: the condition that stands, and its reason."""
    decision = state.decided(time)
    ((kind, reason),) = [
        (c.type, c.reason) for c in state.judged(decision, time) if c.type in {"Complete", "Failed"} and c.status
    ]
    return kind, reason


def remembering(state: Scenario, *ends: tuple[Unit, str, Phase]) -> Scenario:
    """Say that the account knows how these runs ended, whose Jobs are gone."""
    assert state.ledger is not None
    known = tuple(
        Ended(
            run_name(state.task.name, state.task.uid, of), at(time), phase, reason="Error" if phase == "Failed" else ""
        )
        for of, time, phase in ends
    )
    return replace(state, ledger=replace(state.ledger, recent_runs=known))


def passed(**spec: Any) -> Scenario:
    """Begin with a task whose moment has passed and is accounted for."""
    return once(**spec).since("12:01:00")


@pytest.mark.parametrize("time", ["12:00:10", "12:03:00"])
def test_a_manual_run_that_succeeds_does_not_make_it_complete(time: str) -> None:
    """Also one that was launched in the very second that `at` names."""
    manual = Manual("0" * 9)
    state = passed().with_run("12:00:10", Phase.FAILED, reason="Error").with_run_of(manual, time, Phase.SUCCEEDED)
    gone = remembering(passed(), (TEN, "12:00:10", Phase.FAILED), (manual, time, Phase.SUCCEEDED))

    assert end(state) == ("Failed", "Error")
    assert end(gone) == ("Failed", "Error")


@pytest.mark.parametrize("time", ["12:00:10", "12:03:00"])
def test_a_manual_run_that_fails_does_not_make_it_failed(time: str) -> None:
    """It is another matter."""
    manual = Manual("0" * 9)
    state = passed().with_run("12:00:10", Phase.SUCCEEDED).with_run_of(manual, time, Phase.FAILED, reason="Error")
    gone = remembering(passed(), (TEN, "12:00:10", Phase.SUCCEEDED), (manual, time, Phase.FAILED))

    assert end(state) == ("Complete", "Completed")
    assert end(gone) == ("Complete", "Completed")


def test_a_manual_run_of_one_that_never_ran_does_not_make_it_complete() -> None:
    """It was suspended when its moment came, and somebody ran it by hand then."""
    manual = Manual("0" * 9)
    suspended = once(suspend=True)
    state = suspended.after(suspended.decided("12:00:10")).with_run_of(manual, "12:00:10", Phase.SUCCEEDED)

    assert end(state) == ("Failed", "Suspended")


def test_many_manual_runs_later_it_is_complete_still() -> None:
    """The account forgets its run then, and its Job still tells."""
    state = passed().with_run("12:00:10", Phase.SUCCEEDED)
    for number in range(25):
        state = state.with_run_of(Manual(f"{number:09}"), "12:03:00", Phase.FAILED, reason="Error")

    assert end(state) == ("Complete", "Completed")


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        ((Phase.SUCCEEDED, Phase.SUCCEEDED), ("Complete", "Completed")),
        ((Phase.SUCCEEDED, Phase.FAILED), ("Failed", "Error")),
        ((Phase.FAILED, Phase.SUCCEEDED), ("Failed", "Error")),
    ],
)
def test_on_every_node_it_is_complete_when_no_run_failed(
    phases: tuple[Phase, Phase], expected: tuple[str, str]
) -> None:
    """One that failed is what a user wants to hear of."""
    state = replace(passed(runOn="EveryNode"), nodes=tuple(Node(n, {}, (), (), ready=True) for n in "ab"))
    for node, phase in zip("ab", phases, strict=True):
        state = state.with_run_of(unit("12:00:10", node), "12:00:10", phase, reason="Error")
    ends = [(unit("12:00:10", node), "12:00:10", phase) for node, phase in zip("ab", phases, strict=True)]

    assert end(state) == expected
    assert end(remembering(replace(state, runs=()), *ends)) == expected


def test_what_was_not_launched_before_an_edit_is_not_its_reason() -> None:
    """The task was a schedule once, and skipped fire times then."""
    state = passed().counted(launched=1)
    assert state.ledger is not None
    old = NotLaunched("MaxInstances", 3, at("11:59:00"))
    state = replace(state, ledger=replace(state.ledger, not_launched=(old,), last_schedule_time=at("12:00:10")))

    assert end(state) == ("Failed", "NotRun")
    message = {c.type: c.message for c in state.judged(state.decided("12:05:00"), "12:05:00")}["Failed"]
    assert message == "spec.at: 2026-06-01T12:00:10Z: its Job was deleted before it ended"


def test_the_account_knows_better_than_the_job_how_the_run_ended() -> None:
    """After a restart the Job alone tells no more than that it gave up."""
    state = remembering(passed(), (TEN, "12:00:10", Phase.FAILED))
    suffix = frozenset({str(int(TEN.fire_time.timestamp()))})
    assert state.ledger is not None
    state = replace(state, ledger=replace(state.ledger, counted_runs=suffix))

    assert end(state.with_run("12:00:10", Phase.FAILED, reason="BackoffLimitExceeded", unexplained=True)) == (
        "Failed",
        "Error",
    )
