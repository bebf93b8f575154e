"""Which fire times are due at a moment, and which were missed because nobody was there to decide.

Law L3: a fire time not older than RECENT is due. An older one is late: of those `catchUp` says which are still due;
the others are missed `Downtime`. Those that have a Job already rank with the rest. What is missed is counted by
arithmetic: nothing is ever walked.
A fire time's age counts from its launch time: one that waits for its jitter is neither due nor late yet.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from torchtask.core.account import NEVER, Outage, Outcome, Result
from torchtask.core.model import Reason
from torchtask.core.schedule import Schedule
from torchtask.core.spec import CatchUp, Spec
from torchtask.core.units import Timed

RECENT = timedelta(seconds=5)
_JUST = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Due:
    """The fire times to start now, oldest first, and what an outage took; `late` are those of them that are late.

    `following` is the first one that is not to be started yet, or NEVER; None: nobody looked.
    """

    times: tuple[datetime, ...] = ()
    late: tuple[datetime, ...] = ()
    missed: Outcome | None = None
    outage: Outage | None = None
    following: datetime | None = field(default=None, compare=False)


def reach(spec: Spec, now: datetime) -> datetime:
    """Return the moment up to which every fire time may be launched at `now`."""
    if not spec.jitter_seconds:
        return now
    newest = spec.schedule.latest(now)
    # A launch time lies before the next fire time: only the newest one can be waiting for its own.
    return now if newest is None or spec.launch_time(newest) <= now else newest - _JUST


def due(
    spec: Spec, after: datetime, now: datetime, started: Collection[datetime], first: datetime | None = None
) -> Due:
    """Sort the fire times after `after` that may be launched at `now`; `first` is the first of them, if that is known.

    Those in `started` have a Job, so they are not missed; those of them that are chosen are among the times all the
    same, for on EveryNode other nodes may still lack theirs.
    """
    schedule, late_until = spec.schedule, reach(spec, now - RECENT - _JUST)
    begin = first if first is not None and late_until <= after else schedule.after(max(after, late_until))
    recent, following = _recent(schedule, begin, reach(spec, now))
    late = schedule.count(after, late_until) if late_until > after else 0
    if not late:
        return Due(tuple(recent), following=following)
    latest = 0 if recent else 1
    limit = {CatchUp.NONE: 0, CatchUp.LATEST: latest, CatchUp.ALL: spec.catch_up_limit}[spec.catch_up]
    ranked = _newest(schedule, after, late_until, limit)
    times = (*ranked, *recent)
    chosen = [t for t in ranked if t not in started]
    missed = late - len(chosen) - sum(1 for t in started if after < t <= late_until)
    last = schedule.latest(ranked[0] - _JUST if ranked else late_until)
    while last is not None and last in started:
        last = schedule.latest(last - _JUST)
    if missed <= 0 or last is None:
        return Due(times, ranked, following=following)
    return Due(
        times,
        ranked,
        Outcome(Result.MISSED, Timed(last), Reason.DOWNTIME, count=missed),
        Outage(start_time=after, end_time=now, missed=missed, started=len(chosen)),
        following,
    )


def _newest(schedule: Schedule, after: datetime, until: datetime, limit: int) -> tuple[datetime, ...]:
    """List the newest fire times in (`after`, `until`], oldest first, at most `limit`."""
    found: list[datetime] = []
    time = schedule.latest(until)
    while time is not None and time > after and len(found) < limit:
        found.append(time)
        time = schedule.latest(time - _JUST)
    return tuple(reversed(found))


def _recent(schedule: Schedule, time: datetime | None, until: datetime) -> tuple[list[datetime], datetime]:
    """List the fire times from `time` to `until`, as many as RECENT allows; return the one after them, too."""
    times = []
    while time is not None and time <= until:
        times.append(time)
        time = schedule.after(time)
    return times, time or NEVER
