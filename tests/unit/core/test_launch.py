"""What each answer of the API server makes of a launch (laws L7 and L8)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.scenario import a_task, at, unit
from torchtask.core.account import Result
from torchtask.core.launch import RETRY, Answer, Attempt, Flights, InFlight, Reply, ask_again, settle, unseen, wanted
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
    _, outcome = settle(flight(before), Reply(answer, "words"), NOW)

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
    remaining, outcome = settle(flight(before), Reply(answer, "words"), NOW)

    assert outcome is None
    assert remaining is not None
    assert (remaining.attempt, remaining.asking, remaining.retry_time) == (after, False, NOW + wait)


@pytest.mark.parametrize("answer", [Answer.REFUSED, Answer.UNKNOWN])
def test_the_wait_grows_and_has_an_end(answer: Answer) -> None:
    """A server that says no a thousand times is asked every three seconds, and that it is back is seen as soon."""
    waits, current = [], flight()
    for _ in range(5):
        after, _ = settle(current, Reply(answer), NOW)
        assert after is not None
        waits.append((after.retry_time - NOW).total_seconds())
        current = wanted(after.unit, NOW, before=after) if answer is Answer.REFUSED else after

    assert waits == [1, 2, 3, 3, 3]


@pytest.mark.parametrize(("pause", "wait"), [(0, 1), (2, 2), (7, 7), (3600, 30)])
def test_a_server_is_left_alone_for_as_long_as_it_says(pause: int, wait: int) -> None:
    """`Retry-After` is obeyed where it is longer than our own wait, and within reason (L8)."""
    after, _ = settle(flight(), Reply(Answer.UNKNOWN, pause=timedelta(seconds=pause)), NOW)

    assert after is not None
    assert after.retry_time == NOW + timedelta(seconds=wait)


@pytest.mark.parametrize(("now", "may"), [("12:00:10.9", False), ("12:00:11", True), ("11:00:00", True)])
def test_a_wait_ends_also_when_the_clock_goes_back(now: str, *, may: bool) -> None:
    """What was agreed by a clock that was an hour ahead is not waited for."""
    waiting = replace(flight(), retry_time=NOW)

    assert waiting.may_ask(at(now)) is may
    assert bool(ask_again({waiting.unit: waiting}, at(now))[1]) is may
    assert replace(waiting, attempt=Attempt.REFUSED).may_be_retried(at(now)) is may


@pytest.mark.parametrize("answer", [Answer.CREATED, Answer.OURS])
def test_an_accepted_launch_is_active_until_the_watch_has_passed_it(answer: Answer) -> None:
    """Between the answer and the watch event the Job is nowhere else to be seen (L4)."""
    accepted, _ = settle(flight(), Reply(answer, version=7), NOW)
    assert accepted is not None
    flights: Flights = {accepted.unit: accepted}

    assert unseen(flights, 6) == flights
    assert unseen(flights, 7) == {}


def test_a_job_that_the_watch_never_showed_is_looked_for() -> None:
    """It may have come and gone while nobody watched: then nothing else would wake its task."""
    state = a_task().since("12:00:10").counted(launched=1).with_flight("12:00:10", Attempt.ACCEPTED)
    decision = replace(state, task=state.edited(at="2026-06-01T12:00:10Z", generation=1).task).decided("12:00:11")

    assert decision.wake_time == at("12:00:21")
