"""What each answer of the API server makes of a launch (laws L7 and L8)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.scenario import a_task, at, unit
from torchtask.core.account import Result
from torchtask.core.launch import RETRY, Answer, Attempt, Flights, InFlight, settle, unseen
from torchtask.core.model import Reason

NOW = at("12:00:11")


def flight(attempt: Attempt = Attempt.SENT) -> InFlight:
    """Make the launch of 12:00:10."""
    return InFlight(unit("12:00:10"), at("12:00:10"), at("12:00:10"), at("12:00:10"), attempt)


@pytest.mark.parametrize(
    ("answer", "before", "result", "reason"),
    [
        (Answer.CREATED, Attempt.SENT, Result.LAUNCHED, None),
        (Answer.OURS, Attempt.COLLIDED, Result.LAUNCHED, None),
        (Answer.OURS, Attempt.SENT, Result.LAUNCHED, None),
        (Answer.ABSENT, Attempt.COLLIDED, Result.LAUNCHED, None),  # it ran, and is gone
        (Answer.ABSENT, Attempt.SENT, Result.SKIPPED, Reason.SPEC_CHANGED),  # looked up after an edit
        (Answer.FOREIGN, Attempt.COLLIDED, Result.SKIPPED, Reason.NAME_TAKEN),
        (Answer.REJECTED, Attempt.SENT, Result.MISSED, Reason.REJECTED),
    ],
)
def test_an_answer_that_settles(answer: Answer, before: Attempt, result: Result, reason: Reason | None) -> None:
    """These answers account for the fire time, each in one way."""
    _, outcome = settle(flight(before), answer, NOW, "words")

    assert outcome is not None
    assert (outcome.result, outcome.reason, outcome.fire_time) == (result, reason, at("12:00:10"))


@pytest.mark.parametrize(
    ("answer", "before", "after", "wait"),
    [
        (Answer.EXISTS, Attempt.SENT, Attempt.COLLIDED, timedelta(0)),
        (Answer.REFUSED, Attempt.SENT, Attempt.REFUSED, RETRY),
        (Answer.UNKNOWN, Attempt.SENT, Attempt.SENT, RETRY),
        (Answer.UNKNOWN, Attempt.COLLIDED, Attempt.COLLIDED, RETRY),
    ],
)
def test_an_answer_that_does_not_settle(answer: Answer, before: Attempt, after: Attempt, wait: timedelta) -> None:
    """These leave the fire time open, and say when to ask again."""
    remaining, outcome = settle(flight(before), answer, NOW, "words")

    assert outcome is None
    assert remaining is not None
    assert (remaining.attempt, remaining.asking, remaining.retry_time) == (after, False, NOW + wait)


@pytest.mark.parametrize("answer", [Answer.CREATED, Answer.OURS])
def test_an_accepted_launch_is_active_until_the_watch_has_passed_it(answer: Answer) -> None:
    """Between the answer and the watch event the Job is nowhere else to be seen (L4)."""
    accepted, _ = settle(flight(), answer, NOW, version=7)
    assert accepted is not None
    flights: Flights = {accepted.unit: accepted}

    assert unseen(flights, 6) == flights
    assert unseen(flights, 7) == {}


def test_a_job_that_the_watch_never_showed_is_looked_for() -> None:
    """It may have come and gone while nobody watched: then nothing else would wake its task."""
    state = a_task().since("12:00:10").counted(launched=1).with_flight("12:00:10", Attempt.ACCEPTED)
    decision = replace(state, task=state.edited(at="2026-06-01T12:00:10Z", generation=1).task).decided("12:00:11")

    assert decision.wake_time == at("12:00:21")
