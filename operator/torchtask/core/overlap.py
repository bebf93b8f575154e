"""What to do when a fire time comes and runs are still active.

Law: the answer never lets `active + starting` exceed the limit.
Law L5: at the limit Forbid skips the fire time, and it is not made up for when there is room again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from torchtask.core.model import Outcome, Reason, Result


@dataclass(frozen=True, slots=True)
class Placed:
    """The due fire times, divided: each is in exactly one of the two."""

    starting: tuple[datetime, ...]
    skipped: tuple[Outcome, ...]


def place(times: Sequence[datetime], active: int, limit: int | None) -> Placed:
    """Divide `times`, oldest first, between the free instances and the skipped. No limit: all of them start."""
    room = len(times) if limit is None else max(0, limit - active)
    skipped = (Outcome(Result.SKIPPED, time, Reason.MAX_INSTANCES) for time in times[room:])
    return Placed(tuple(times[:room]), tuple(skipped))
