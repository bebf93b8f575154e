"""What the world did meanwhile: Jobs that exist, and a spec that changed.

Law L9: an edit starts a new account from now; what was not sent is skipped, and what was sent keeps its answer.
Law L10: launched is what has a Job, whoever created it and whether or not its answer came.
"""

from dataclasses import replace

from torchtask.core import launch, slots
from torchtask.core import ledger as books
from torchtask.core.account import Ledger, Outcome, Result
from torchtask.core.errors import SpecReason
from torchtask.core.model import Reason, Run
from torchtask.core.spec import Spec
from torchtask.core.state import State
from torchtask.core.units import Instance, Manual, Timed, Unit, manual_key


def adopted(state: State) -> State:
    """Count what has a Job as launched (L10)."""
    if not state.flights and not any(_is_unknown(state.ledger, r.unit) for r in state.runs):
        return state
    seen = {r.unit: r for r in state.runs}
    noted = {o.unit for o in state.ledger.pending if o.result is Result.LAUNCHED}
    found = [r for r in seen.values() if _is_news(state, r, noted)]
    state = state.noting(
        Outcome(Result.LAUNCHED, r.unit, time=r.fire_time) for r in sorted(found, key=lambda r: r.fire_time)
    )
    return state.without(seen.keys() & state.flights.keys())


def _is_news(state: State, run: Run, noted: set[Unit]) -> bool:
    ledger, unit = state.ledger, run.unit
    if unit in noted:
        return False
    flight = state.flights.get(unit)
    if flight is not None:
        return flight.is_open
    return _is_unknown(ledger, unit) and run.suffix not in ledger.counted_runs


def _is_unknown(ledger: Ledger, unit: Unit) -> bool:
    match unit:
        case Timed(fire_time):
            return fire_time > ledger.decided_time or fire_time in ledger.queued
        case Manual(key):
            return key == ledger.open_key
        case Instance():
            return slots.is_news(ledger.slots, unit)


def followed(state: State, digest: str) -> tuple[State, bool]:
    """Start a new account when the spec says otherwise than the account's, once all that was sent is answered (L9).

    Also tells whether the account fits the spec: only then is anything placed.
    """
    task, ledger = state.task, state.ledger
    edited = ledger.digest != digest or task.generation > ledger.generation + 1
    if edited or task.problem is not None:
        reason = _reason(state)
        unsent = [u for u in launch.unsent(state.flights) if not isinstance(u, Manual)]
        queued = [Timed(t) for t in ledger.queued if Timed(t) not in state.flights]
        state = state.without([u for u in unsent if isinstance(u, Instance)])
        dropped = sorted({*queued, *(u for u in unsent if isinstance(u, Timed))})
        state = state.noting(Outcome(Result.SKIPPED, u, reason) for u in dropped)
        unread = not isinstance(task.spec, Spec)  # then nobody knows what to send once more
        sent = [u for u in state.flights if unread or not isinstance(u, Manual)]
        state = replace(state, flights=launch.lost(state.flights, sent, reason))
    ledger = state.ledger
    if not edited:
        fits = ledger.generation == task.generation
        return state if fits else replace(state, ledger=replace(ledger, generation=task.generation)), True
    if any(f.is_open and not isinstance(f.unit, Manual) for f in state.flights.values()):
        return state, False
    return replace(state, ledger=books.restarted(ledger, digest, task.generation, state.now)), True


def _reason(state: State) -> Reason | SpecReason:
    task = state.task
    if task.problem is not None:
        return task.problem.reason
    suspended = isinstance(task.spec, Spec) and task.spec.suspend
    return Reason.SUSPENDED if suspended else Reason.SPEC_CHANGED


def asked(state: State) -> State:
    """Open the account of a manual run that was asked for, in place of one that was not sent yet."""
    task, ledger = state.task, state.ledger
    if not task.run_now and not ledger.open_key:
        return state
    is_new = bool(task.run_now) and task.run_now != ledger.last_run_now
    key = manual_key(task.run_now) if is_new and not _is_daemon(task.spec) else ""
    unsent = [u for u in launch.unsent(state.flights) if isinstance(u, Manual)]
    stale = [u for u in unsent if u.key != key or task.problem is not None]  # in trouble it is asked for anew
    return replace(state.without(stale), ledger=books.with_manual(ledger, key))


def _is_daemon(spec: object) -> bool:
    return isinstance(spec, Spec) and spec.daemon is not None
