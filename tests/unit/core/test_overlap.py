"""Overlap: what becomes of fire times that find no room, table by table, and then in whole decisions (law L5)."""

from dataclasses import replace
from typing import Any

import pytest

from tests.scenario import Scenario, a_task, at, launches, unit
from torchtask.core.decide import Decision, Prune, Stop
from torchtask.core.launch import Answer, Attempt, Reply, settle
from torchtask.core.model import Phase
from torchtask.core.overlap import place
from torchtask.core.spec import ConcurrencyPolicy, Overlap

FORBID, ALLOW = Overlap(ConcurrencyPolicy.FORBID, 1), Overlap(ConcurrencyPolicy.ALLOW, None)
QUEUE, REPLACE = Overlap(ConcurrencyPolicy.QUEUE, 1, 2), Overlap(ConcurrencyPolicy.REPLACE, 1, 10)


def reasons(decision: Decision) -> dict[str, int]:
    """Count what was not launched, by reason."""
    return {n.reason: n.count for n in decision.ledger.not_launched}


def seconds(times: str) -> list[str]:
    """Read `10 20` as fire times of one minute."""
    return [f"12:00:{second}" for second in times.split()]


@pytest.mark.parametrize(
    ("overlap", "due", "waiting", "active", "starting", "left", "skipped"),
    [
        (FORBID, "10", "", 0, "10", "", {}),
        (FORBID, "10 20", "", 0, "10", "", {"20": "MaxInstances"}),
        (FORBID, "10", "", 1, "", "", {"10": "MaxInstances"}),
        (FORBID, "10 20 30", "", 3, "", "", dict.fromkeys(("10", "20", "30"), "MaxInstances")),
        (FORBID, "30", "10 20", 0, "30", "", {"10": "SpecChanged", "20": "SpecChanged"}),
        (ALLOW, "10 20", "", 7, "10 20", "", {}),
        (ALLOW, "30", "10", 7, "30", "", {"10": "SpecChanged"}),
        (QUEUE, "10", "", 0, "10", "", {}),
        (QUEUE, "10", "", 1, "", "10", {}),
        (QUEUE, "30", "10", 3, "", "10 30", {}),
        (QUEUE, "30", "10 20", 1, "", "10 20", {"30": "QueueFull"}),
        (QUEUE, "30", "10 20", 0, "10", "20 30", {}),
        (QUEUE, "", "10", 0, "10", "", {}),
        (REPLACE, "10", "", 0, "10", "", {}),
        (REPLACE, "10", "", 1, "", "10", {}),
        (REPLACE, "20", "10", 3, "", "20", {"10": "Replaced"}),
        (REPLACE, "20", "10", 1, "", "20", {"10": "Replaced"}),
        (REPLACE, "20", "10", 0, "10", "20", {}),
    ],
)
def test_the_table(  # noqa: PLR0913, PLR0917 -- the columns of the table
    overlap: Overlap, due: str, waiting: str, active: int, starting: str, left: str, skipped: dict[str, str]
) -> None:
    """Each fire time starts, waits, or is skipped with its reason; room goes to the oldest."""
    placed = place([unit(t) for t in seconds(due)], [unit(t) for t in seconds(waiting)], active, overlap)

    assert placed.starting == tuple(unit(t) for t in seconds(starting))
    assert placed.waiting == tuple(unit(t) for t in seconds(left))
    assert {f"{o.fire_time:%S}": o.reason for o in placed.skipped} == skipped


def queued(**spec: Any) -> Scenario:
    """Begin with a task that queues, and a run that is active since 12:00:00."""
    return a_task(concurrencyPolicy="Queue", **spec).since("12:00:05").counted(launched=1).with_run("12:00:00")


def replacing(**spec: Any) -> Scenario:
    """Begin with a task that replaces, and a run that is active since 12:00:00, all of it written."""
    state = a_task(concurrencyPolicy="Replace", **spec).since("12:00:05").counted(launched=1).with_run("12:00:00")
    return state.written()


def test_queue_lets_fire_times_wait_their_turn() -> None:
    """They are accounted for as waiting, and started oldest first when there is room."""
    first = queued().decided("12:00:10")
    second = queued().after(first).decided("12:00:20")

    assert second.ledger.queued == (at("12:00:10"), at("12:00:20"))
    assert second.ledger.accounted_time == at("12:00:20")
    free = replace(queued().after(second), runs=())
    assert launches(free.decided("12:00:21")) == ["12:00:10"]


def test_a_full_queue_skips_the_newest() -> None:
    """`queueLimit` fire times wait; one more is skipped, and says so."""
    state = queued(queueLimit=1).queued("12:00:01")

    assert reasons(state.decided("12:00:10")) == {"QueueFull": 1}


def test_a_queued_time_stays_in_the_queue_until_its_launch_is_answered() -> None:
    """A crash between decision and answer must find it again (L2)."""
    state = replace(queued().queued("12:00:01"), runs=())
    decision = state.decided("12:00:06")

    assert launches(decision) == ["12:00:01"]
    assert decision.ledger.queued == (at("12:00:01"),)
    assert state.after(decision).with_run("12:00:01").decided("12:00:07").ledger.queued == ()


def test_after_a_crash_a_queued_time_that_has_a_job_is_launched() -> None:
    """Queued names are looked up in the list of Jobs (L10)."""
    decision = queued(maxInstances=2).queued("12:00:01").with_run("12:00:01").decided("12:00:06")

    assert decision.ledger.queued == ()
    assert decision.ledger.counts.launched == 2
    assert launches(decision) == []


def test_a_waiting_time_of_a_clock_that_went_back_keeps_waiting() -> None:
    """Never early (L5)."""
    state = replace(queued().queued("12:00:04"), runs=())

    early = state.decided("12:00:03")
    assert (launches(early), early.ledger.queued) == ([], (at("12:00:04"),))
    assert launches(state.decided("12:00:06")) == ["12:00:04"]


def test_a_smaller_queue_keeps_the_oldest() -> None:
    """What no longer fits is skipped (L9)."""
    state = queued().queued("12:00:01", "12:00:02", "12:00:03")
    decision = state.edited(concurrencyPolicy="Queue", queueLimit=1).decided("12:00:06")

    assert decision.ledger.queued == (at("12:00:01"),)


@pytest.mark.parametrize(
    ("spec", "reason"), [({"suspend": True}, "Suspended"), ({"timeZone": "Asia/Tokyo"}, "SpecChanged")]
)
def test_an_edit_empties_the_queue(spec: dict[str, Any], reason: str) -> None:
    """What waits was for another schedule (L9)."""
    decision = queued().queued("12:00:01").edited(concurrencyPolicy="Queue", **spec).decided("12:00:06")

    assert decision.ledger.queued == ()
    assert reasons(decision) == {reason: 1}


def test_a_refused_queued_launch_goes_back_to_the_queue() -> None:
    """It is not missed when the next fire time comes: it waits like the others (L6)."""
    state = replace(queued().queued("12:00:01"), runs=()).with_flight("12:00:01", Attempt.REFUSED)
    decision = state.decided("12:00:10")

    assert launches(decision) == ["12:00:01"]
    assert decision.ledger.queued == (at("12:00:01"), at("12:00:10"))


def test_replace_stops_the_oldest_run_and_waits_until_it_is_gone() -> None:
    """The new run never overlaps the old one, however long that takes to die."""
    state = replacing()
    decision = state.decided("12:00:10")
    assert decision.actions == (Stop(state.runs[0]),)
    assert decision.ledger.queued == (at("12:00:10"),)

    dying = replace(state.after(decision), runs=(replace(state.runs[0], deleting=True),))
    assert dying.decided("12:00:11").actions == ()

    gone = replace(dying, runs=())
    assert launches(gone.decided("12:00:12")) == ["12:00:10"]
    assert gone.decided("12:00:12").ledger.counts.stopped == 1


def test_a_newer_time_takes_the_place_of_a_waiting_one() -> None:
    """Replace means the newest: what waited is skipped `Replaced` (L5)."""
    decision = replacing().queued("12:00:06").decided("12:00:10")

    assert decision.ledger.queued == (at("12:00:10"),)
    assert reasons(decision) == {"Replaced": 1}


def test_a_run_is_replaced_only_once_the_server_holds_its_launch() -> None:
    """Else a crash would forget that it ever was (L5)."""
    state = a_task(concurrencyPolicy="Replace").since("12:00:05").counted(launched=1).with_run("12:00:00")

    assert state.decided("12:00:10").actions == ()


def test_a_run_is_not_replaced_while_a_copy_of_its_launch_may_land() -> None:
    """Its name must stay taken for a minute after somebody else may have asked for it (L11)."""
    state = replace(replacing(), taken_over=at("11:59:50"))
    decision = state.decided("12:00:10")

    assert decision.actions == ()
    assert decision.wake_time == at("12:00:20")
    assert [a for a in state.after(decision).decided("12:01:00").actions if isinstance(a, Stop)] != []


def test_replace_with_room_starts_at_once() -> None:
    """Nothing is stopped while there is a free instance."""
    assert launches(replacing(maxInstances=2).decided("12:00:10")) == ["12:00:10"]


@pytest.mark.parametrize(("now", "expected"), [("12:00:13", ["12:00:10"]), ("12:00:13.1", [])])
def test_a_start_later_than_the_deadline_is_missed(now: str, expected: list[str]) -> None:
    """Three seconds are three seconds (L4)."""
    decision = a_task(startingDeadlineSeconds=3).since("12:00:05").decided(now)

    assert launches(decision) == expected
    assert reasons(decision) == ({} if expected else {"Deadline": 1})


def test_the_deadline_holds_for_queued_times() -> None:
    """Also while they wait, and before they are started (L4)."""
    decision = queued(startingDeadlineSeconds=8).queued("12:00:01").decided("12:00:09.5")

    assert decision.ledger.queued == ()
    assert reasons(decision) == {"Deadline": 1}


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
    """Thirty seconds without an API server, with a 10 s schedule: each policy makes of it what the design says."""
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


def test_history_goes_on_under_replace() -> None:
    """Stopping one run and pruning another are two things."""
    state = replacing(successfulJobsHistoryLimit=0).counted(launched=2, succeeded=1)
    state = state.with_run("11:59:50", Phase.SUCCEEDED).written()
    decision = state.decided("12:00:10")

    assert {type(a) for a in decision.actions} == {Stop, Prune}
