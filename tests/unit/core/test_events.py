"""Which events follow from what happened: each reason on its own table row, and none without a cause."""

from dataclasses import replace

import pytest

from tests.scenario import a_task, at
from torchtask.core.account import Counts, NotLaunched
from torchtask.core.changes import Changes
from torchtask.core.conditions import Condition
from torchtask.core.errors import SpecReason
from torchtask.core.events import (
    LONGEST_MESSAGE,
    Event,
    EventReason,
    of_answer,
    of_changes,
    of_conditions,
    of_deletion,
    of_ends,
)
from torchtask.core.launch import Answer
from torchtask.core.model import Phase, Reason
from torchtask.core.wire.events import Series, again, event

NAME = "report-0a1b2c3d-1780315210"
NOTHING = Changes(Counts(since=at("12:00:00")))
WISHED = {Reason.SPEC_CHANGED, Reason.SUSPENDED}


def changed(reason: str, count: int = 1, message: str = "") -> list[Event]:
    """Tell of fire times that did not become runs."""
    why = NotLaunched(reason, count, at("12:00:10"), message)
    return list(of_changes(replace(NOTHING, not_launched=(why,))))


@pytest.mark.parametrize("reason", Reason)
def test_every_fire_time_that_did_not_run_is_told_unless_a_user_wanted_it_so(reason: Reason) -> None:
    """A reason that is added brings its words."""
    assert len(changed(reason)) == (reason not in WISHED)


@pytest.mark.parametrize("reason", set(SpecReason) - {SpecReason.LIMIT_REACHED})
def test_what_a_condition_tells_is_not_told_at_each_fire_time(reason: SpecReason) -> None:
    """A task that is not ready says so once."""
    assert changed(reason) == []


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("MaxInstances", "JobAlreadyActive"),
        ("Deadline", "MissSchedule"),
        ("Downtime", "MissSchedule"),
        ("Refused", "MissSchedule"),
        ("Rejected", "FailedCreate"),
        ("QueueFull", "QueueFull"),
    ],
)
def test_cronjobs_words_stand_where_they_mean_the_same(reason: str, expected: str) -> None:
    """Who knows CronJob understands what happened."""
    assert [e.reason for e in changed(reason)] == [expected]


def test_an_event_says_how_many_and_in_whose_words() -> None:
    """The number is counted too, so that the series' sum is right."""
    assert changed("Rejected", message="spec.foo") == [
        Event(
            EventReason.FAILED_CREATE,
            "did not start the run of 2026-06-01T12:00:10Z: the API server will never take its Job: spec.foo",
        )
    ]
    assert changed("Downtime", 12) == [
        Event(
            EventReason.MISS_SCHEDULE,
            "did not start 12 runs, the last of them the run of 2026-06-01T12:00:10Z: "
            "the operator or the API server was away",
            12,
        )
    ]


def test_a_job_that_turned_up_late_is_told() -> None:
    """L12: its fire time stands among the missed ones, and it runs."""
    assert [(e.reason, e.count) for e in of_changes(replace(NOTHING, late=2))] == [("LateAccepted", 2)]
    assert list(of_changes(NOTHING)) == []


@pytest.mark.parametrize("answer", Answer)
def test_an_answer_to_a_launch_is_told_when_it_tells_something(answer: Answer) -> None:
    """Silence is the operator's trouble, not the task's; what is rejected is told when it is accounted for."""
    told = {Answer.CREATED: "SuccessfulCreate", Answer.REFUSED: "FailedCreate"}

    assert [e.reason for e in of_answer(NAME, answer, "quota")] == ([told[answer]] if answer in told else [])


def test_how_a_run_ended_is_told() -> None:
    """A failure with what the program said last."""
    state = a_task().with_run("12:00:10", Phase.SUCCEEDED)
    state = state.with_run("12:00:20", Phase.FAILED, reason="Error", exit_code=3, message="x" * 900 + "no disk")
    well, failed = of_ends(state.runs)

    assert well == Event(EventReason.SAW_COMPLETED_JOB, f"saw completed job: {NAME}, condition: Complete")
    assert failed.reason is EventReason.RUN_FAILED
    assert "failed: Error, exit code 3: …xxx" in failed.message
    assert failed.message.endswith("no disk")
    assert len(failed.message) < LONGEST_MESSAGE


def test_a_deletion_is_told_whether_or_not_it_succeeded() -> None:
    """Who misses a Job finds out where it went."""
    assert [of_deletion(NAME).reason, of_deletion(NAME, "forbidden").reason] == ["SuccessfulDelete", "FailedDelete"]


def condition(kind: str, reason: str, message: str = "words", *, status: bool = True) -> Condition:
    """Write a condition."""
    return Condition(kind, status, reason, message, at("12:00:00"))


def not_ready(reason: str, message: str = "words") -> Condition:
    """Write a condition that tells what is wrong with a spec."""
    return condition("Ready", reason, message, status=False)


READY = condition("Ready", "Scheduled")
OPEN, CLOSED = condition("CircuitOpen", "CircuitOpen"), condition("CircuitOpen", "Closed", status=False)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (None, READY, []),
        (None, not_ready("InvalidSchedule"), ["UnparseableSchedule"]),
        (READY, not_ready("UnknownTimeZone"), ["UnknownTimeZone"]),
        (READY, not_ready("InvalidSpec"), ["InvalidSpec"]),
        (READY, not_ready("TemplateInvalid"), ["TemplateInvalid"]),
        (READY, not_ready("LimitReached"), ["LimitReached"]),
        (not_ready("InvalidSchedule"), not_ready("InvalidSchedule"), []),
        (not_ready("InvalidSchedule", "25"), not_ready("InvalidSchedule", "26"), ["UnparseableSchedule"]),
        (not_ready("InvalidSchedule"), READY, []),
        (READY, condition("Ready", "Held"), ["Held"]),
        (condition("Ready", "Held"), condition("Ready", "Held"), []),
        (None, CLOSED, []),
        (CLOSED, OPEN, ["CircuitOpen"]),
        (OPEN, OPEN, []),
        (OPEN, CLOSED, ["CircuitClosed"]),
        (None, condition("LimitReached", "TooManyWaiting"), ["LimitReached"]),
        (None, condition("Late", "LaunchesLate"), ["LaunchesLate"]),
        (None, condition("Complete", "WindowClosed"), ["Completed"]),
        (None, condition("Failed", "InThePast"), ["Failed"]),
        (condition("Failed", "InThePast"), condition("Failed", "InThePast"), []),
        (None, condition("Suspended", "Suspended"), []),
    ],
)
def test_a_condition_is_told_when_it_becomes_another(
    before: Condition | None, after: Condition, told: list[str]
) -> None:
    """And not again by an operator that takes over: it reads the condition from the status."""
    assert [e.reason for e in of_conditions([before] if before else [], [after])] == told


def test_no_message_is_longer_than_kubectl_shows() -> None:
    """Whatever webhooks and programs say."""
    long = "x" * 5_000
    every = [*changed("Rejected", message=long), *of_answer(NAME, Answer.REFUSED, long), of_deletion(NAME, long)]
    every += of_conditions([], [condition("Failed", "Error", long)])

    assert {len(e.message) for e in every} == {LONGEST_MESSAGE}


def test_an_event_is_about_its_task_and_counts() -> None:
    """What `kubectl describe` looks for, and what it shows."""
    series = Series("team", "report", "uid", EventReason.RUN_FAILED, at("12:00:00"), at("12:05:00"), "failed", 7)
    written = event(series, "torchtask-0")

    assert written["involvedObject"] == {
        "apiVersion": "torchtask.dev/v1beta1",
        "kind": "TorchTask",
        "namespace": "team",
        "name": "report",
        "uid": "uid",
    }
    assert (written["type"], written["reason"], written["count"]) == ("Warning", "RunFailed", 7)
    assert (written["firstTimestamp"], written["lastTimestamp"]) == ("2026-06-01T12:00:00Z", "2026-06-01T12:05:00Z")
    assert written["reportingComponent"] == "torchtask.dev/operator"
    assert written["metadata"]["name"].startswith("report.")
    assert again(series).items() <= written.items()
    assert event(replace(series, reason=EventReason.SUCCESSFUL_CREATE), "")["type"] == "Normal"


def test_each_series_has_a_name_of_its_own() -> None:
    """And keeps it while it is counted on."""
    first = Series("team", "report", "uid", EventReason.RUN_FAILED, at("12:00:00"), at("12:05:00"))
    others = [
        replace(first, uid="other"),
        replace(first, reason=EventReason.HELD),
        replace(first, first=at("13:00:00")),
    ]

    assert len({first.name, *(s.name for s in others)}) == 4
    assert replace(first, count=7, last=at("14:00:00")).name == first.name
