"""The hold: which namespaces launch nothing, as a ConfigMap says it, and what becomes of their tasks meanwhile."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scenario import Scenario, a_task, at, launches, reasons, unit
from torchtask.core.hold import NO_HOLD, hold
from torchtask.core.launch import Answer, Attempt, LookUp

ALL = {"a", "team-b", "kube-system"}


def config_map(**data: str) -> dict[str, Any]:
    """Write a ConfigMap."""
    return {"metadata": {"name": "torchtask-hold"}, "data": data}


@pytest.mark.parametrize(
    ("namespaces", "held"),
    [
        ("*", ALL),
        ("a", {"a"}),
        ("a,team-b", {"a", "team-b"}),
        (" a ,\tteam-b ", {"a", "team-b"}),
        ("a\nteam-b\n", {"a", "team-b"}),
        ("a,,a", {"a"}),
        ("elsewhere", set()),
        ("a, *", ALL),
        ("", ALL),
        (" \n", ALL),
        (",", ALL),
        ("team-*", ALL),
        ("A", ALL),
        ('["a"]', ALL),
        ("a;team-b", ALL),
        ("x" * 64, ALL),
    ],
)
def test_which_namespaces_are_held(namespaces: str, held: set[str]) -> None:
    """`*`, or a list; what is blank or cannot be the name of a namespace holds all of them."""
    assert {name for name in ALL if hold(config_map(namespaces=namespaces)).covers(name)} == held


@pytest.mark.parametrize("document", [{}, {"data": None}, {"data": {}}, {"binaryData": {"x": "eA=="}}, config_map()])
def test_a_config_map_that_names_none_holds_all(document: dict[str, Any]) -> None:
    """`kubectl create configmap torchtask-hold` is enough."""
    assert hold(document).everywhere


def test_without_a_config_map_nothing_is_held() -> None:
    """This is how a hold ends: it is deleted."""
    assert hold(None) == NO_HOLD
    assert not any(map(NO_HOLD.covers, ALL))


def test_the_reason_is_told_within_bounds() -> None:
    """It ends up in the status of every task that is held."""
    assert hold(config_map(namespaces="a")).reason == ""
    assert hold(config_map(reason=" moving house\n")).reason == "moving house"
    assert hold(config_map(reason="x" * 300)).reason == "x" * 256


@given(st.text(), st.text(), st.sampled_from(sorted(ALL)))
def test_any_text_is_understood(namespaces: str, reason: str, name: str) -> None:
    """It says `everywhere` or names some namespaces, never neither."""
    found = hold(config_map(namespaces=namespaces, reason=reason))

    assert found.everywhere != bool(found.namespaces)
    assert found.covers(name) == (found.everywhere or name in found.namespaces)
    assert len(found.reason) <= 256


def held(schedule: str = "*/10 * * * * *", reason: str = "moving", **spec: Any) -> Scenario:
    """Begin with a task whose namespace is held."""
    return replace(a_task(schedule, **spec).since("12:00:05"), held=reason)


@pytest.mark.parametrize("policy", ["Forbid", "Allow", "Queue", "Replace"])
def test_fire_times_under_a_hold_are_skipped(policy: str) -> None:
    """And not made up for: released, the task goes on with the next one."""
    decision = held(concurrencyPolicy=policy).decided("12:00:10")
    released = replace(held(concurrencyPolicy=policy).after(decision), held=None)

    assert decision.flights == {}
    assert reasons(decision) == {"Held": 1}
    assert launches(released.decided("12:00:19")) == []
    assert launches(released.decided("12:00:20")) == ["12:00:20"]


def test_what_waited_in_the_queue_waits_on() -> None:
    """It was due before the hold began, and is started when that is over."""
    state = held(concurrencyPolicy="Queue").queued("12:00:04")
    decision = state.decided("12:00:06")

    assert decision.ledger.queued == (at("12:00:04"),)
    assert launches(decision) == []
    assert launches(replace(state.after(decision), held=None).decided("12:00:07")) == ["12:00:04"]


def test_what_runs_once_waits_for_the_end_of_a_hold() -> None:
    """There is no other fire time."""
    state = replace(a_task(at="2026-06-01T12:00:10Z").since("12:00:05"), held="moving")
    state = state.after(state.decided("12:00:10"))
    waiting = state.decided("13:00:00")

    assert [f.attempt for f in waiting.flights.values()] == [Attempt.WANTED]
    assert (reasons(waiting), waiting.over) == ({}, False)


@pytest.mark.parametrize(("attempt", "expected"), [(Attempt.WANTED, {"Held": 1}), (Attempt.REFUSED, {"Held": 1})])
def test_what_waits_unsent_is_skipped_when_a_hold_begins(attempt: Attempt, expected: dict[str, int]) -> None:
    """Its hour has passed when the hold is over."""
    assert reasons(held().with_flight("12:00:05", attempt).decided("12:00:06")) == expected


@pytest.mark.parametrize(("answer", "launched", "told"), [(Answer.OURS, 1, {}), (Answer.ABSENT, 0, {"Held": 1})])
def test_what_was_sent_is_looked_up_when_a_hold_begins(answer: Answer, launched: int, told: dict[str, int]) -> None:
    """It is not asked for again; it may have its Job already (L7)."""
    state = held().with_flight("12:00:05", Attempt.SENT)
    decision = state.decided("12:00:06")
    heard = state.after(decision).heard(unit("12:00:05"), answer, "12:00:07").decided("12:00:07")

    assert decision.actions == (LookUp(unit("12:00:05")),)
    assert (heard.ledger.counts.launched, reasons(heard)) == (launched, told)


@pytest.mark.parametrize(("reason", "message"), [("moving", "moving"), ("", "no reason is given")])
def test_a_task_that_is_held_says_so(reason: str, message: str) -> None:
    """It is accepted all the same, so it is Ready."""
    state = held(reason=reason)
    ready = next(c for c in state.judged(state.decided("12:00:06"), "12:00:06") if c.type == "Ready")

    assert (ready.status, ready.reason) == (True, "Held")
    assert message in ready.message


def test_what_runs_once_waits_on_when_it_turns_out_not_to_be_launched() -> None:
    """Its request had no answer when the hold began: it is looked up, and wanted as before."""
    state = replace(a_task(at="2026-06-01T12:00:10Z").since("12:00:05"), held="moving")
    state = state.with_flight("12:00:10", Attempt.SENT, patient=True)
    looked = state.after(state.decided("12:00:12")).heard(unit("12:00:10"), Answer.ABSENT, "12:00:12")
    decision = looked.decided("12:00:13")

    assert decision.flights[unit("12:00:10")].attempt is Attempt.WANTED
    assert decision.ledger.counts.skipped == 0
