"""The stable delay that spreads launches: it belongs to a fire time and is the same whoever asks, whenever.

Law: a delayed launch still comes before the next fire time. The fire time itself, and so the run's name, stays.
"""

from datetime import datetime, timedelta
from hashlib import blake2b

from torchtask.core.schedule.fire_times import Schedule

_SECOND = timedelta(seconds=1)


def jitter(schedule: Schedule, fire_time: datetime, seconds: int, seed: str) -> timedelta:
    """Return the delay of a fire time, whole seconds: a hash mod min(`seconds`, the gap to the next fire time).

    `seed` is the task's UID, so that tasks of one schedule spread.
    """
    following = schedule.after(fire_time)
    room = seconds if following is None else min(seconds, (following - fire_time) // _SECOND)
    if room <= 0:
        return timedelta(0)
    digest = blake2b(f"{seed}/{int(fire_time.timestamp())}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % room * _SECOND
