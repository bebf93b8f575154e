"""What has to go: history beyond its limits, runs in the way of newer ones, runs that never start, a task that is over.

Law L5: a run is stopped only once the server's status counts its launch.
Law L11: a Job is deleted only when no copy of its launch can land any more; a stopped daemon's copy is stopped too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from torchtask.core import ledger as books
from torchtask.core.finished import certain_time, is_over
from torchtask.core.history import expired
from torchtask.core.model import Run
from torchtask.core.overlap import in_the_way
from torchtask.core.spec import ConcurrencyPolicy, Spec
from torchtask.core.state import State
from torchtask.core.units import Instance, Timed


@dataclass(frozen=True, slots=True)
class Prune:
    """Delete a finished run's Job."""

    run: Run


@dataclass(frozen=True, slots=True)
class Stop:
    """Delete an active run's Job, and wait until its Pods are gone."""

    run: Run


@dataclass(frozen=True, slots=True)
class EndPending:
    """End a run, unless its Pod has started after all: its Job stays, and says why."""

    run: Run


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete the task itself."""


Clearing = Prune | Stop | EndPending | Remove


def clearings(state: State, spec: Spec, stops: tuple[Run, ...], *, over: bool) -> Mapping[Clearing, datetime]:
    """Name what is to go, and from when on it may; `stops` are the runs that a daemon wants to be rid of."""
    found: dict[Clearing, datetime] = dict(_stuck(state, spec))
    published = state.ledger.published
    if published is None:
        return found
    limits = (spec.successful_history, spec.failed_history)
    for run in expired(_spent(state, spec), published.counted_runs, *limits):
        found[Prune(run)] = certain_time(state.ledger, run, state.around.taken_over)
    replaced = _replaced(state, spec)
    if replaced is not None:
        found[Stop(replaced)] = certain_time(state.ledger, replaced, state.around.taken_over)
    for run in stops if spec.daemon else _leftover(state):
        if books.launch_is_published(state.ledger, run.unit):
            found[Stop(run)] = state.now
    if over and spec.lifetime is not None and _is_told(state, spec):
        found[Remove()] = _end_time(state, spec) + spec.lifetime
    return found


def _stuck(state: State, spec: Spec) -> Iterator[tuple[EndPending, datetime]]:
    """Name the runs whose Pod has not started, and when they have waited long enough."""
    for run in state.runs:
        if not (run.finished or run.started or run.parked or run.deleting):
            yield EndPending(run), (run.start_time or run.creation_time) + spec.pending_timeout


def _spent(state: State, spec: Spec) -> list[Run]:
    """Name the runs that may be history: what ran `at` a moment stays as long as its task."""
    return [r for r in state.runs if r.finished and not (spec.is_once and isinstance(r.unit, Timed))]


def _replaced(state: State, spec: Spec) -> Run | None:
    """Name the run that has to go so that the waiting one can start."""
    waiting = any(Timed(t) not in state.flights for t in state.ledger.queued)
    if spec.overlap.policy is not ConcurrencyPolicy.REPLACE or not waiting:
        return None
    blocking = in_the_way(state.runs, state.taken(), spec.overlap.limit)
    return next((r for r in blocking if books.launch_is_published(state.ledger, r.unit)), None)


def _leftover(state: State) -> list[Run]:
    """Name the instances of a daemon that the task is no longer."""
    return [r for r in state.runs if isinstance(r.unit, Instance) and not r.finished and not r.deleting]


def _is_told(state: State, spec: Spec) -> bool:
    """Tell whether the server's status says how an `at` ended."""
    held, at = state.ledger.published, spec.schedule.when.at
    ended = {r.suffix for r in state.runs if is_over(state.ledger, r)}
    return held is not None and held.counted_runs >= ended and (at is None or held.accounted_time >= at)


def _end_time(state: State, spec: Spec) -> datetime:
    """Return when an `at` came to its end: its last run's, or the moment from which it could not run any more."""
    ends = [r.completion_time for r in state.runs if r.completion_time is not None]
    at = spec.schedule.when.at or state.now
    return max((*ends, max(at, state.task.creation_time) + (timedelta(0) if ends else spec.deadline or timedelta(0))))
