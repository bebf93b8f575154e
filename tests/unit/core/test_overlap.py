"""Overlap: what becomes of fire times that find no room, in a table, then in decisions with a queue (law L5)."""

from dataclasses import replace
from typing import Any

import pytest

from tests.scenario import Scenario, a_task, at, launches, reasons, unit
from torchtask.core.launch import Attempt
from torchtask.core.overlap import place
from torchtask.core.spec import ConcurrencyPolicy, Overlap

FORBID, ALLOW = Overlap(ConcurrencyPolicy.FORBID, 1), Overlap(ConcurrencyPolicy.ALLOW, None)
QUEUE, REPLACE = Overlap(ConcurrencyPolicy.QUEUE, 1, 2), Overlap(ConcurrencyPolicy.REPLACE, 1, 10)


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


def test_the_deadline_holds_for_queued_times() -> None:
    """Also while they wait, and before they are started (L4)."""
    decision = queued(startingDeadlineSeconds=8).queued("12:00:01").decided("12:00:09.5")

    assert decision.ledger.queued == ()
    assert reasons(decision) == {"Deadline": 1}
