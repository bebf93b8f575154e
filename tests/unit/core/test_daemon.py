"""Daemons, decision by decision: what is started, when again, when no more, and what is stopped."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.daemons import a_daemon, edited, ended, running, slot_states, started, stopped
from tests.scenario import Scenario, at
from torchtask.core.daemon import SlotState
from torchtask.core.launch import Attempt, InFlight
from torchtask.core.model import Phase
from torchtask.core.units import Instance


@pytest.mark.parametrize("copies", [1, 2, 100])
def test_as_many_instances_as_wanted_are_started_at_once(copies: int) -> None:
    """`maxInstances` copies, each in a slot of its own; deciding again asks for nothing."""
    state = a_daemon(copies=copies)
    decision = state.decided("12:00:01")

    assert started(decision) == [f"{slot}-1" for slot in range(copies)]
    assert state.after(decision).decided("12:00:02").actions == ()
    assert set(slot_states(state, decision, "12:00:01")) == {SlotState.STARTING}


def test_an_instance_that_ended_is_started_again_after_a_delay() -> None:
    """`restartDelaySeconds` after its end, however it ended; under the next number."""
    for phase in (Phase.SUCCEEDED, Phase.FAILED):
        state = ended(running(a_daemon(restartDelaySeconds=3), Instance(0, 1)), phase)
        early, due = state.decided("12:00:12.999"), state.decided("12:00:13")

        assert started(early) == []
        assert early.wake_time == at("12:00:13")
        assert started(due) == ["0-2"]


@pytest.mark.parametrize(
    ("before", "pause"), [(0, 1), (1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 60), (7, 60), (500, 60)]
)
def test_failed_starts_are_followed_by_longer_and_longer_pauses(before: int, pause: int) -> None:
    """1, 2, 4 … and at most 60 seconds, whatever `restartDelaySeconds` says."""
    state = running(a_daemon(startRetries=1000, restartDelaySeconds=30), Instance(0, 1))
    assert state.ledger is not None
    slots = tuple(replace(s, failed_starts=before) for s in state.ledger.slots)
    state = ended(state.with_account(slots=slots), ran=0.9)
    early = state.decided("12:00:10.5")

    assert started(early) == []
    assert early.wake_time == at("12:00:10") + timedelta(seconds=pause)
    assert slot_states(state, early, "12:00:10.5") == [SlotState.BACK_OFF]
    later = early.wake_time
    assert later is not None
    assert started(state.after(early).decided(f"{later:%H:%M:%S}")) == ["0-2"]


@pytest.mark.parametrize(("ran", "failed"), [(0, 1), (1.9, 1), (2, 0), (100, 0)])
def test_a_start_failed_if_it_ended_before_it_was_up(ran: float, failed: int) -> None:
    """`minReadySeconds` counts what its containers ran; one that came up ends the row of failed starts."""
    state = running(a_daemon(minReadySeconds=2, startRetries=9), Instance(0, 1))
    decision = ended(state, ran=ran).decided("12:00:11")

    assert [s.failed_starts for s in decision.ledger.slots] == [failed]
    states = [slot_states(state, state.decided(time), time)[0] for time in ("12:00:01.9", "12:00:02")]
    assert states == [SlotState.STARTING, SlotState.RUNNING]


def test_the_end_of_an_older_attempt_says_nothing() -> None:
    """It was a copy; its successor is up."""
    state = running(a_daemon(), Instance(0, 1), Instance(0, 2))
    state = replace(state, runs=(ended(state, ran=0).runs[0], state.runs[1]))
    ledger = state.decided("12:00:11").ledger

    assert (ledger.counts.failed, [s.failed_starts for s in ledger.slots]) == (1, [0])


@pytest.mark.parametrize(
    ("fields", "failed"),
    [
        ({"started": False, "start_time": at("12:00:00")}, 1),
        ({"started": True, "start_time": at("12:00:00")}, 0),
        ({"started": True, "start_time": None}, 1),
        ({"started": False, "disrupted": True}, 0),
    ],
)
def test_where_the_pods_are_gone_the_job_tells(fields: dict[str, Any], failed: int) -> None:
    """How long it ran counts then from the Job's start; what the cluster ended is no failed start."""
    state = running(a_daemon(minReadySeconds=5), Instance(0, 1))
    state = replace(ended(state), runs=(replace(ended(state).runs[0], **{"ran": None, **fields}),))

    assert [s.failed_starts for s in state.decided("12:00:11").ledger.slots] == [failed]


@pytest.mark.parametrize("held", [None, "moving"])
def test_an_instance_is_looked_at_when_it_is_up(held: str | None) -> None:
    """Also under a hold, which may be long: it would be shown as one that starts for as long."""
    state = replace(running(a_daemon(minReadySeconds=60), Instance(0, 1)), held=held)
    (start,) = (run.start_time for run in state.runs)
    assert start is not None

    assert state.decided("12:00:10").wake_time == start + timedelta(seconds=60)


def test_an_end_that_is_not_explained_yet_is_waited_for() -> None:
    """Whether it came up decides what follows; only its Pods know."""
    state = ended(running(a_daemon(), Instance(0, 1)), unexplained=True)
    told = replace(state, runs=(replace(state.runs[0], unexplained=False),))

    assert started(state.decided("12:05:00")) == []
    assert started(told.decided("12:05:00")) == ["0-2"]


def fatal(retries: int = 0) -> Scenario:
    """Say that the last start that was granted failed."""
    state = running(a_daemon(startRetries=retries, restartDelaySeconds=30), Instance(0, 1))
    assert state.ledger is not None
    state = state.with_account(slots=tuple(replace(s, failed_starts=retries) for s in state.ledger.slots))
    state = ended(state, ran=0)
    return state.after(state.decided("12:00:11"))


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_after_the_last_retry_a_slot_is_given_up(retries: int) -> None:
    """`startRetries` in vain, and no more starts: Failed, with the reason Fatal."""
    state = fatal(retries)
    decision = state.decided("12:10:00")
    found = {c.type: c for c in state.judged(decision, "12:10:00")}

    assert started(decision) == []
    assert decision.wake_time is None
    assert decision.over
    assert slot_states(state, decision, "12:10:00") == [SlotState.FATAL]
    assert (found["Failed"].status, found["Failed"].reason) == (True, "Fatal")
    assert f"failed {retries + 1} times" in found["Failed"].message
    assert "Complete" not in found


FORGIVING: dict[str, Scenario] = {
    "other options": edited(fatal(), daemon={"startRetries": 0, "restartDelaySeconds": 2}),
    "another template": edited(
        fatal(), daemon={"startRetries": 0, "restartDelaySeconds": 30}, container={"image": "busybox:2"}
    ),
    "the annotation": fatal().asking(restart="now"),
}


@pytest.mark.parametrize("change", FORGIVING)
def test_a_change_ends_what_was_fatal(change: str) -> None:
    """Another spec, another template, or `torchtask.dev/restart`: it is tried again, at once."""
    decision = FORGIVING[change].decided("12:00:12")

    assert started(decision) == ["0-2"]
    assert [s.failed_starts for s in decision.ledger.slots] == [0]


def test_a_failure_of_another_template_says_nothing_about_this_one() -> None:
    """It ends after the edit, and is no failed start of what comes now: with no retries it would be Fatal."""
    state = running(a_daemon(startRetries=0), Instance(0, 1))
    state = edited(ended(state, ran=0), daemon={"startRetries": 0}, container={"image": "busybox:2"})
    decision = state.decided("12:00:10.5")

    assert started(decision) == ["0-2"]
    assert decision.ledger.counts.failed == 1


def test_on_failure_a_success_is_the_end() -> None:
    """Completed slots rest; when all have, the task is Complete."""
    state = running(a_daemon(copies=2, restartPolicy="OnFailure"), Instance(0, 1), Instance(1, 1))
    one = replace(state, runs=(ended(state, Phase.SUCCEEDED, ran=0).runs[0], state.runs[1]))
    both = ended(one.after(one.decided("12:00:15")), Phase.SUCCEEDED, "12:00:20")
    halfway, decision = one.decided("12:00:15"), both.decided("12:00:30")

    assert (started(halfway), halfway.over) == ([], False)
    assert [s.failed_starts for s in halfway.ledger.slots] == [0, 0]
    assert (started(decision), decision.over) == ([], True)
    assert slot_states(both, decision, "12:00:30") == [SlotState.COMPLETED] * 2
    assert {c.type: c.reason for c in both.judged(decision, "12:00:30")}["Complete"] == "Completed"


def test_on_failure_what_failed_comes_back() -> None:
    """That is what the policy says."""
    state = ended(running(a_daemon(restartPolicy="OnFailure"), Instance(0, 1)))

    assert started(state.decided("12:00:11")) == ["0-2"]


def test_what_is_complete_runs_again_under_another_template() -> None:
    """A new template is new work."""
    state = ended(running(a_daemon(restartPolicy="OnFailure"), Instance(0, 1)), Phase.SUCCEEDED)
    state = state.after(state.decided("12:00:11"))
    state = edited(state, daemon={"restartPolicy": "OnFailure"}, container={"image": "busybox:2"})

    assert started(state.decided("12:00:12")) == ["0-2"]


def test_a_job_deleted_by_hand_comes_back_at_once() -> None:
    """Under the next number; the one that is gone is counted as stopped."""
    state = replace(running(a_daemon(), Instance(0, 7)), runs=())
    decision = state.decided("12:00:12")

    assert started(decision) == ["0-8"]
    assert decision.ledger.counts.stopped == 1


@pytest.mark.parametrize("attempt", Attempt)
def test_a_slot_whose_launch_is_under_way_gets_no_other(attempt: Attempt) -> None:
    """One at a time, answered or not, until the Job is seen."""
    unit = Instance(0, 1)
    flight = InFlight(unit, at("12:00:01"), at("12:00:01"), at("12:00:01"), attempt, asking=True)
    state = replace(a_daemon(), flights={unit: flight})

    assert started(state.decided("12:00:02")) == []


def test_of_two_in_a_slot_the_older_is_stopped() -> None:
    """A copy of an old request may land late; the newest attempt stays."""
    state = running(a_daemon(), Instance(0, 2), Instance(0, 3))

    assert stopped(state.decided("12:00:12")) == ["0-2"]


def test_what_is_going_is_not_stopped_again() -> None:
    """Its Pods take their time; its slot is filled when they are gone."""
    state = running(a_daemon(), Instance(0, 1))
    state = replace(edited(state, suspend=True), runs=(replace(state.runs[0], deleting=True),))
    resumed = replace(state, task=a_daemon().task)
    resumed = resumed.asking(generation=3)

    assert state.decided("12:00:12").actions == ()
    assert resumed.decided("12:00:12").actions == ()
    assert started(replace(resumed, runs=()).decided("12:00:13")) == ["0-2"]


def test_an_instance_is_stopped_only_once_its_launch_is_written() -> None:
    """Else a crash could forget that it ever was, and use its number again (L5)."""
    state = a_daemon(copies=2).written().with_run_of(Instance(1, 1), "12:00:01")
    decision = edited(state, suspend=True).decided("12:00:02")
    written = edited(state, suspend=True).after(decision).written()

    assert stopped(decision) == []
    assert stopped(written.decided("12:00:03")) == ["1-1"]


def test_a_clock_that_went_back_does_not_keep_a_slot_empty() -> None:
    """An end in the future, which the account does not believe either, is not waited for."""
    state = ended(running(a_daemon(), Instance(0, 1)), time="12:59:59")
    state = state.after(state.decided("12:59:59.5"))

    assert started(state.decided("12:00:00")) == ["0-2"]
