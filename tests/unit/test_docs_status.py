"""`docs/status.md` explains every reason and condition, and says of each what is true: each line is decided here."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.crd.schema import places
from tests.pages import codes, page, tables
from tests.scenario import Scenario, a_task, at, document
from torchtask.core.conditions import conditions
from torchtask.core.decide import Decision
from torchtask.core.ends import EndReason
from torchtask.core.errors import SpecReason
from torchtask.core.launch import Answer, Attempt, InFlight, settle
from torchtask.core.ledger import noted
from torchtask.core.model import Phase, Reason
from torchtask.core.wire import tasks

STATUS = tables(page("status.md"))
EVERY_TEN = "*/10 * * * * *"


def _queue(**edit: Any) -> Decision:
    """Edit a task of which one fire time waits."""
    state = a_task(EVERY_TEN, concurrencyPolicy="Queue").since("12:00:05").with_run("12:00:00").queued("12:00:01")
    return state.edited(**{"schedule": EVERY_TEN, "concurrencyPolicy": "Queue", **edit}).decided("12:00:06")


def _answered(answer: Answer) -> Decision:
    """Answer the launch of 12:00:10."""
    state, now = a_task(EVERY_TEN).since("12:00:05"), at("12:00:10")
    flight = InFlight(now, now, now, Attempt.COLLIDED if answer is Answer.FOREIGN else Attempt.SENT)
    outcome = settle(flight, answer, now)[1]
    assert outcome is not None
    assert state.ledger is not None
    return replace(state, ledger=noted(state.ledger, [outcome])).decided("12:00:10.5")


def _broken() -> Decision:
    """Let fire times of a task pass whose template the API server refuses."""
    state = a_task(EVERY_TEN).since("12:00:05")
    return replace(state, task=replace(state.task, template_error="no")).decided("12:00:15")


def _refused() -> Decision:
    return a_task(EVERY_TEN).since("12:00:10").with_flight("12:00:10", Attempt.REFUSED).decided("12:00:20")


def _waiting(*times: str, **spec: Any) -> Decision:
    return a_task(EVERY_TEN, **spec).since("12:00:05").with_run("12:00:00").queued(*times).decided("12:00:10")


CAUSES: dict[str, Callable[[], Decision]] = {
    Reason.MAX_INSTANCES: _waiting,
    Reason.QUEUE_FULL: lambda: _waiting("12:00:01", concurrencyPolicy="Queue", queueLimit=1),
    Reason.REPLACED: lambda: _waiting("12:00:01", concurrencyPolicy="Replace"),
    Reason.DEADLINE: lambda: _waiting("12:00:01", concurrencyPolicy="Queue", startingDeadlineSeconds=5),
    Reason.DOWNTIME: lambda: a_task(EVERY_TEN).since("11:59:35").decided("12:00:02"),
    Reason.REJECTED: lambda: _answered(Answer.REJECTED),
    Reason.REFUSED: _refused,
    Reason.NAME_TAKEN: lambda: _answered(Answer.FOREIGN),
    Reason.SPEC_CHANGED: lambda: _queue(timeZone="Asia/Tokyo"),
    Reason.SUSPENDED: lambda: _queue(suspend=True),
    SpecReason.INVALID_SCHEDULE: lambda: _queue(schedule="75 * * * * *"),
    SpecReason.UNKNOWN_TIME_ZONE: lambda: _queue(timeZone="Nowhere/Town"),
    SpecReason.INVALID_SPEC: lambda: _queue(jitterSeconds=-1),
    SpecReason.TEMPLATE_INVALID: _broken,
}


def test_every_reason_is_on_the_page_and_counted_as_it_says() -> None:
    """Whoever reads a reason in a status finds what it means and what to do."""
    rows = STATUS["reason | counted as | because | what to do"]
    listed = {reason: row[1] for row in rows for reason in codes(row[0])}
    counted = {}
    for reason, cause in CAUSES.items():
        ledger = cause().ledger
        ledger = noted(replace(ledger, accounted_time=ledger.decided_time, pending=()), ledger.pending)
        assert {n.reason for n in ledger.not_launched} == {reason}
        counted[reason] = {(True, False): "skipped", (False, True): "missed"}[
            ledger.counts.skipped > 0, ledger.counts.missed > 0
        ]

    assert set(listed) == {*Reason, *SpecReason}
    assert listed == counted


def _at(moment: str = "12:00:10", **spec: Any) -> Scenario:
    """Begin with a task that runs once."""
    fields = document(created="11:59:30", at=f"2026-06-01T{moment}Z", **spec)
    del fields["spec"]["schedule"]
    return Scenario(tasks.task(fields, at("12:00:00"))).since("11:59:30")


def _until(last: str) -> Scenario:
    return a_task(EVERY_TEN, notAfter=f"2026-06-01T{last}Z").since("12:00:05")


def _suspended_at() -> Scenario:
    """Begin with an `at` that passed while suspended, and is resumed."""
    state = _at(suspend=True)
    return replace(state.after(state.decided("12:01:00")), task=replace(_at().task, generation=2))


def _template_error() -> Scenario:
    state = a_task()
    return replace(state, task=replace(state.task, template_error="no"))


STANDING: tuple[tuple[Scenario, set[str]], ...] = (
    (a_task().since("12:00:05"), {"Ready True `Scheduled`", "Suspended False `NotSuspended`"}),
    (a_task(suspend=True), {"Ready True `Suspended`", "Suspended True `Suspended`"}),
    (_until("12:00:08"), {"Ready True `Complete`", "Suspended False `NotSuspended`", "Complete True `WindowClosed`"}),
    (a_task("75 * * * * *"), {"Ready False `InvalidSchedule`", "Suspended False `NotSuspended`"}),
    (a_task(timeZone="Nowhere/Town"), {"Ready False `UnknownTimeZone`", "Suspended False `NotSuspended`"}),
    (a_task(jitterSeconds=-1), {"Ready False `InvalidSpec`", "Suspended False `NotSuspended`"}),
    (_template_error(), {"Ready False `TemplateInvalid`", "Suspended False `NotSuspended`"}),
    (
        _at().with_run("12:00:10", Phase.SUCCEEDED),
        {"Ready True `Complete`", "Suspended False `NotSuspended`", "Complete True `Completed`"},
    ),
    (
        _at().with_run("12:00:10", Phase.FAILED, reason="Error"),
        {"Ready True `Complete`", "Suspended False `NotSuspended`", "Failed True the run's"},
    ),
    (_at("11:00:00"), {"Ready True `Complete`", "Suspended False `NotSuspended`", "Failed True `InThePast`"}),
    (
        _at(catchUp="None"),
        {"Ready True `Complete`", "Suspended False `NotSuspended`", "Failed True that of `notLaunched`"},
    ),
    (_suspended_at(), {"Ready True `Complete`", "Suspended False `NotSuspended`", "Failed True `NotRun`"}),
)


def _standing(state: Scenario, now: str) -> set[str]:
    decision = state.decided(now)
    reasons = {n.reason: "that of `notLaunched`" for n in decision.ledger.not_launched}
    reasons |= {r.reason: "the run's" for r in state.runs if r.phase is Phase.FAILED}
    judged = conditions(state.task, decision.ledger, (), at(now), over=decision.over)
    return {f"{c.type} {c.status} {reasons.get(c.reason, f'`{c.reason}`')}" for c in judged}


def test_the_table_of_conditions_is_what_tasks_say() -> None:
    """Each line stands on some task, and no task says more."""
    found = [(_standing(state, "12:01:10"), expected) for state, expected in STANDING]
    rows = {" ".join((*codes(row[0]), *codes(row[1]), row[2])) for row in STATUS["type | status | reason | when"]}

    assert [said for said, _ in found] == [expected for _, expected in found]
    assert rows == {line for said, _ in found for line in said}


def test_every_end_of_a_run_is_on_the_page() -> None:
    """Our own words for how runs end are explained."""
    assert set(EndReason) <= {code for row in STATUS["reason | exit code | when"] for code in codes(row[0])}


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
