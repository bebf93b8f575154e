"""`docs/status.md` explains every reason and condition, and says of each what is true: each line is decided here."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.crd.schema import places
from tests.pages import codes, page, tables
from tests.scenario import Scenario, a_task, at, document, unit
from torchtask.core.account import Ended, Slot
from torchtask.core.decide import Decision
from torchtask.core.ends import EndReason
from torchtask.core.errors import SpecReason
from torchtask.core.events import EventReason
from torchtask.core.launch import Answer, Attempt, Reply, settle
from torchtask.core.ledger import noted
from torchtask.core.model import Phase, Reason
from torchtask.core.nodes import Node
from torchtask.core.wire import tasks

STATUS = tables(page("status.md"))
EVERY_TEN = "*/10 * * * * *"


def _queue(**edit: Any) -> Decision:
    """Edit a task of which one fire time waits."""
    state = a_task(EVERY_TEN, concurrencyPolicy="Queue").since("12:00:05").with_run("12:00:00").queued("12:00:01")
    return state.edited(**{"schedule": EVERY_TEN, "concurrencyPolicy": "Queue", **edit}).decided("12:00:06")


def _answered(answer: Answer) -> Decision:
    """Answer the launch of 12:00:10."""
    state = a_task(EVERY_TEN).since("12:00:05")
    state = state.after(state.decided("12:00:10"), sent="12:00:10")
    flight = state.flights[unit("12:00:10")]
    _, outcome = settle(replace(flight, attempt=Attempt.COLLIDED), Reply(answer), at("12:00:11"))
    assert outcome is not None
    assert state.ledger is not None
    return replace(state, ledger=noted(state.ledger, [outcome]), flights={}).decided("12:00:11")


def _broken() -> Decision:
    """Let fire times of a task pass whose template the API server refuses."""
    state = a_task(EVERY_TEN).since("12:00:05")
    return replace(state, task=replace(state.task, template_error="no")).decided("12:00:15")


def _crowd() -> Scenario:
    """Begin with a task that is one too many."""
    state = a_task(EVERY_TEN).since("12:00:05")
    return replace(state, task=replace(state.task, crowded=True))


def _kept_back(attempt: Attempt) -> Decision:
    return a_task(EVERY_TEN).since("12:00:10").with_flight("12:00:10", attempt).decided("12:00:20")


def _tripped(failures: int = 5) -> Scenario:
    """Begin with a task that failed just now, so often."""
    failure = Ended("report-1", at("12:00:00"), Phase.FAILED, completion_time=at("12:00:05"))
    state = a_task(EVERY_TEN, circuitBreaker={"failureThreshold": 5, "probeAfterSeconds": 300}).since("12:00:05")
    assert state.ledger is not None
    return replace(state, ledger=replace(state.ledger, consecutive_failures=failures, last_failure=failure))


def _on_nodes(*nodes: Node) -> Decision:
    return replace(a_task(EVERY_TEN, runOn="EveryNode").since("12:00:05"), nodes=nodes).decided("12:00:10")


def _waiting(*times: str, **spec: Any) -> Decision:
    return a_task(EVERY_TEN, **spec).since("12:00:05").with_run("12:00:00").queued(*times).decided("12:00:10")


SKIPPED: tuple[tuple[str, Callable[[], Decision]], ...] = (
    (Reason.MAX_INSTANCES, _waiting),
    (Reason.QUEUE_FULL, lambda: _waiting("12:00:01", concurrencyPolicy="Queue", queueLimit=1)),
    (Reason.REPLACED, lambda: _waiting("12:00:01", concurrencyPolicy="Replace")),
    (Reason.NAME_TAKEN, lambda: _answered(Answer.FOREIGN)),
    (Reason.HELD, lambda: replace(a_task(EVERY_TEN).since("12:00:05"), held="a move").decided("12:00:10")),
    (Reason.CIRCUIT_OPEN, lambda: _tripped().decided("12:00:10")),
    (Reason.NODE_NOT_READY, lambda: _on_nodes(Node("worker-1", {}, (), (), ready=False))),
    (Reason.NO_NODE, _on_nodes),
    (Reason.SPEC_CHANGED, lambda: _queue(timeZone="Asia/Tokyo")),
    (Reason.SUSPENDED, lambda: _queue(suspend=True)),
    (Reason.SUSPENDED, lambda: _at(suspend=True).decided("12:00:10")),
    (SpecReason.INVALID_SCHEDULE, lambda: _queue(schedule="75 * * * * *")),
    (SpecReason.UNKNOWN_TIME_ZONE, lambda: _queue(timeZone="Nowhere/Town")),
    (SpecReason.INVALID_SPEC, lambda: _queue(jitterSeconds=-1)),
    (SpecReason.TEMPLATE_INVALID, _broken),
    (SpecReason.LIMIT_REACHED, lambda: _crowd().decided("12:00:15")),
)
MISSED: tuple[tuple[str, Callable[[], Decision]], ...] = (
    (Reason.DEADLINE, lambda: _waiting("12:00:01", concurrencyPolicy="Queue", startingDeadlineSeconds=5)),
    (Reason.DOWNTIME, lambda: a_task(EVERY_TEN).since("11:59:35").decided("12:00:02")),
    (Reason.REJECTED, lambda: _answered(Answer.REJECTED)),
    (Reason.REFUSED, lambda: _kept_back(Attempt.REFUSED)),
    (Reason.LIMIT_REACHED, lambda: _kept_back(Attempt.WANTED)),
)


@pytest.mark.parametrize(("reason", "cause"), [*SKIPPED, *MISSED])
def test_a_reason_is_counted_as_the_page_says(reason: str, cause: Callable[[], Decision]) -> None:
    """Each cause leaves one reason, and is skipped or missed, not both."""
    ledger = cause().ledger
    ledger = noted(replace(ledger, accounted_time=ledger.decided_time, pending=()), ledger.pending)

    assert {n.reason for n in ledger.not_launched} == {reason}
    assert (ledger.counts.skipped > 0, ledger.counts.missed > 0) == (
        (reason, cause) in SKIPPED,
        (reason, cause) in MISSED,
    )


def test_every_reason_is_on_the_page() -> None:
    """Whoever reads a reason in a status finds what it means and what to do."""
    rows = STATUS["reason | counted as | because | what to do"]
    listed = {(reason, row[1]) for row in rows for reason in codes(row[0])}

    assert listed == {(r, "skipped") for r, _ in SKIPPED} | {(r, "missed") for r, _ in MISSED}
    assert {reason for reason, _ in listed} == {*Reason, *SpecReason}


def _unscheduled(**spec: Any) -> Scenario:
    fields = document(created="11:59:30", **spec)
    return Scenario(tasks.task(fields, at("12:00:00"))).since("11:59:30")


def _at(moment: str = "12:00:10", **spec: Any) -> Scenario:
    """Begin with a task that runs once."""
    return _unscheduled(at=f"2026-06-01T{moment}Z", **spec)


def _until(last: str) -> Scenario:
    return a_task(EVERY_TEN, notAfter=f"2026-06-01T{last}Z").since("12:00:05")


def _suspended_at() -> Scenario:
    """Begin with an `at` that passed while suspended, and is resumed."""
    state = _at(suspend=True)
    return replace(state.after(state.decided("12:01:00")), task=replace(_at().task, generation=2))


def _set_late() -> Scenario:
    """Begin with an `at` that an edit sets to a moment of the past."""
    return replace(_until("13:00:00"), task=replace(_at().task, generation=2))


def _limited(message: str) -> Scenario:
    return a_task().since("12:01:10").with_flight("12:01:10", Attempt.WANTED, message=message)


def _fatal() -> Scenario:
    """Begin with a daemon whose only instance was given up."""
    state = _unscheduled(daemon={})
    assert state.ledger is not None
    return replace(state, ledger=replace(state.ledger, slots=(Slot(0, attempt=4, failed_starts=4),)))


def _everywhere(number: int) -> Scenario:
    """Begin with a daemon on so many nodes."""
    state = _unscheduled(daemon={}, runOn="EveryNode")
    return replace(state, nodes=tuple(Node(f"n{i}", {}, (), (), ready=True) for i in range(number)))


def _template_error() -> Scenario:
    state = a_task()
    return replace(state, task=replace(state.task, template_error="no"))


NOT_SUSPENDED = {"Suspended False `NotSuspended`"}
READY, OVER = NOT_SUSPENDED | {"Ready True `Scheduled`"}, NOT_SUSPENDED | {"Ready True `Complete`"}
STANDING: tuple[tuple[Scenario, set[str]], ...] = (
    (a_task().since("12:00:05"), READY),
    (a_task(suspend=True), {"Ready True `Suspended`", "Suspended True `Suspended`"}),
    (_until("12:00:08"), OVER | {"Complete True `WindowClosed`"}),
    (a_task("75 * * * * *"), NOT_SUSPENDED | {"Ready False `InvalidSchedule`"}),
    (a_task(timeZone="Nowhere/Town"), NOT_SUSPENDED | {"Ready False `UnknownTimeZone`"}),
    (a_task(jitterSeconds=-1), NOT_SUSPENDED | {"Ready False `InvalidSpec`"}),
    (_template_error(), NOT_SUSPENDED | {"Ready False `TemplateInvalid`"}),
    (_at().with_run("12:00:10", Phase.SUCCEEDED), OVER | {"Complete True `Completed`"}),
    (_at().with_run("12:00:10", Phase.FAILED, reason="Error"), OVER | {"Failed True the run's"}),
    (_at("11:00:00"), OVER | {"Failed True `InThePast`"}),
    (_at(catchUp="None"), OVER | {"Failed True that of `notLaunched`"}),
    (_suspended_at(), OVER | {"Failed True that of `notLaunched`"}),
    (_set_late(), OVER | {"Failed True `NotRun`"}),
    (replace(a_task().since("12:00:05"), held="a move"), NOT_SUSPENDED | {"Ready True `Held`"}),
    (_crowd(), NOT_SUSPENDED | {"Ready False `LimitReached`"}),
    (_limited("too many runs are active"), READY | {"LimitReached True `LimitReached`"}),
    (_limited("TooManyWaiting: 200 Jobs have no Pod"), READY | {"LimitReached True `TooManyWaiting`"}),
    (_everywhere(1_001), READY | {"LimitReached True `TooManyInstances`"}),
    (_everywhere(1_000), READY),
    (_tripped(), READY | {"CircuitOpen True `CircuitOpen`"}),
    (_tripped(failures=4), READY | {"CircuitOpen False `Closed`"}),
    (_fatal(), OVER | {"Failed True `Fatal`"}),
)
LATE: tuple[tuple[int, set[str]], ...] = ((1_000, set()), (1_001, {"Late True `LaunchesLate`"}))


def _standing(state: Scenario, now: str, late: int | None = None) -> set[str]:
    decision = state.decided(now)
    reasons = {n.reason: "that of `notLaunched`" for n in decision.ledger.not_launched}
    reasons |= {r.reason: "the run's" for r in state.runs if r.phase is Phase.FAILED}
    judged = state.judged(decision, now, late)
    words = {c: reasons.get(c.reason) if c.type == "Failed" else None for c in judged}
    return {f"{c.type} {c.status} {words[c] or f'`{c.reason}`'}" for c in judged}


def test_the_table_of_conditions_is_what_tasks_say() -> None:
    """Each line stands on some task, and no task says more."""
    found = [(_standing(state, "12:01:10"), expected) for state, expected in STANDING]
    found += [(_standing(STANDING[0][0], "12:00:06", late), READY | said) for late, said in LATE]
    rows = {" ".join((*codes(row[0]), *codes(row[1]), row[2])) for row in STATUS["type | status | reason | when"]}

    assert [said for said, _ in found] == [expected for _, expected in found]
    assert rows == {line for said, _ in found for line in said}


def test_every_end_of_a_run_is_on_the_page() -> None:
    """Our own words for how runs end are explained."""
    assert set(EndReason) <= {code for row in STATUS["reason | exit code | when"] for code in codes(row[0])}


def test_every_event_is_on_the_page() -> None:
    """With its type."""
    told = {row[0].strip("`"): row[1] for row in STATUS["reason | type | when"]}

    assert told == {str(reason): "Normal" if reason.is_normal else "Warning" for reason in EventReason}


def test_commands_wait_for_what_is_there() -> None:
    """A command that is copied from the page comes back."""
    types = {codes(row[0])[0] for row in STATUS["type | status | reason | when"]}
    waited = re.findall(r"--for=condition=(\w+)", page("status.md"))
    read = re.findall(r"--for=jsonpath='\{\.(\S+)\}'", page("status.md")) + re.findall(
        r"--field-selector=(\S+)=", page("status.md")
    )

    assert set(waited) <= types
    assert set(read) <= {place for place, _ in places()}
    assert (len(waited), len(read)) == (2, 2)
