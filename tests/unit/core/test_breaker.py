"""The circuit breaker: what keeps failing rests, is tried again, and goes on when a run succeeds."""

from dataclasses import replace
from typing import Any

import pytest

from tests.scenario import Scenario, a_task, at, launches, unit
from torchtask.core.breaker import Circuit, circuit
from torchtask.core.decide import Decision
from torchtask.core.launch import Attempt
from torchtask.core.model import Phase, Reason
from torchtask.core.nodes import Node
from torchtask.core.spec import Spec
from torchtask.core.state import State, Surroundings
from torchtask.core.units import Timed
from torchtask.core.wire import ledgers

BREAKER = {"failureThreshold": 3, "probeAfterSeconds": 30}


def a_breaker(schedule: str = "*/10 * * * * *", **spec: Any) -> Scenario:
    """Begin with a task that has a circuit breaker."""
    return a_task(schedule, **{"circuitBreaker": BREAKER, "concurrencyPolicy": "Allow", **spec}).since("12:00:05")


def failing(state: Scenario, *times: str, **changes: Any) -> Scenario:
    """Let the runs of these fire times fail, each five seconds after it, and count them."""
    for time in times:
        state = state.with_run(time, Phase.FAILED, completion_time=at(f"{time[:-1]}5"), **changes)
    latest = f"{times[-1][:-1]}5"
    assert state.ledger is not None
    held = state.with_account(accounted_time=at(latest), decided_time=at(latest)).counted(launched=len(state.runs))
    return held.after(held.decided(latest))


def tripped(**spec: Any) -> Scenario:
    """Say that three runs failed in a row, the last one at 12:00:35."""
    return failing(a_breaker(**spec), "12:00:10", "12:00:20", "12:00:30")


def judged(state: Scenario, time: str) -> Circuit:
    """Judge the circuit."""
    spec = state.task.spec
    assert isinstance(spec, Spec)
    assert state.ledger is not None
    around = Surroundings(state.taken_over)
    return circuit(spec, State(state.task, state.ledger, state.runs, state.flights, at(time), around))


def skipped(decision: Decision) -> int:
    """Count the fire times that found the circuit open."""
    told = sum(n.count for n in decision.ledger.not_launched if n.reason == Reason.CIRCUIT_OPEN)
    return told + sum(o.count for o in decision.ledger.pending if o.reason is Reason.CIRCUIT_OPEN)


def test_it_opens_after_as_many_failures_in_a_row_as_it_takes() -> None:
    """One fewer, and fire times are launched; then they are skipped `CircuitOpen`."""
    two = failing(a_breaker(), "12:00:10", "12:00:20")
    three = failing(two, "12:00:30")

    assert launches(two.decided("12:00:30")) == ["12:00:30"]
    assert launches(three.decided("12:00:40")) == []
    assert skipped(three.decided("12:00:40")) == 1


def test_without_a_breaker_failures_stop_nothing() -> None:
    """As it is by default."""
    assert launches(tripped(circuitBreaker=None).decided("12:00:40")) == ["12:00:40"]


def test_a_success_between_failures_keeps_it_closed() -> None:
    """Failures count in a row."""
    state = failing(a_breaker(), "12:00:10", "12:00:20").with_run("12:00:30", Phase.SUCCEEDED)
    state = state.after(state.decided("12:00:31"))

    assert judged(failing(state, "12:00:40", "12:00:50"), "12:01:00") is Circuit.CLOSED


def test_what_the_cluster_ended_is_no_failure() -> None:
    """A drained node says nothing about the task."""
    state = failing(a_breaker(), "12:00:10", "12:00:20", "12:00:30", disrupted=True)

    assert judged(state, "12:00:40") is Circuit.CLOSED
    assert state.ledger is not None
    assert state.ledger.counts.failed == 3


def test_it_empties_the_queue() -> None:
    """What waited would fail too."""
    state = tripped(concurrencyPolicy="Queue").with_run("12:00:32").queued("12:00:33", "12:00:34")
    decision = state.decided("12:00:36")

    assert decision.ledger.queued == ()
    assert skipped(decision) == 2


def test_one_run_is_tried_when_it_has_rested() -> None:
    """`probeAfterSeconds` after the last failure; while that one is under way, no other is."""
    state = tripped()
    early = state.decided("12:01:00")
    state = state.after(early)
    probing = state.decided("12:01:10")
    seen = state.with_run("12:01:10")

    assert judged(state, "12:01:04.9") is Circuit.OPEN
    assert judged(state, "12:01:05") is Circuit.PROBING
    assert (launches(early), skipped(early)) == ([], 1)
    assert launches(probing) == ["12:01:10"]
    for attempt in (Attempt.WANTED, Attempt.SENT, Attempt.ACCEPTED):
        flying = state.after(probing).with_flight("12:01:10", attempt, asking=True)
        assert launches(flying.decided("12:01:14")) == []
        assert judged(flying, "12:01:14") is Circuit.OPEN
    assert judged(seen, "12:02:00") is Circuit.OPEN


def test_what_was_launched_before_it_opened_is_no_probe() -> None:
    """It may run for hours; nor is one that the server refuses."""
    assert judged(tripped().with_run("12:00:31"), "12:01:05") is Circuit.PROBING
    assert judged(tripped().with_flight("12:00:31", Attempt.ACCEPTED), "12:01:05") is Circuit.PROBING
    assert judged(tripped().with_flight("12:01:10", Attempt.REFUSED), "12:01:12") is Circuit.PROBING


def test_of_several_fire_times_the_newest_is_tried() -> None:
    """The others are skipped: those of one second on several nodes too."""
    every = replace(tripped(runOn="EveryNode"), nodes=tuple(Node(name, {}, (), (), ready=True) for name in "abc"))
    queue = tripped(concurrencyPolicy="Queue", maxInstances=5).queued("12:00:33", "12:00:34").decided("12:01:05")
    decision = every.with_account(decided_time=at("12:01:05"), following=None).decided("12:01:10")

    assert len(launches(decision)) == 1
    assert skipped(decision) == 2
    assert (launches(queue), skipped(queue)) == (["12:01:00"], 2)


def test_a_probe_that_fails_keeps_it_open_and_the_next_one_rests_as_long() -> None:
    """From that failure on."""
    state = failing(tripped(), "12:01:10")

    assert judged(state, "12:01:44") is Circuit.OPEN
    assert judged(state, "12:01:45") is Circuit.PROBING


def test_a_probe_that_is_not_explained_yet_is_still_under_way() -> None:
    """Its failure will count; a second one before that would be one too many."""
    state = tripped().with_run("12:01:10", Phase.FAILED, unexplained=True)

    assert judged(state, "12:01:20") is Circuit.OPEN


def test_a_probe_that_was_refused_makes_way_for_the_next_fire_time() -> None:
    """It has no Job, and a newer fire time is as good."""
    state = tripped().with_flight("12:01:10", Attempt.REFUSED)
    state = state.with_account(decided_time=at("12:01:10"), following=None)

    assert launches(state.decided("12:01:20")) == ["12:01:20"]


CLOSING: dict[str, Scenario] = {
    "a success": tripped().with_run("12:01:10", Phase.SUCCEEDED),
    "another template": tripped().edited(circuitBreaker=BREAKER, container={"image": "busybox:2"}),
    "the annotation": tripped().asking(restart="now"),
    "a higher threshold": tripped().edited(circuitBreaker={**BREAKER, "failureThreshold": 4}),
    "no breaker": tripped().edited(),
}


@pytest.mark.parametrize("case", CLOSING)
def test_it_closes(case: str) -> None:
    """What came to be different may go well."""
    state = CLOSING[case]
    state = state.after(state.decided("12:01:15"))

    assert judged(state, "12:01:16") is Circuit.CLOSED
    assert launches(replace(state, runs=()).decided("12:01:20")) == ["12:01:20"]


@pytest.mark.parametrize("edit", [{"circuitBreaker": BREAKER}, {"circuitBreaker": BREAKER, "priority": 5}])
def test_another_edit_leaves_it_open(edit: dict[str, Any]) -> None:
    """What runs is the same."""
    state = tripped().edited(concurrencyPolicy="Allow", **edit)

    assert judged(state.after(state.decided("12:00:36")), "12:00:40") is Circuit.OPEN


def test_it_is_open_for_the_next_operator_too() -> None:
    """The status tells how many failed, and when the last one did; the condition tells when one is tried."""
    state = tripped()
    decision = state.decided("12:00:36")
    found = {c.type: c for c in state.judged(decision, "12:00:36")}
    again = replace(state, ledger=ledgers.ledger(state.status(decision)), runs=())

    assert (found["CircuitOpen"].status, found["CircuitOpen"].reason) == (True, "CircuitOpen")
    assert "2026-06-01T12:01:05Z" in found["CircuitOpen"].message
    assert [judged(again, time) for time in ("12:01:04", "12:01:05")] == [Circuit.OPEN, Circuit.PROBING]
    closed = {c.type: c for c in a_breaker().judged(a_breaker().decided("12:00:06"), "12:00:06")}
    assert not closed["CircuitOpen"].status


def test_a_run_by_hand_is_no_probe() -> None:
    """It runs beside; yet it tells as much as any: its success closes the circuit."""
    by_hand = tripped().asking(run_now="x")
    decision = by_hand.decided("12:00:36")
    (manual,) = decision.flights
    beside = replace(by_hand, ledger=decision.ledger).with_run_of(manual, "12:01:05")
    done = by_hand.after(decision).with_run_of(manual, "12:01:00", Phase.SUCCEEDED)

    assert not isinstance(manual, Timed)
    assert judged(beside, "12:01:05") is Circuit.PROBING
    assert judged(done.after(done.decided("12:01:01")), "12:01:02") is Circuit.CLOSED
    assert unit("12:01:10") not in decision.flights
