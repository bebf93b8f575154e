"""What a step did to an account is told once, when it is noted, and not again when it is counted."""

from dataclasses import replace

from tests.scenario import Scenario, a_task, at, unit
from torchtask.core.account import Ledger, Outcome, Result
from torchtask.core.changes import Changes, changes
from torchtask.core.ledger import closed, noted
from torchtask.core.model import Reason


def account(state: Scenario) -> Ledger:
    """Return the account of a state that has one."""
    assert state.ledger is not None
    return state.ledger


START = account(a_task().since("12:00:00"))
COUNTS = replace(START.counts)


def told(before: Ledger | None, after: Ledger) -> tuple[dict[str, int], list[tuple[str, int, str]], int]:
    """Say what came to be: the counts that rose, and why fire times did not run."""
    found = changes(before, after) or Changes(replace(COUNTS))
    names = ("launched", "skipped", "missed", "manual", "succeeded", "failed", "stopped")
    rose = {name: getattr(found.counts, name) for name in names if getattr(found.counts, name)}
    return rose, [(n.reason, n.count, n.message) for n in found.not_launched], found.late


def test_an_outcome_is_news_when_it_is_noted_and_not_when_it_is_counted() -> None:
    """A launch behind one that is open waits to be counted: nobody is told of it twice."""
    launched = noted(START, [Outcome(Result.LAUNCHED, unit("12:00:20"), time=at("12:00:20"))])
    assert launched.pending, "12:00:10 is open"
    counted = closed(replace(launched, decided_time=at("12:00:20")), [])
    assert not counted.pending

    assert told(START, launched) == ({"launched": 1}, [], 0)
    assert told(launched, counted) == ({}, [], 0)


def test_why_fire_times_did_not_run_is_told_with_their_number() -> None:
    """Only what was added, with the words of the last one."""
    first = closed(replace(noted(START, [skipped("12:00:10", 2, "old")]), decided_time=at("12:00:10")), [])
    both = noted(first, [skipped("12:00:20", 3, "new"), Outcome(Result.MISSED, unit("12:00:30"), Reason.DEADLINE)])

    assert told(START, first) == ({"skipped": 2}, [("QueueFull", 2, "old")], 0)
    assert told(first, both) == ({"skipped": 3, "missed": 1}, [("QueueFull", 3, "new"), ("Deadline", 1, "")], 0)


def test_the_first_look_at_a_task_tells_what_it_decided() -> None:
    """An account that was just opened is compared with nothing."""
    assert told(None, START) == ({}, [], 0)
    assert told(None, a_task().since("12:00:00").counted(missed=3).ledger or START) == ({"missed": 3}, [], 0)


def test_what_became_less_is_no_news() -> None:
    """The clock went back, and what waited to be counted was dropped."""
    counted = closed(replace(noted(START, [skipped("12:00:10", 1, "")]), decided_time=at("12:00:10")), [])
    ahead = noted(counted, [skipped("12:00:30", 2, "")])

    assert changes(ahead, counted) is None


def test_nothing_is_told_of_a_step_that_changed_no_number() -> None:
    """Most passes: the account moves on, and nothing came of it."""
    assert changes(START, START) is None
    assert changes(START, replace(START, accounted_time=at("12:00:09"), decided_time=at("12:00:09"))) is None


def test_a_job_that_turns_up_after_it_was_given_up_is_told() -> None:
    """L12: it is added to what was launched, and whoever looks on hears that it was late."""
    state = a_task().since("12:00:10").counted(missed=1).with_run("12:00:10")
    after = state.decided("12:00:11").ledger

    assert told(state.ledger, after) == ({"launched": 1}, [], 1)


def skipped(time: str, count: int, message: str) -> Outcome:
    """Skip fire times."""
    return Outcome(Result.SKIPPED, unit(time), Reason.QUEUE_FULL, count, message)
