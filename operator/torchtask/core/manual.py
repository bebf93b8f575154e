"""Runs that a user asks for by the annotation `torchtask.dev/run-now`: one for each new nonce.

Law: a manual run is not due. It ignores suspension, window and circuit breaker; it waits for the instance limit, for a
hold and for the caps, as long as that takes. On EveryNode it is one run for each node that is ready.
Law: the nonce is done when its launches are complete, and is then remembered (`lastRunNow`).
"""

from dataclasses import replace

from torchtask.core import ledger as books
from torchtask.core.launch import wanted
from torchtask.core.nodes import allowed, on_every_node
from torchtask.core.spec import Spec
from torchtask.core.state import State
from torchtask.core.units import Manual


def placed(state: State, spec: Spec) -> State:
    """Launch what was asked for and finds room; close its account when nothing of it is left to launch."""
    key = state.ledger.open_key
    if not key or state.task.problem is not None:
        return state
    flights = {u: f for u, f in state.flights.items() if isinstance(u, Manual)}
    if any(u.key != key and f.is_open for u, f in flights.items()):
        return state  # an older one is not answered yet
    done = {o.unit for o in state.ledger.pending if isinstance(o.unit, Manual)}
    existing = state.existing()
    missing = [u for u in _units(state, spec, key) if u not in done and u not in existing]
    starting = _in_room(state, spec, missing)
    opened = any(isinstance(u, Manual) and f.is_open for u, f in state.flights.items())
    used = any(isinstance(r.unit, Manual) and r.unit.key == key for r in state.runs)  # so is a nonce of long ago
    if (done or used) and not missing and not opened:
        return replace(state, ledger=books.with_manual(state.ledger, "", done=state.task.run_now))
    return state.starting(wanted(u, state.now) for u in starting)


def _in_room(state: State, spec: Spec, units: list[Manual]) -> list[Manual]:
    """Name those that the instance limit leaves room for, unless a hold keeps back all of them."""
    limit = spec.overlap.limit
    if state.around.held is not None:
        return []
    if limit is None:
        return units
    if not spec.where.every_node:
        return units if state.taken() < limit else []
    taken = state.taken_on_nodes()
    return [u for u in units if taken[u.node] < limit]


def _units(state: State, spec: Spec, key: str) -> list[Manual]:
    nodes = state.around.nodes or ()
    if spec.where.every_node:
        return [Manual(key, node) for node in on_every_node(spec, nodes).ready]
    return [] if allowed(spec.where, nodes) == () else [Manual(key)]
