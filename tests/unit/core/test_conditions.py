"""Conditions: since when they stand, how long their words are, and which stand at all."""

from dataclasses import replace

import pytest

from tests.scenario import Scenario, a_task, at
from torchtask.core.conditions import LATE_MILLISECONDS, LONGEST_MESSAGE, Condition, conditions
from torchtask.core.launch import Attempt, Launch, wanted
from torchtask.core.ledger import opened
from torchtask.core.spec import CircuitBreaker
from torchtask.core.state import State, Surroundings
from torchtask.core.units import Manual, manual_key

NOW = at("12:00:00")


def judged(
    scenario: Scenario, before: tuple[Condition, ...] = (), now: str = "12:00:00", late: int | None = None
) -> dict[str, Condition]:
    """Judge a task; by their types."""
    task = scenario.task
    state = State(task, opened(task, "", NOW), (), scenario.flights, at(now), Surroundings(NOW, (), scenario.held))
    return {c.type: c for c in conditions(state, before, late, over=False)}


def before(**status: bool) -> tuple[Condition, ...]:
    """Make conditions that stand since 11:00:00."""
    return tuple(Condition(kind, holds, "Before", "as it was", at("11:00:00")) for kind, holds in status.items())


@pytest.mark.parametrize(
    ("scenario", "known", "since"),
    [
        (a_task(), (), "12:00:00"),
        (a_task(), before(Ready=True), "11:00:00"),
        (a_task(), before(Ready=False), "12:00:00"),
        (a_task(), before(Suspended=True, Complete=True), "12:00:00"),
        (a_task("75 * * * * *"), before(Ready=True), "12:00:00"),
        (a_task("75 * * * * *"), before(Ready=False), "11:00:00"),
        (replace(a_task(), held="a move"), before(Ready=True), "11:00:00"),
    ],
)
def test_the_transition_time_moves_exactly_when_the_status_changes(
    scenario: Scenario, known: tuple[Condition, ...], since: str
) -> None:
    """Another reason, or other words, are no transition; another condition's status is another matter."""
    ready = judged(scenario, known)["Ready"]

    assert ready.last_transition_time == at(since)
    assert ready.reason != "Before"


def test_a_condition_that_came_and_went_is_new_when_it_comes_again() -> None:
    """`LimitReached` stands only while it is true."""
    limited = a_task().with_flight("12:00:00", Attempt.WANTED, message="too many runs are active")
    first = judged(limited)
    still = judged(limited, tuple(first.values()), "12:00:05")
    gone = judged(a_task(), tuple(still.values()), "12:00:06")
    again = judged(limited, tuple(gone.values()), "12:00:07")

    assert "LimitReached" not in gone
    assert [c["LimitReached"].last_transition_time for c in (first, still, again)] == [NOW, NOW, at("12:00:07")]


@pytest.mark.parametrize("length", [LONGEST_MESSAGE, LONGEST_MESSAGE + 1, 100_000])
def test_messages_are_cut(length: int) -> None:
    """The API server's words can be as long as a user makes them."""
    state = a_task()
    problem = replace(state, task=replace(state.task, template_error="x" * (length - len("spec: "))))

    assert judged(problem)["Ready"].message == ("spec: " + "x" * length)[:LONGEST_MESSAGE]


@pytest.mark.parametrize(
    ("message", "reason", "words"),
    [
        ("the cluster has 5000 active runs", "LimitReached", "the cluster has 5000 active runs"),
        ("TooManyWaiting: 200 Jobs have no Pod", "TooManyWaiting", "200 Jobs have no Pod"),
        ("TooManyWaiting: 200 Jobs: no Pod", "TooManyWaiting", "200 Jobs: no Pod"),
    ],
)
def test_the_limit_that_keeps_a_launch_back_is_named(message: str, reason: str, words: str) -> None:
    """Its first word is the reason, where it has one of its own."""
    found = judged(a_task().with_flight("12:00:00", Attempt.WANTED, message=message))["LimitReached"]

    assert (found.status, found.reason, found.message) == (True, reason, words)


@pytest.mark.parametrize("attempt", [a for a in Attempt if a is not Attempt.WANTED])
def test_only_a_launch_that_waits_is_kept_back_by_a_limit(attempt: Attempt) -> None:
    """What was sent, or refused by the server, is not."""
    assert "LimitReached" not in judged(a_task().with_flight("12:00:00", attempt, message="too many"))
    assert "LimitReached" not in judged(a_task().with_flight("12:00:00", Attempt.WANTED))


def test_a_refused_manual_run_that_is_tried_again_is_kept_back_by_no_limit() -> None:
    """The server's words are no limit of ours: condition `LimitReached` does not stand on it."""
    manual = Manual(manual_key("1"))
    flight = replace(wanted(manual, at("12:00:06"), patient=True), attempt=Attempt.REFUSED, message="403: no")
    state = replace(a_task().since("12:00:05"), flights={manual: flight})
    state = replace(state, task=replace(state.task, run_now="1"))
    decision = state.decided("12:00:07")

    assert Launch(manual) in decision.actions
    assert "LimitReached" not in {c.type for c in state.judged(decision, "12:00:07")}


@pytest.mark.parametrize(("late", "stands"), [(None, False), (LATE_MILLISECONDS, False), (LATE_MILLISECONDS + 1, True)])
def test_late_stands_while_launches_are(late: int | None, *, stands: bool) -> None:
    """More than a second, for one launch in a hundred."""
    assert ("Late" in judged(a_task(), late=late)) == stands


def test_a_hold_is_told_with_its_reason() -> None:
    """And that none was given, if so."""
    assert judged(replace(a_task(), held="a move"))["Ready"].message == "launches are held: a move"
    assert judged(replace(a_task(), held=""))["Ready"].message == "launches are held: no reason is given"


def test_a_task_without_a_breaker_tells_nothing_of_one() -> None:
    """Nor does one whose spec is broken."""
    breaker = {"failureThreshold": 1, "probeAfterSeconds": 60}
    with_one = a_task(circuitBreaker=breaker)

    assert getattr(with_one.task.spec, "breaker", None) == CircuitBreaker(1, at("12:01:00") - NOW)
    assert "CircuitOpen" in judged(with_one)
    assert "CircuitOpen" not in judged(a_task())
    assert "CircuitOpen" not in judged(a_task("75 * * * * *", circuitBreaker=breaker))
