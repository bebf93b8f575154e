"""What becomes of a launch that the caps hold back, or the API server refuses, while time goes on (law L6)."""

from dataclasses import replace
from typing import Any

import pytest

from tests.scenario import Scenario, a_task, at, launches, unit
from torchtask.core import launch
from torchtask.core.decide import Decision
from torchtask.core.launch import Answer, Attempt, InFlight, Reply, settle

TEN = unit("12:00:10")


def counted(decision: Decision) -> dict[str, int]:
    """Count what was not launched, closed in the books or not yet."""
    found = {n.reason: n.count for n in decision.ledger.not_launched}
    return found | {str(o.reason): o.count for o in decision.ledger.pending if o.reason}


def waiting(attempt: Attempt = Attempt.WANTED, **spec: Any) -> Scenario:
    """Begin with a task whose launch of 12:00:10 was wanted then, and waits."""
    state = a_task(**spec).since("12:00:05")
    state = state.after(state.decided("12:00:10"))
    return replace(state, flights={u: replace(f, attempt=attempt) for u, f in state.flights.items()})


def held_back(state: Scenario, *times: str) -> tuple[Scenario, Decision]:
    """Decide at these times, one after the other, while nothing is let through."""
    decisions = []
    for time in times:
        decisions.append(state.decided(time))
        state = state.after(decisions[-1])
    return state, decisions[-1]


def test_a_launch_that_is_held_back_waits() -> None:
    """It is asked for once, stays in flight, and the account stays before it."""
    state, decision = held_back(waiting(), "12:00:11", "12:00:19.9")

    assert decision.actions == ()
    assert state.flights[TEN].attempt is Attempt.WANTED
    assert decision.ledger.accounted_time == at("12:00:09")


def test_it_is_missed_when_the_next_fire_time_comes() -> None:
    """A task holds back one launch at most; the newer one takes its place (L6)."""
    state, decision = held_back(waiting(), "12:00:20")

    assert counted(decision) == {"LimitReached": 1}
    assert decision.ledger.counts.missed == 1
    assert list(state.flights) == [unit("12:00:20")]
    assert launches(decision) == ["12:00:20"]


def test_a_late_one_waits_until_the_next_fire_time_after_it_was_wanted() -> None:
    """After an outage its own next fire time has long passed; it must not be given up before it could be sent."""
    state = a_task().since("12:00:05")
    state = state.after(state.decided("12:01:07"))
    assert list(state.flights) == [unit("12:01:00")]

    state, decision = held_back(state, "12:01:09")
    assert (list(state.flights), counted(decision)) == ([unit("12:01:00")], {"Downtime": 5})
    _, decision = held_back(state, "12:01:10")
    assert counted(decision) == {"Downtime": 5, "LimitReached": 1}


def test_under_queue_it_goes_into_the_queue() -> None:
    """It is started first when there is room, and counts as waiting meanwhile (L5)."""
    state, decision = held_back(waiting(concurrencyPolicy="Queue"), "12:00:20")

    assert counted(decision) == {}
    assert decision.ledger.queued == (at("12:00:10"), at("12:00:20"))
    assert list(state.flights) == [TEN]
    assert launches(decision) == []  # it is wanted already

    _, later = held_back(state, "12:00:30", "12:00:40")
    assert later.ledger.queued == tuple(at(f"12:00:{s}") for s in (10, 20, 30, 40))


def test_under_queue_the_queues_limit_holds() -> None:
    """What no longer fits is skipped, the newest."""
    _, decision = held_back(waiting(concurrencyPolicy="Queue", queueLimit=1), "12:00:20", "12:00:30")

    assert counted(decision) == {"QueueFull": 1}
    assert decision.ledger.queued == (at("12:00:10"), at("12:00:20"))


@pytest.mark.parametrize(("attempt", "reason"), [(Attempt.WANTED, "LimitReached"), (Attempt.REFUSED, "Refused")])
def test_under_replace_the_newer_time_takes_its_place(attempt: Attempt, reason: str) -> None:
    """Also when it has waited for an older run to go before."""
    state = a_task(concurrencyPolicy="Replace").since("12:00:15").queued("12:00:10")
    state = state.after(state.decided("12:00:16"))
    state = replace(state, flights={u: replace(f, attempt=attempt) for u, f in state.flights.items()})
    state, decision = held_back(state, "12:00:20")

    assert counted(decision) == {reason: 1}
    assert list(state.flights) == [unit("12:00:20")]
    assert decision.ledger.queued == ()


@pytest.mark.parametrize("attempt", [Attempt.WANTED, Attempt.REFUSED])
@pytest.mark.parametrize("policy", ["Forbid", "Queue", "Replace", "Allow"])
def test_the_deadline_comes_first(policy: str, attempt: Attempt) -> None:
    """It is missed then, whatever comes later; and that moment is waited for (L4)."""
    state = waiting(attempt, concurrencyPolicy=policy, startingDeadlineSeconds=3)
    state, before = held_back(state, "12:00:13")
    late = state.decided("12:00:13.000001")

    assert TEN in before.flights
    assert before.wake_time is not None
    assert before.wake_time <= at("12:00:14")
    assert counted(late) == {"Deadline": 1}
    assert (late.flights, late.ledger.counts.missed) == ({}, 1)


def test_a_deadline_that_passed_is_the_reason_also_when_the_next_fire_time_has_come() -> None:
    """It passed first, though both are seen at once."""
    assert counted(waiting(startingDeadlineSeconds=3).decided("12:00:20")) == {"Deadline": 1}


def test_the_deadline_of_what_waits_in_the_queue_is_waited_for() -> None:
    """So that it is told when it passes, and not with the next fire time."""
    state = a_task("0 0 * * * *", concurrencyPolicy="Queue", startingDeadlineSeconds=30).since("12:00:05")
    decision = state.queued("12:00:00").with_run("11:00:00").written().decided("12:00:06")

    assert decision.wake_time == at("12:00:30.000001")
    assert counted(state.queued("12:00:00").with_run("11:00:00").decided("12:00:30.000001")) == {"Deadline": 1}


def refused(flight: InFlight, time: str) -> InFlight:
    """Let a launch be sent, and refused a moment later."""
    answered, _ = settle(launch.sent(flight, at(time)), Reply(Answer.REFUSED, "quota exceeded"), at(time))
    assert answered is not None
    return answered


def test_since_when_it_was_wanted_is_kept_across_retries() -> None:
    """Else a launch that is refused every second would outlive the next fire time (L6)."""
    state = a_task().since("12:00:05")
    state = state.after(state.decided("12:01:07.5"))
    late = unit("12:01:00")
    for second in (7, 8):
        state = replace(state, flights={late: refused(state.flights[late], f"12:01:0{second}.5")})
        state = state.after(state.decided(f"12:01:0{second + 1}.5"))
        assert state.flights[late].begun_time == at("12:01:07.5")
    state = replace(state, flights={late: refused(state.flights[late], "12:01:10.2")})
    decision = state.decided("12:01:11.5")

    assert counted(decision) == {"Downtime": 5, "Refused": 1}
    assert launches(decision) == ["12:01:10"]


@pytest.mark.parametrize("attempt", [Attempt.WANTED, Attempt.REFUSED])
@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        ({"timeZone": "Asia/Tokyo"}, "SpecChanged"),
        ({"suspend": True}, "Suspended"),
        ({"schedule": "75 * * * * *"}, "InvalidSchedule"),
    ],
)
def test_an_edit_drops_what_was_not_sent(edit: dict[str, Any], reason: str, attempt: Attempt) -> None:
    """It belonged to the old spec, and says why (L9)."""
    decision = waiting(attempt).edited(**edit).decided("12:00:12")

    assert (decision.flights, launches(decision)) == ({}, [])
    assert counted(decision) == {reason: 1}
    assert decision.ledger.counts.skipped == 1


def test_what_is_refused_is_asked_for_again_after_a_second_and_not_before() -> None:
    """Whatever else wakes the task."""
    state = a_task().since("12:00:05")
    state = state.after(state.decided("12:00:10"))
    state = replace(state, flights={TEN: refused(state.flights[TEN], "12:00:10.5")})

    assert launches(state.decided("12:00:11.499")) == []
    assert launches(state.decided("12:00:11.5")) == ["12:00:10"]


def test_a_launch_that_makes_up_for_an_outage_says_so_also_when_it_is_tried_again() -> None:
    """Its Job tells (`trigger`); one that is due just now is no such."""
    state = a_task().since("12:00:05")
    late, due = state.decided("12:01:07").flights, state.decided("12:00:10").flights
    assert ([f.late for f in late.values()], [f.late for f in due.values()]) == ([True], [False])

    again = replace(
        state.after(state.decided("12:01:07")), flights={u: refused(f, "12:01:07") for u, f in late.items()}
    )
    assert [f.late for f in again.decided("12:01:08").flights.values()] == [True]


def test_under_a_hold_what_waited_for_an_older_run_to_go_waits_on() -> None:
    """It stands in the queue, also with `Replace`, and was wanted already when the hold began."""
    state = a_task(concurrencyPolicy="Replace").since("12:00:15").queued("12:00:10")
    state = replace(state.after(state.decided("12:00:16")), held="a move")
    decision = state.decided("12:00:17")

    assert (list(decision.flights), decision.ledger.queued, counted(decision)) == ([TEN], (at("12:00:10"),), {})


def test_an_edit_of_the_template_keeps_what_waits() -> None:
    """It runs the new one."""
    decision = waiting().edited(container={"image": "busybox:1.37"}).decided("12:00:12")

    assert list(decision.flights) == [TEN]


def test_a_template_that_is_refused_drops_what_waits_and_doubts_what_was_sent() -> None:
    """The schedule is the same; but the task is not ready (L9)."""
    state = a_task(concurrencyPolicy="Queue").since("12:00:15").queued("12:00:01", "12:00:02", "12:00:10")
    state = state.with_flight("12:00:02", Attempt.WANTED).with_flight("12:00:10", Attempt.SENT, asking=True)
    state = replace(state, task=replace(state.task, template_error="no"))
    decision = state.decided("12:00:16")

    assert (decision.ledger.queued, counted(decision)) == ((at("12:00:10"),), {"TemplateInvalid": 2})
    assert {u: f.lost for u, f in decision.flights.items()} == {TEN: "TemplateInvalid"}


def test_a_hold_skips_what_was_not_sent() -> None:
    """Scheduled times are skipped `Held`, also those that waited already."""
    decision = replace(waiting(), held="a move").decided("12:00:12")

    assert counted(decision) == {"Held": 1}
    assert (decision.flights, decision.ledger.counts.skipped) == ({}, 1)


def test_under_a_hold_the_queue_waits() -> None:
    """Nothing in it is skipped, and nothing starts."""
    state = a_task(concurrencyPolicy="Queue").since("12:00:15").queued("12:00:10")
    decision = replace(state, held="a move").decided("12:00:16")
    ended = replace(state.after(decision), held=None).decided("12:00:17")

    assert (launches(decision), decision.ledger.queued, counted(decision)) == ([], (at("12:00:10"),), {})
    assert launches(ended) == ["12:00:10"]


def test_what_was_sent_is_not_given_up() -> None:
    """The API server may have created it: the next fire time finds it there, whatever the answer will be (L7)."""
    state = a_task().since("12:00:05").with_flight("12:00:10", Attempt.SENT, asking=True, decided_time=at("12:00:18"))
    decision = state.decided("12:00:20")

    assert list(decision.flights) == [TEN]
    assert counted(decision) == {"MaxInstances": 1}
