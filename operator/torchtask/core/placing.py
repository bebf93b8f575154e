"""The fire times since the last decision: each gets its outcome, a place in the queue, or a launch.

Law L1: on EveryNode a fire time has one unit for each matching node; a node that is not ready is skipped
`NodeNotReady`, and no node at all is one skipped `NoNode`.
Law L4: oldest first: the starting deadline, the instance limit, then the caps (which are not looked at here).
Law L6: what the caps hold back, or the server refuses, is missed when the next fire time comes; under Queue it waits in
the queue instead. Under Replace what found room less than a second before was held back by nothing, and is replaced.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

from torchtask.core import launch
from torchtask.core import ledger as books
from torchtask.core.account import Ledger, Outage, Outcome, Result
from torchtask.core.breaker import Circuit, circuit
from torchtask.core.due import Due, due, reach
from torchtask.core.errors import SpecError
from torchtask.core.instants import SECOND
from torchtask.core.launch import Attempt, wanted
from torchtask.core.model import Reason
from torchtask.core.nodes import allowed, on_every_node
from torchtask.core.overlap import Placed, place
from torchtask.core.spec import ConcurrencyPolicy, Spec
from torchtask.core.state import State
from torchtask.core.units import Timed

Skips = tuple[Outcome, ...]


def given_up(state: State, spec: Spec) -> State:
    """Miss what waited past its deadline (L4), and what was held back until the next fire time came (L6)."""
    if not state.ledger.queued and not state.flights:
        return state
    waiting = _waiting(state)
    reasons = {u: Reason.DEADLINE for u in waiting if spec.too_late(u.fire_time, state.now)}
    for unit in waiting:
        reason = _held_back(state, spec, unit) if unit in state.flights and unit not in reasons else None
        if reason is not None:
            reasons[unit] = reason
    queueing = spec.overlap.policy is ConcurrencyPolicy.QUEUE
    kept = [u for u, r in reasons.items() if queueing and r is Reason.LIMIT_REACHED]
    ledger = books.with_queue(state.ledger, {*state.ledger.queued, *(u.fire_time for u in kept)})
    state = replace(state, ledger=ledger).without(kept)
    given = ((u, r) for u, r in sorted(reasons.items()) if u not in kept)
    return state.noting(_outcome(state, u, r) for u, r in given)


def _waiting(state: State) -> list[Timed]:
    """Name what is to start and was not sent: in the queue, and among the launches."""
    queued = [Timed(t) for t in state.ledger.queued if Timed(t) not in state.flights]
    return [*queued, *(u for u in launch.unsent(state.flights) if isinstance(u, Timed))]


def _held_back(state: State, spec: Spec, unit: Timed) -> Reason | None:
    """Tell why an unsent launch is given up; None: it waits on. In a queue it is not held back, but waits its turn."""
    flight, is_queued = state.flights[unit], unit.fire_time in state.ledger.queued
    if flight.patient or (is_queued and spec.overlap.policy is ConcurrencyPolicy.QUEUE):
        return None
    if state.around.held is not None:
        return None if is_queued else Reason.HELD
    begun = flight.begun_time or flight.decided_time
    following = spec.schedule.after(begun)
    if following is None or following > state.now:
        return None
    if flight.attempt is Attempt.REFUSED:
        return Reason.REFUSED
    is_replaced = spec.overlap.policy is ConcurrencyPolicy.REPLACE and state.now - begun < SECOND
    return Reason.REPLACED if is_replaced else Reason.LIMIT_REACHED


def expiry_times(state: State, spec: Spec) -> tuple[datetime, ...]:
    """Say when the deadline of what waits longest passes: then it must not be sent any more (L4)."""
    waiting = _waiting(state) if spec.deadline is not None else ()
    if spec.deadline is None or not waiting:
        return ()
    return (spec.launch_time(min(waiting).fire_time) + spec.deadline + timedelta.resolution,)


def _outcome(state: State, unit: Timed, reason: Reason) -> Outcome:
    result = Result.SKIPPED if reason in (Reason.HELD, Reason.REPLACED) else Result.MISSED
    message = state.flights[unit].message if unit in state.flights else ""
    return Outcome(result, unit, reason, message=message)


def doubted(state: State, spec: Spec) -> State:
    """Look up what was sent and should not start any more: it is past its deadline, or held (L7)."""
    sent = [f for f in state.flights.values() if f.is_sent]
    late = [f.unit for f in sent if isinstance(f.unit, Timed) and spec.too_late(f.fire_time, state.now)]
    flights = launch.lost(state.flights, late, Reason.DEADLINE) if late else state.flights
    if sent and state.around.held is not None:
        flights = launch.lost(flights, [f.unit for f in sent], Reason.HELD)
    return state if flights is state.flights else replace(state, flights=flights)


def placed(state: State, spec: Spec) -> State:
    """Decide the fire times up to now; where nothing is to be decided the state stays as it is."""
    ledger = books.with_following(state.ledger, spec.schedule)
    again = _retried(state)
    if not again and not ledger.queued and _is_idle(ledger, state.now):
        return state if ledger is state.ledger else replace(state, ledger=ledger)
    decided, until = ledger.decided_time, reach(spec, state.now)
    if spec.suspend:
        return _suspended(state, spec, until)
    if state.task.problem is not None:
        skipped_all = _skip_all(spec, decided, until, state.task.problem)
        return replace(state, ledger=books.decided(ledger, until)).noting(skipped_all)
    started = {u.fire_time for u in state.existing() if isinstance(u, Timed) and u.fire_time > decided}
    found = due(spec, decided, state.now, started, ledger.following) if until > decided else Due()
    past = {t for t in found.times if spec.too_late(t, state.now)}
    missed = [Outcome(Result.MISSED, Timed(t), Reason.DEADLINE) for t in sorted(past.difference(started))]
    fresh, skipped = _units(state, spec, [t for t in found.times if t not in past])
    refused, state = state.flights, state.without(again)
    divided, let_in = _divided(state, spec, {*fresh, *(u for u in again if u.fire_time not in ledger.queued)})
    making_up = {u.fire_time for u in divided.starting}.intersection(found.late)  # some may have found no room
    outage = found.outage and _outage(state, found.outage, len(making_up))
    ledger = books.decided(ledger, until, outage, found.following)
    held = [t for t in ledger.queued if Timed(t) in state.flights or t > state.now]
    queued = {*held, *(u.fire_time for u in divided.waiting)}
    queued |= {u.fire_time for u in divided.starting if u.fire_time in ledger.queued}  # until it is answered
    downtime = (found.missed,) if found.missed else ()
    state = replace(state, ledger=ledger).noting((*downtime, *missed, *skipped, *let_in, *divided.skipped))
    state = replace(state, ledger=books.with_queue(state.ledger, queued))
    return state.starting(
        wanted(u, state.now, patient=spec.is_once, late=u.fire_time in making_up, before=refused.get(u))
        for u in divided.starting
    )


def _outage(state: State, outage: Outage, started: int) -> Outage:
    """Say when it began: nothing was lost while somebody led, whatever was not yet written of that (L3)."""
    led_until = state.around.led_until
    begun = max(outage.start_time, min(led_until, outage.end_time)) if led_until else outage.start_time
    return replace(outage, start_time=begun, started=started)


def _retried(state: State) -> list[Timed]:
    """Name the launches that were refused and may be tried again; they find their place anew."""
    return [u for u, f in state.flights.items() if isinstance(u, Timed) and f.may_be_retried(state.now)]


def _is_idle(ledger: Ledger, now: datetime) -> bool:
    """Tell whether no fire time has come since the last decision."""
    return ledger.following is not None and ledger.following > now


def _suspended(state: State, spec: Spec, until: datetime) -> State:
    """Suspended time is not made up for, and its fire times are not due; an `at` has had its only one (L9)."""
    at, ledger = spec.schedule.when.at, state.ledger
    passed = at is not None and ledger.decided_time < at <= until and Timed(at) not in state.existing()
    state = replace(state, ledger=books.decided(ledger, until))
    return state.noting((Outcome(Result.SKIPPED, Timed(at), Reason.SUSPENDED),)) if at and passed else state


def _units(state: State, spec: Spec, times: Sequence[datetime]) -> tuple[list[Timed], list[Outcome]]:
    """Name what is to run at `times`, and the nodes that cannot."""
    existing = state.existing()
    if not spec.where.every_node:
        return [u for u in map(Timed, times) if u not in existing], []
    if not times:
        return [], []
    places = on_every_node(spec, state.around.nodes or ())
    units = [u for t in times for n in places.ready if (u := Timed(t, n)) not in existing]
    away = [u for t in times for n in places.not_ready if (u := Timed(t, n)) not in existing]
    skipped = [Outcome(Result.SKIPPED, u, Reason.NODE_NOT_READY) for u in away]
    if not places.ready and not places.not_ready:
        skipped = [Outcome(Result.SKIPPED, Timed(t), Reason.NO_NODE) for t in times]
    return units, skipped


def _divided(state: State, spec: Spec, fresh: Collection[Timed]) -> tuple[Placed, Skips]:
    """Find room for what is fresh and what waits, unless a hold, the nodes or the breaker keep all of it back."""
    queued = [Timed(t) for t in state.ledger.queued if Timed(t) not in state.flights and t <= state.now]
    if state.around.held is not None and not spec.is_once:
        return Placed((), tuple(queued), ()), _skips(fresh, Reason.HELD)
    if not spec.where.every_node and allowed(spec.where, state.around.nodes or ()) == ():
        return Placed((), tuple(queued), ()), _skips(fresh, Reason.NO_NODE)
    judged = circuit(spec, state)
    if judged is Circuit.OPEN:
        return Placed((), (), ()), _skips({*fresh, *queued}, Reason.CIRCUIT_OPEN)
    if judged is Circuit.PROBING:
        probe = sorted({*fresh, *queued})[-1:]
        others = _skips({*fresh, *queued}.difference(probe), Reason.CIRCUIT_OPEN)
        return _in_room(state, spec, probe, ()), others
    return _in_room(state, spec, fresh, queued), ()


def _in_room(state: State, spec: Spec, fresh: Collection[Timed], queued: Collection[Timed]) -> Placed:
    if not spec.where.every_node:
        return place(fresh, queued, state.taken(), spec.overlap)
    taken, by_node = state.taken_on_nodes(), groupby(sorted(fresh, key=_node), key=_node)
    found = [place(list(units), (), taken[node], spec.overlap) for node, units in by_node]
    starting = tuple(u for p in found for u in p.starting)
    left = tuple(Outcome(Result.SKIPPED, u, Reason.SPEC_CHANGED) for u in queued)
    return Placed(starting, (), (*left, *(o for p in found for o in p.skipped)))


def _node(unit: Timed) -> str:
    return unit.node


def _skips(units: Collection[Timed], reason: Reason) -> Skips:
    return tuple(Outcome(Result.SKIPPED, u, reason) for u in sorted(units))


def _skip_all(spec: Spec, after: datetime, until: datetime, problem: SpecError) -> Skips:
    """A task that is not ready fires nothing, and says so for each fire time (L9)."""
    last = spec.schedule.latest(until)
    if last is None or last <= after:
        return ()
    number = spec.schedule.count(after, until)
    return (Outcome(Result.SKIPPED, Timed(last), problem.reason, count=number, message=problem.message),)
