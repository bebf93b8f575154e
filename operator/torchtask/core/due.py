"""Which fire times are due at a moment, and which were missed because nobody was there to decide.

Law L3: a fire time not older than RECENT is due. An older one is late: of those only the newest is still due, and only
when no recent one is; the others are missed `Downtime`. They are counted by arithmetic: nothing is ever walked.
Its age counts from its launch time: a fire time that waits for its jitter is neither due nor late yet.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from torchtask.core.model import Outage, Outcome, Reason, Result, Spec
from torchtask.core.schedule import Schedule

RECENT = timedelta(seconds=5)
_JUST = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Due:
    """The fire times to start now, oldest first, and what an outage took."""

    times: tuple[datetime, ...] = ()
    missed: Outcome | None = None
    outage: Outage | None = None


def reach(spec: Spec, now: datetime) -> datetime:
    """Return the moment up to which every fire time may be launched at `now`."""
    if not spec.jitter_seconds:
        return now
    newest = spec.schedule.latest(now)
    # A launch time lies before the next fire time: only the newest one can be waiting for its own.
    return now if newest is None or spec.launch_time(newest) <= now else newest - _JUST


def due(spec: Spec, after: datetime, now: datetime, started: Collection[datetime]) -> Due:
    """Sort the fire times after `after` that may be launched at `now`.

    Those in `started` have a Job: they count, but are not due again.
    """
    schedule, late_until = spec.schedule, reach(spec, now - RECENT - _JUST)
    recent = _recent(schedule, max(after, late_until), reach(spec, now))
    late = schedule.count(after, late_until) if late_until > after else 0
    if not late:
        return Due(tuple(t for t in recent if t not in started))
    newest = schedule.latest(late_until)
    assert newest is not None, "counted, so there is one"  # noqa: S101 -- a contract of the schedule
    chosen = () if recent or newest in started else (newest,)
    missed = late - len(chosen) - sum(1 for t in started if after < t <= late_until)
    times = chosen + tuple(t for t in recent if t not in started)
    last = schedule.latest(newest - _JUST) if newest in chosen else newest
    if missed <= 0 or last is None:
        return Due(times)
    return Due(
        times,
        Outcome(Result.MISSED, last, Reason.DOWNTIME, count=missed),
        Outage(start_time=after, end_time=now, missed=missed, started=len(chosen)),
    )


def _recent(schedule: Schedule, after: datetime, now: datetime) -> list[datetime]:
    """List the fire times in (`after`, `now`]; RECENT bounds how many there can be."""
    times = []
    time = schedule.after(after)
    while time is not None and time <= now:
        times.append(time)
        time = schedule.after(time)
    return times
