"""What to do when a fire time comes and runs are still active.

Law: what starts here never makes the active runs more than the limit.
Law L5: a fire time leaves here starting, waiting or skipped; nothing is dropped. Forbid skips what finds no room, and
it is not made up for. Queue lets `queue_limit` of them wait, and starts the oldest first. Replace lets the newest wait
until the oldest run is gone.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from torchtask.core.account import Outcome, Result
from torchtask.core.model import Reason, Run
from torchtask.core.spec import ConcurrencyPolicy, Overlap
from torchtask.core.units import Timed


@dataclass(frozen=True, slots=True)
class Placed:
    """Fire times, divided: each is in exactly one of the three."""

    starting: tuple[Timed, ...]
    waiting: tuple[Timed, ...]
    skipped: tuple[Outcome, ...]


def place(due: Collection[Timed], waiting: Collection[Timed], active: int, overlap: Overlap) -> Placed:
    """Divide the times that are due and those that wait already; where none may wait any more, these are skipped."""
    times = sorted({*due, *(waiting if overlap.lets_wait else ())})
    room = len(times) if overlap.limit is None else max(0, overlap.limit - active)
    starting, rest = times[:room], times[room:]
    keep: Sequence[Timed] = ()
    reason = Reason.MAX_INSTANCES
    match overlap.policy:
        case ConcurrencyPolicy.QUEUE:
            keep, reason = rest[: overlap.queue_limit], Reason.QUEUE_FULL
        case ConcurrencyPolicy.REPLACE:
            keep, reason = rest[-1:], Reason.REPLACED
    skipped = [Outcome(Result.SKIPPED, time, reason) for time in rest if time not in keep]
    if not overlap.lets_wait:
        skipped += [Outcome(Result.SKIPPED, time, Reason.SPEC_CHANGED) for time in waiting]
    return Placed(tuple(starting), tuple(keep), tuple(skipped))


def in_the_way(runs: Collection[Run], active: int, limit: int | None) -> tuple[Run, ...]:
    """Name the runs of which one has to go before another can start, oldest first; none when one is going already."""
    going = [r for r in runs if not r.finished and r.deleting]
    if limit is None or active - len(going) < limit:
        return ()
    return tuple(sorted((r for r in runs if not r.finished and not r.deleting), key=lambda r: r.fire_time))
