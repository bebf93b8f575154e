"""Daemons to decide on: `running(a_daemon(copies=2), Instance(0, 1))` runs since 12:00:00, and is counted."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.scenario import Scenario, a_task, at
from torchtask.core.daemon import SlotState, revision, states
from torchtask.core.decide import Decision, Stop
from torchtask.core.launch import Launch
from torchtask.core.model import Phase
from torchtask.core.spec import Spec
from torchtask.core.state import State, Surroundings
from torchtask.core.status import Sight
from torchtask.core.units import Instance, Unit


def a_daemon(*, copies: int = 1, where: dict[str, Any] | None = None, **options: Any) -> Scenario:
    """Begin with a daemon whose account is open, under the template that it has; `where` are fields of its spec."""
    state = a_task(daemon=options, maxInstances=copies, **(where or {})).since("12:00:00")
    return state.with_account(template=template(state))


def template(state: Scenario) -> str:
    """Return what stands for the template that instances are to have."""
    assert isinstance(state.task.spec, Spec)
    return revision(state.task, state.task.spec)


def running(state: Scenario, *instances: Instance, started: bool = True, **changes: Any) -> Scenario:
    """Add Jobs that run since 12:00:00, of the template that is wanted, and count and write their launches."""
    for unit in instances:
        fields = {"template": template(state), "start_time": at("12:00:00"), "started": started, **changes}
        state = state.with_run_of(unit, "12:00:00", **fields)
    decision = state.decided("12:00:01")
    return state.after(decision).written()


def edited(state: Scenario, **spec: Any) -> Scenario:
    """Apply another spec of a daemon; the generation is the next."""
    fields = {"daemon": {}, "maxInstances": 1, **spec}
    return state.edited(generation=state.task.generation + 1, **fields)


def without(state: Scenario, *units: Instance) -> Scenario:
    """Let Jobs be gone."""
    return replace(state, runs=tuple(r for r in state.runs if r.unit not in units))


def ended(
    state: Scenario, phase: Phase = Phase.FAILED, time: str = "12:00:10", ran: float = 5, **more: Any
) -> Scenario:
    """End every active run."""
    end = {"phase": phase, "completion_time": at(time), "ran": timedelta(seconds=ran), "started": True, **more}
    return replace(state, runs=tuple(r if r.finished else replace(r, **end) for r in state.runs))


def started(decision: Decision) -> list[str]:
    """Name the attempts that are launched, as `slot-attempt`, and on which node."""
    return _named(a.unit for a in decision.actions if isinstance(a, Launch))


def stopped(decision: Decision) -> list[str]:
    """Name the attempts that are stopped."""
    return _named(a.run.unit for a in decision.actions if isinstance(a, Stop))


def _named(units: Iterable[Unit]) -> list[str]:
    return [f"{u.slot}-{u.attempt}{u.node and ' on '}{u.node}" for u in units if isinstance(u, Instance)]


def slot_states(state: Scenario, decision: Decision, time: str) -> list[SlotState]:
    """Tell how the slots are after a decision."""
    return [kind for _, kind in sight(state, decision, time).slots]


def sight(state: Scenario, decision: Decision, time: str) -> Sight:
    """See what a status tells of the slots after a decision."""
    spec = state.task.spec
    assert isinstance(spec, Spec)
    assert spec.daemon is not None
    around = Surroundings(state.taken_over, state.nodes, state.held)
    known = State(state.task, decision.ledger, state.runs, decision.flights, at(time), around)
    return Sight(slots=tuple(states(known, spec, spec.daemon)))
