"""Edits, suspension, specs and templates that are refused: the past is not fired, and what waited says why not."""

from dataclasses import replace

import pytest

from tests.scenario import a_task, at, launches, reasons, unit
from torchtask.core.account import NotLaunched
from torchtask.core.launch import Attempt, LookUp
from torchtask.core.model import Reason
from torchtask.core.spec import Spec


def test_a_suspended_task_launches_nothing_and_makes_nothing_up() -> None:
    """Suspended time is not made up for, nor counted (L9)."""
    suspended = a_task(suspend=True).since("12:00:00")
    resumed = suspended.edited().decided("12:10:05")

    assert suspended.decided("12:10:00").actions == ()
    assert suspended.decided("12:10:00").next_time is None
    assert launches(resumed) == []
    assert resumed.ledger.counts.due == 0
    assert resumed.next_time == at("12:10:10")


def test_an_edit_never_fires_the_past() -> None:
    """A schedule that named the last seconds does not run them when it is applied (L9)."""
    decision = a_task("0 0 0 1 1 *").since("12:00:00").edited("* * * * * *").decided("12:00:30")

    assert launches(decision) == []
    assert decision.ledger.accounted_time == at("12:00:30")
    assert decision.next_time == at("12:00:31")


def test_edits_that_went_unseen_are_followed_too() -> None:
    """Suspended and resumed while nobody looked: the hash is the same, the generation is not."""
    decision = a_task().since("12:00:00").edited(generation=3).decided("12:00:30")

    assert launches(decision) == []


def test_an_edit_that_does_not_touch_the_schedule_disturbs_nothing() -> None:
    """Another timeout is no other schedule."""
    decision = a_task().since("12:00:00").edited(timeoutSeconds=5).decided("12:00:10")

    assert launches(decision) == ["12:00:10"]
    assert decision.ledger.generation == 2


def test_an_edit_waits_for_the_answers_to_what_was_sent() -> None:
    """A launch without an answer is looked up, not repeated, once the spec it was for is no more (L7, L9)."""
    state = a_task().since("12:00:05").with_flight("12:00:10", Attempt.SENT).edited("* * * * * *")
    decision = state.decided("12:00:12")

    assert decision.actions == (LookUp(unit("12:00:10")),)
    assert decision.ledger.digest != state.after(replace(decision, flights={})).decided("12:00:13").ledger.digest


@pytest.mark.parametrize(("suspend", "reason"), [(False, Reason.SPEC_CHANGED), (True, Reason.SUSPENDED)])
def test_a_refused_launch_does_not_outlive_its_spec(suspend: bool, reason: Reason) -> None:  # noqa: FBT001
    """What was not sent is skipped when the schedule changes, with the reason (L9)."""
    state = a_task().since("12:00:09").with_flight("12:00:10", Attempt.REFUSED)
    decision = state.edited("* * * * * *", suspend=suspend).decided("12:00:12")

    assert reasons(decision) == {reason: 1}


def test_a_broken_spec_fires_nothing_and_repaired_not_the_past() -> None:
    """An invalid edit stops the task; the repair starts it from then on."""
    working = a_task().since("12:00:00")
    broken = working.edited("nonsense")
    stopped = broken.decided("12:00:10")
    repaired = broken.after(stopped).edited(generation=3).decided("12:05:05")

    assert stopped.actions == ()
    assert stopped.next_time is None
    assert launches(repaired) == []
    assert repaired.next_time == at("12:05:10")


def test_fire_times_of_a_refused_template_are_skipped_with_the_reason() -> None:
    """A template that the API server refuses launches nothing, and each fire time says why (L9)."""
    state = a_task().since("12:00:00")
    state = replace(state, task=replace(state.task, template_error="spec.foo: unknown"))
    decision = state.decided("12:00:35")

    assert launches(decision) == []
    assert decision.ledger.not_launched == (NotLaunched("TemplateInvalid", 3, at("12:00:30"), "spec.foo: unknown"),)


def test_a_fire_time_that_waits_for_its_jitter_is_not_skipped_yet() -> None:
    """Nor counted as none that was."""
    state = a_task("0 * * * * *", jitterSeconds=60).since("12:00:30")
    state = replace(state, task=replace(state.task, template_error="spec.foo: unknown"))
    assert isinstance(state.task.spec, Spec)
    delay = state.task.spec.launch_time(at("12:01:00")) - at("12:01:00")

    assert delay.seconds > 0
    assert reasons(state.decided("12:01:00")) == {}
    assert reasons(state.decided(f"12:01:{delay.seconds:02}")) == {"TemplateInvalid": 1}
