"""Runs by hand to decide on: `asked()` is a task that is to run once, now, for the nonce `first`."""

from dataclasses import replace
from typing import Any

from tests.scenario import Scenario, a_task
from torchtask.core.decide import Decision
from torchtask.core.launch import Attempt, Launch
from torchtask.core.status import Sight, render_status
from torchtask.core.units import Manual, manual_key
from torchtask.core.wire import ledgers

NEVER = "0 0 0 1 1 *"
FIRST, SECOND = Manual(manual_key("first")), Manual(manual_key("second"))


def asked(schedule: str = NEVER, nonce: str = "first", **spec: Any) -> Scenario:
    """Ask a task for a run."""
    when = "" if {"at", "daemon"} & spec.keys() else schedule
    return a_task(when, **spec).since("12:00:00").asking(run_now=nonce)


def started(decision: Decision) -> list[Manual]:
    """Name the manual runs that are launched."""
    return [a.unit for a in decision.actions if isinstance(a, Launch) and isinstance(a.unit, Manual)]


def sent(state: Scenario, unit: Manual = FIRST, time: str = "12:00:01", **changes: Any) -> Scenario:
    """Decide, and say that a launch is under way."""
    state = state.after(state.decided(time))
    flight = replace(state.flights[unit], attempt=Attempt.SENT, **{"asking": True, **changes})
    return replace(state, flights={**state.flights, unit: flight})


def restarted(state: Scenario, decision: Decision) -> Scenario:
    """Write the status, and begin anew from it."""
    written = render_status(state.task, decision.ledger, Sight())
    return replace(state, ledger=ledgers.ledger(written), flights={})
