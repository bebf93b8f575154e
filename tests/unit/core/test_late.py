"""Late fire times: the starting deadline, and what `catchUp` makes of an outage, policy by policy."""

from typing import Any

import pytest

from tests.scenario import a_task, at, launches, reasons, unit
from torchtask.core.launch import Answer, Attempt, Reply, settle


@pytest.mark.parametrize(("now", "expected"), [("12:00:13", ["12:00:10"]), ("12:00:13.1", [])])
def test_a_start_later_than_the_deadline_is_missed(now: str, expected: list[str]) -> None:
    """Three seconds are three seconds (L4)."""
    decision = a_task(startingDeadlineSeconds=3).since("12:00:05").decided(now)

    assert launches(decision) == expected
    assert reasons(decision) == ({} if expected else {"Deadline": 1})


def test_a_job_that_removes_itself_sets_a_deadline() -> None:
    """A Job younger than its lifetime still exists, and would be seen; an older one may have run and gone (L4)."""
    template = {"spec": {"ttlSecondsAfterFinished": 60, "template": {"spec": {"containers": []}}}}
    state = a_task("0 * * * * *", jobTemplate=template).since("11:59:30")

    assert launches(state.decided("12:00:59")) == ["12:00:00"]
    assert reasons(a_task("0 0 * * * *", jobTemplate=template).since("11:59:30").decided("12:05:00")) == {"Deadline": 1}


def test_an_unanswered_launch_past_its_deadline_is_only_looked_up() -> None:
    """It may exist; if it does not, it is missed (L7)."""
    state = a_task(startingDeadlineSeconds=3).since("12:00:05").with_flight("12:00:10", Attempt.SENT)
    decision = state.decided("12:00:14")

    assert launches(decision) == []
    outcome = settle(decision.flights[unit("12:00:10")], Reply(Answer.ABSENT), at("12:00:15"))[1]
    assert outcome is not None
    assert (outcome.result, outcome.reason) == ("Missed", "Deadline")


OUTAGE: dict[tuple[str, str], dict[str, Any]] = {
    # policy, catch-up: what becomes of :10, :20 and :30 when an API server gone from :00 to :31 is back, and the
    # unanswered launch of :00 has just been repeated and seen (it runs)
    ("Forbid", "None"): {"missed": 2, "skipped": 1},
    ("Forbid", "Latest"): {"missed": 2, "skipped": 1},
    ("Replace", "None"): {"missed": 2, "queued": ["12:00:30"]},
    ("Replace", "Latest"): {"missed": 2, "queued": ["12:00:30"]},
    ("Queue", "None"): {"missed": 2, "queued": ["12:00:30"]},
    ("Queue", "Latest"): {"missed": 2, "queued": ["12:00:30"]},
    ("Queue", "All"): {"missed": 0, "queued": ["12:00:10", "12:00:20", "12:00:30"]},
    ("Allow", "None"): {"missed": 2, "launched": ["12:00:30"]},
    ("Allow", "Latest"): {"missed": 2, "launched": ["12:00:30"]},
}


@pytest.mark.parametrize(("policy", "catch_up"), OUTAGE)
def test_the_outage_table(policy: str, catch_up: str) -> None:
    """Thirty seconds without an API server, with a 10 s schedule: each policy makes of it what docs/tasks.md says."""
    expected = OUTAGE[policy, catch_up]
    state = a_task(concurrencyPolicy=policy, catchUp=catch_up).since("11:59:55").with_run("12:00:00")

    decision = state.decided("12:00:31")

    counts = decision.ledger.counts
    pending = sum(o.count for o in decision.ledger.pending if o.reason == "Downtime")
    assert counts.missed + pending == expected["missed"]
    assert counts.skipped == expected.get("skipped", 0)
    assert list(decision.ledger.queued) == [at(t) for t in expected.get("queued", [])]
    assert launches(decision) == expected.get("launched", [])


@pytest.mark.parametrize(("limit", "missed", "first"), [(1, 5, "12:01:00"), (4, 2, "12:00:30"), (10, 0, "12:00:10")])
def test_catch_up_all_takes_the_newest(limit: int, missed: int, first: str) -> None:
    """Of six late fire times `catchUpLimit` are still started, in order; the older ones are missed (L3)."""
    state = a_task(concurrencyPolicy="Queue", catchUp="All", catchUpLimit=limit).since("12:00:05")
    decision = state.decided("12:01:07")

    assert sum(o.count for o in decision.ledger.pending) + decision.ledger.counts.missed == missed
    assert len(launches(decision)) + len(decision.ledger.queued) == 6 - missed
    assert launches(decision) == [first]


def test_catch_up_none_starts_nothing_late() -> None:
    """What nobody was there for is missed."""
    decision = a_task(catchUp="None").since("12:00:05").decided("12:01:07")

    assert launches(decision) == []
    assert reasons(decision) == {"Downtime": 6}
