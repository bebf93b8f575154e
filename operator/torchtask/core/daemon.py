"""Daemons: a number of instances that are kept running, on any node or on each.

Law: a slot has one active run at most. When it ended it is filled again: `restartDelaySeconds` later, or after a failed
start 1, 2, 4 … at most 60 s later; after `startRetries` such retries in a row the slot is Fatal.
Law: instances of another template are replaced one at a time, and the next only when all others are up.
Law: suspension stops the instances and starts none; a hold, or a template that is refused, starts none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b

from torchtask.core import launch, slots
from torchtask.core.account import Slot
from torchtask.core.launch import InFlight
from torchtask.core.model import Run, Task
from torchtask.core.nodes import allowed, on_every_node
from torchtask.core.spec import Daemon, Spec
from torchtask.core.state import State
from torchtask.core.units import Instance, Unit

MOST_INSTANCES = 1_000
_LONGEST_PAUSE = timedelta(seconds=60)
_MOST_DOUBLINGS = 6  # 64 s, and so beyond the longest pause

_Place = tuple[int, str]  # slot number and node


class SlotState(StrEnum):
    """How a slot is doing."""

    STARTING = "Starting"
    RUNNING = "Running"
    BACK_OFF = "BackOff"
    FATAL = "Fatal"
    COMPLETED = "Completed"
    STOPPED = "Stopped"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a daemon needs now: launches, those to forget, runs to be stopped, and when to look again."""

    launches: tuple[InFlight, ...] = ()
    forgotten: tuple[Unit, ...] = ()
    stops: tuple[Run, ...] = ()
    wake_times: tuple[datetime, ...] = ()


def revision(task: Task, spec: Spec) -> str:
    """Return what stands for the template together with the user's wish to restart."""
    if not task.restart:
        return spec.template
    return blake2b(f"{spec.template}/{task.restart}".encode(), digest_size=8).hexdigest()


def plan(state: State, spec: Spec, options: Daemon) -> Plan:
    """Compare what is wanted with what is there."""
    if state.is_blind(spec) and not spec.suspend:
        return Plan()
    startable, kept = _places(state, spec)
    active = _active(state)
    extra = [r for place, runs in active.items() for r in (runs[:-1] if place in kept else runs) if not r.deleting]
    unsent = [u for u in launch.unsent(state.flights) if isinstance(u, Instance)]
    fillable = frozenset(startable)
    forgotten = [u for u in unsent if (u.slot, u.node) not in fillable]
    current = {place: runs[-1] for place, runs in active.items() if place in kept}
    launches, times = _launches(state, options, [p for p in startable if p not in active])
    outdated, up_times = _outdated(state, spec, options, startable, current)
    return Plan(tuple(launches), tuple(forgotten), (*extra, *outdated), (*times, *up_times))


def _places(state: State, spec: Spec) -> tuple[list[_Place], set[_Place]]:
    """Name the slots that may be filled, and those whose runs may stay."""
    if spec.suspend:
        return [], set()
    numbers, nodes = range(spec.overlap.limit or 1), state.around.nodes or ()
    if not spec.where.every_node:
        places = [(number, "") for number in numbers]
        return ([] if allowed(spec.where, nodes) == () else places), set(places)
    found = on_every_node(spec, nodes)
    known = {(s.number, s.node) for s in state.ledger.slots}
    away = {(number, node) for node in found.not_ready for number in numbers}
    ready = sorted(((number, node) for node in found.ready for number in numbers), key=lambda p: p not in known)
    startable = ready[: max(0, MOST_INSTANCES - len(away & known))]
    return startable, {*startable, *away}


def left_out(state: State, spec: Spec) -> int:
    """Count the slots that stay empty because there are too many."""
    number, nodes = spec.overlap.limit or 1, state.around.nodes or ()
    if spec.suspend or not spec.where.every_node or number * len(nodes) <= MOST_INSTANCES:
        return 0
    return number * len(on_every_node(spec, nodes).ready) - len(_places(state, spec)[0])


def _active(state: State) -> dict[_Place, list[Run]]:
    """Name the active runs of each slot, the newest last."""
    found: dict[_Place, list[tuple[int, Run]]] = {}
    for run in state.runs:
        if isinstance(run.unit, Instance) and not run.finished:
            found.setdefault((run.unit.slot, run.unit.node), []).append((run.unit.attempt, run))
    return {place: [run for _, run in sorted(runs, key=lambda r: r[0])] for place, runs in found.items()}


def _launches(state: State, options: Daemon, places: list[_Place]) -> tuple[list[InFlight], list[datetime]]:
    """Fill the slots whose time has come; tell when that of the others comes."""
    launches: list[InFlight] = []
    times: list[datetime] = []
    if state.around.held is not None or state.task.problem is not None:
        return launches, times
    flying = {(u.slot, u.node) for u in state.flights if isinstance(u, Instance)}
    known = {(s.number, s.node): s for s in state.ledger.slots}
    seen = _last_runs(state)
    for number, node in places:
        slot, last = known.get((number, node)) or Slot(number, node), seen.get((number, node))
        if (number, node) in flying or slot.completed or slots.is_fatal(slot, options) or _is_unexplained(state, last):
            continue
        time = start_time(slot, options)
        if time is not None and time > state.now:
            times.append(time)
        else:
            attempt = 1 + max(slot.attempt, last[0] if last else 0)
            launches.append(launch.wanted(Instance(number, attempt, node), state.now, patient=True))
    return launches, times


def _last_runs(state: State) -> dict[_Place, tuple[int, Run]]:
    """Name the last attempt of each slot that has a Job, and its run."""
    found: dict[_Place, tuple[int, Run]] = {}
    for run in state.runs:
        unit = run.unit
        if isinstance(unit, Instance) and unit.attempt > found.get((unit.slot, unit.node), (0, run))[0]:
            found[unit.slot, unit.node] = (unit.attempt, run)
    return found


def _is_unexplained(state: State, last: tuple[int, Run] | None) -> bool:
    """Tell whether the slot's last run is not counted yet: how it went decides what follows."""
    return last is not None and last[1].suffix not in state.ledger.counted_runs


def start_time(slot: Slot, options: Daemon) -> datetime | None:
    """Return when a slot is to be filled again; None: at once."""
    if slot.end_time is None:
        return None
    if not slot.failed_starts:
        return slot.end_time + options.restart_delay
    return slot.end_time + min(_LONGEST_PAUSE, timedelta(seconds=2 ** min(slot.failed_starts - 1, _MOST_DOUBLINGS)))


def _outdated(
    state: State, spec: Spec, options: Daemon, places: list[_Place], current: dict[_Place, Run]
) -> tuple[list[Run], list[datetime]]:
    """Name the run to replace next, if all others are up; tell when they will be."""
    wanted_template = revision(state.task, spec)
    old = [r for _, r in sorted(current.items()) if r.template != wanted_template and not r.deleting]
    new = [r for r in current.values() if r.template == wanted_template]
    pending = [t for r in new if (t := _up_time(r, options)) is not None and t > state.now]
    if not old or state.task.problem is not None or state.around.held is not None:
        return [], pending  # only so that the state that is shown is true
    absent = [p for p in places if p not in current and not _is_done(state, p)]
    if absent or pending or any(r.deleting or _up_time(r, options) is None for r in new) or _is_going(current):
        return [], pending
    down = [r for r in old if _up_time(r, options) is None]
    return (down or old)[:1], pending


def _is_going(current: dict[_Place, Run]) -> bool:
    return any(r.deleting for r in current.values())


def _is_done(state: State, place: _Place) -> bool:
    slot = slots.find(state.ledger.slots, *place)
    return slot is not None and slot.completed


def _up_time(run: Run, options: Daemon) -> datetime | None:
    """Return when a run is, or will be, up if it goes on; None while its Pod has not started."""
    return run.start_time + options.min_ready if run.started and run.start_time is not None else None


def slots_in_use(state: State, spec: Spec | None) -> tuple[Slot, ...]:
    """Forget the slots that are not wanted any more, once nothing is left of their runs."""
    if spec is None:  # not understood: nobody knows which are wanted
        return state.ledger.slots
    units = (u for u in state.existing() if isinstance(u, Instance))
    used = {(u.slot, u.node) for u in units}
    if spec.daemon is not None:
        if spec.suspend or state.is_blind(spec):
            return state.ledger.slots
        used |= _places(state, spec)[1]
    return tuple(s for s in state.ledger.slots if (s.number, s.node) in used)


def is_over(state: State, spec: Spec, options: Daemon) -> bool:
    """Tell whether every slot that is wanted is done with: completed, or given up."""
    found = {kind for _, kind in states(state, spec, options)} - {SlotState.STOPPED}
    return bool(found) and found <= {SlotState.COMPLETED, SlotState.FATAL}


def states(state: State, spec: Spec, options: Daemon) -> Iterator[tuple[Slot, SlotState]]:
    """Tell how each slot is doing, in order: those that are wanted, and those that are not gone yet."""
    active = _active(state)
    known = {(s.number, s.node): s for s in state.ledger.slots}
    startable, kept = ([], known.keys()) if state.is_blind(spec) else _places(state, spec)
    for place in sorted({*startable, *known}, key=lambda p: (p[1], p[0])):
        slot = known.get(place) or Slot(*place)
        if place in active:
            up = _up_time(active[place][-1], options)
            yield slot, SlotState.RUNNING if up is not None and up <= state.now else SlotState.STARTING
        elif place not in kept:
            yield slot, SlotState.STOPPED
        elif slot.completed:
            yield slot, SlotState.COMPLETED
        elif slots.is_fatal(slot, options):
            yield slot, SlotState.FATAL
        else:
            yield slot, SlotState.BACK_OFF if slot.failed_starts else SlotState.STARTING
