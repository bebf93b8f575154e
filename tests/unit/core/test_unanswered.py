"""Launches without an answer, or with a refusal: repeated under their name, looked up, tried again."""

from dataclasses import replace

from tests.scenario import a_task, at, launches, unit
from torchtask.core.account import NotLaunched
from torchtask.core.launch import Attempt, Launch, LookUp


def test_a_launch_without_an_answer_is_repeated_under_its_name() -> None:
    """It may exist, or not: asking again for the same name is safe (L7)."""
    state = a_task().since("12:00:05").with_flight("12:00:10", Attempt.SENT)

    assert state.decided("12:00:11").actions == (Launch(unit("12:00:10")),)


def test_a_request_under_way_is_not_repeated() -> None:
    """One request at a time for a name."""
    state = a_task().since("12:00:05").with_flight("12:00:10", Attempt.SENT, asking=True)

    assert state.decided("12:00:11").actions == ()


def test_a_task_decides_nothing_more_while_a_launch_has_no_answer() -> None:
    """After five seconds without an answer the API server is not to be trusted with more (L7)."""
    state = a_task("* * * * * *", concurrencyPolicy="Allow").since("12:00:10")
    state = state.with_flight("12:00:10", Attempt.SENT, asking=True)

    assert launches(state.decided("12:00:14")) != []
    assert launches(state.decided("12:00:15")) == []


def test_a_taken_name_is_looked_at() -> None:
    """409 says that the name exists, and not whose Job it is (L8)."""
    state = a_task().since("12:00:05").with_flight("12:00:10", Attempt.COLLIDED)

    assert state.decided("12:00:11").actions == (LookUp(unit("12:00:10")),)


def test_a_refused_launch_is_tried_again_until_the_next_fire_time() -> None:
    """Quota may be free in a second; but a task holds back one launch at most (L6)."""
    state = a_task().since("12:00:10").with_flight("12:00:10", Attempt.REFUSED, message="quota exceeded")
    state = replace(state, flights={t: replace(f, retry_time=at("12:00:11")) for t, f in state.flights.items()})

    assert launches(state.decided("12:00:11")) == ["12:00:10"]
    missed = state.decided("12:00:20")
    assert launches(missed) == ["12:00:20"]
    assert missed.ledger.not_launched == (NotLaunched("Refused", 1, at("12:00:10"), "quota exceeded"),)


def test_a_refused_launch_beside_a_silent_one_is_not_asked_about_in_circles() -> None:
    """While a task waits for an answer it is looked at again later than now, whatever else waits."""
    state = a_task("* * * * * *", concurrencyPolicy="Allow").since("12:00:10")
    state = state.with_flight("12:00:10", Attempt.SENT, asking=True).with_flight("12:00:11", Attempt.REFUSED)
    decision = state.decided("12:00:20.5")

    assert decision.wake_time is not None
    assert decision.wake_time > at("12:00:20.5")
