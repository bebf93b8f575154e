"""What the fields about *when* make of a task: jitter, windows, `at`, zones, unions, and the conditions that follow."""

from dataclasses import replace
from typing import Any

import pytest

from tests.scenario import Scenario, a_task, at, document, launches, unit
from torchtask.core.conditions import Condition
from torchtask.core.decide import Decision
from torchtask.core.launch import Answer, Attempt, Reply, settle
from torchtask.core.model import Phase
from torchtask.core.spec import Spec
from torchtask.core.wire import tasks


def an_at(time: str, **spec: Any) -> Scenario:
    """Begin with a task that runs once."""
    fields = document(created="11:59:30", at=f"2026-06-01T{time}Z", **spec)
    return Scenario(tasks.task(fields, at("12:00:00")))


def judged(state: Scenario, decision: Decision) -> dict[str, Condition]:
    """Judge the task after a decision."""
    return {condition.type: condition for condition in state.judged(decision, "12:00:00")}


def test_jitter_delays_the_launch_and_nothing_else() -> None:
    """The fire time stays the run's identity; it is launched at its launch time, and neither missed nor late before."""
    state = a_task("0 * * * * *", jitterSeconds=50).since("12:00:30")
    spec = state.task.spec
    assert isinstance(spec, Spec)
    launch_time = spec.launch_time(at("12:01:00"))
    assert launch_time > at("12:01:05")

    waiting = state.decided("12:01:05")
    assert launches(waiting) == []
    assert waiting.next_time == at("12:01:00")
    assert waiting.wake_time == launch_time

    decision = state.after(waiting).decided(f"{launch_time:%H:%M:%S}")
    assert launches(decision) == ["12:01:00"]
    assert decision.next_time == at("12:02:00")


def test_jitter_does_not_make_a_fire_time_late() -> None:
    """Its age counts from its launch time (L3)."""
    state = a_task("0 * * * * *", jitterSeconds=50).since("12:00:30")
    spec = state.task.spec
    assert isinstance(spec, Spec)
    launch_time = spec.launch_time(at("12:01:00"))

    decision = state.decided(f"{launch_time:%H:%M:%S}.9")

    assert launches(decision) == ["12:01:00"]
    assert decision.ledger.last_outage is None


def test_an_edit_drops_what_waited_for_its_jitter() -> None:
    """An edit never fires the past, jittered or not (L9)."""
    state = a_task("0 * * * * *", jitterSeconds=50).since("12:00:30")
    edited = state.edited("30 * * * * *", jitterSeconds=50)

    decision = edited.decided("12:01:01")

    assert launches(decision) == []
    assert decision.next_time == at("12:01:30")


def test_at_runs_once() -> None:
    """One fire time, and nothing after it."""
    state = an_at("12:00:10").since("11:59:30")

    decision = state.decided("12:00:10")

    assert launches(decision) == ["12:00:10"]
    assert decision.next_time is None
    assert not decision.over


def test_at_that_ran_well_is_complete() -> None:
    """`kubectl wait --for=condition=Complete` comes back."""
    state = an_at("12:00:10").since("11:59:30").with_run("12:00:10", Phase.SUCCEEDED)
    end = judged(state, state.decided("12:00:12"))

    assert end["Complete"].status
    assert "Failed" not in end
    assert (end["Ready"].status, end["Ready"].reason) == (True, "Complete")


def test_at_that_failed_is_failed() -> None:
    """`kubectl wait --for=condition=Failed` comes back, and says why."""
    state = an_at("12:00:10").since("11:59:30").with_run("12:00:10", Phase.FAILED, reason="DeadlineExceeded")
    end = judged(state, state.decided("12:00:12"))

    assert (end["Failed"].status, end["Failed"].reason) == (True, "DeadlineExceeded")
    assert "Complete" not in end


def test_at_in_the_past_is_failed_and_never_run() -> None:
    """Applying an old file is safe, and says so (L2)."""
    state = an_at("11:00:00")
    decision = state.decided("12:00:00")

    assert launches(decision) == []
    assert judged(state, decision)["Failed"].reason == "InThePast"


def test_an_active_run_keeps_a_task_from_being_over() -> None:
    """Complete means that nothing of it runs any more."""
    state = an_at("12:00:10").since("11:59:30").with_run("12:00:10")

    assert set(judged(state, state.decided("12:00:12"))) == {"Ready", "Suspended"}


def test_a_window_opens_and_closes() -> None:
    """Nothing is fired before notBefore or after notAfter; both are inside; then the task is Complete."""
    window = {"notBefore": "2026-06-01T12:00:10Z", "notAfter": "2026-06-01T12:00:30Z"}
    state = a_task(created="11:59:55", **window).since("12:00:00")

    assert state.decided("12:00:05").next_time == at("12:00:10")
    assert launches(state.decided("12:00:10")) == ["12:00:10"]
    closing = replace(state.decided("12:00:30"), flights={})
    over = state.after(closing).with_run("12:00:30", Phase.SUCCEEDED).decided("12:00:40")
    assert over.next_time is None
    assert judged(state, over)["Complete"].reason == "WindowClosed"


def test_a_suspended_task_is_not_over() -> None:
    """Suspended is not ended."""
    state = a_task(suspend=True).since("12:00:00")

    assert set(judged(state, state.decided("12:00:01"))) == {"Ready", "Suspended"}


def test_several_schedules_are_one_union() -> None:
    """However many match a second, it is one fire time."""
    state = a_task("*/10 * * * * *", additionalSchedules=["*/15 * * * * *", "@every 30s"]).since("12:00:05")
    decision = state.decided("12:00:30")

    assert launches(decision) == ["12:00:30"]
    assert decision.ledger.last_outage is not None
    assert decision.ledger.last_outage.missed == 3


def test_the_next_time_is_told_in_the_tasks_zone() -> None:
    """People read NEXT; it names the offset that the zone has then."""
    state = a_task("0 0 2 * * *", timeZone="Europe/Berlin").since("12:00:00")
    decision = state.decided("12:00:01")

    status = state.status(decision)

    assert status["nextScheduleTime"] == "2026-06-02T02:00:00+02:00"


def test_what_is_probably_not_meant_is_noted_and_runs() -> None:
    """A warning rejects nothing: it stands in the Ready condition."""
    state = a_task("*/45 * * * * *").since("12:00:00")
    ready = judged(state, state.decided("12:00:01"))["Ready"]

    assert ready.status
    assert "note: spec.schedule: " in ready.message


def test_fields_at_their_defaults_are_no_edit() -> None:
    """The API server fills defaults in; that must not look like another schedule."""
    plain, filled = (
        a_task().task.spec,
        a_task(timeZone="UTC", dayMatch="Or", daylightSaving={"gap": "RunAfter"}).task.spec,
    )

    assert isinstance(plain, Spec)
    assert isinstance(filled, Spec)
    assert plain.digest == filled.digest


def test_every_field_about_when_is_in_the_digest() -> None:
    """A change of any of them starts a new account (L9); jitter does not: it moves no fire time."""
    changes: list[dict[str, Any]] = [
        {"timeZone": "Europe/Berlin"},
        {"dayMatch": "And"},
        {"daylightSaving": {"gap": "Skip"}},
        {"daylightSaving": {"fold": "Twice"}},
        {"notBefore": "2026-06-01T12:00:00Z"},
        {"notAfter": "2027-06-01T12:00:00Z"},
        {"additionalSchedules": ["0 0 * * *"]},
        {"suspend": True},
    ]
    specs = [a_task(**change).task.spec for change in ({}, *changes)]
    digests = {spec.digest for spec in specs if isinstance(spec, Spec)}

    assert len(digests) == len(specs)
    jittered = a_task(jitterSeconds=5).task.spec
    assert isinstance(jittered, Spec)
    assert jittered.digest in digests


def test_at_is_judged_by_its_own_run() -> None:
    """Edited to a later moment, it is that moment's run that counts, and not an earlier one's success."""
    state = an_at("12:00:10").since("12:00:05").counted(succeeded=1, launched=1)
    state = state.with_run("12:00:10", Phase.FAILED, reason="Error")

    assert judged(state, state.decided("12:00:12"))["Failed"].reason == "Error"


def test_at_that_nobody_saw_in_time_is_still_run() -> None:
    """A task applied while the operator was away, and never looked at, runs when it is back (L10)."""
    assert launches(an_at("12:00:10").decided("12:30:00")) == ["12:00:10"]


def test_the_job_of_at_lives_as_long_as_its_task() -> None:
    """It is the only evidence that the task ran (L11)."""
    state = an_at("12:00:10", successfulJobsHistoryLimit=0).since("12:00:15").counted(launched=1)
    state = state.with_run("12:00:10", Phase.SUCCEEDED).written()

    assert state.decided("12:05:00").actions == ()


def test_a_launch_lost_to_a_suspension_says_so() -> None:
    """Looked up after the task was suspended, and not there: skipped `Suspended` (L9)."""
    state = a_task().since("12:00:05").with_flight("12:00:10", Attempt.SENT).edited(suspend=True)
    flight = state.decided("12:00:12").flights[unit("12:00:10")]

    outcome = settle(flight, Reply(Answer.ABSENT), at("12:00:12"))[1]
    assert outcome is not None
    assert outcome.reason == "Suspended"


def test_an_outage_tells_what_was_really_started() -> None:
    """What catch-up chose and found no room for was not started."""
    full = a_task().since("12:00:05").with_run("12:00:00").decided("12:01:07").ledger.last_outage
    free = a_task().since("12:00:05").decided("12:01:07").ledger.last_outage

    assert full is not None
    assert free is not None
    assert (full.started, free.started) == (0, 1)


@pytest.mark.parametrize(
    ("led_until", "begun"),
    [(None, "12:00:05"), ("12:00:01", "12:00:05"), ("12:00:31", "12:00:31"), ("12:30:00", "12:01:07")],
)
def test_an_outage_begins_when_nobody_led_any_more(led_until: str | None, begun: str) -> None:
    """What was decided may be younger than what was written; a Lease from the future says nothing (L3)."""
    state = replace(a_task().since("12:00:05"), led_until=at(led_until) if led_until else None)
    outage = state.decided("12:01:07").ledger.last_outage

    assert outage is not None
    assert outage.start_time == at(begun)
