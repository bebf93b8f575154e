"""The one place that reads a clock, so that everything else can be given the time."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """Return the wall clock, aware and in UTC."""
    return datetime.now(UTC)  # noqa: TID251 -- this is the one place


def monotonic() -> float:
    """Return seconds that never go back, for measuring how long something took."""
    return time.monotonic()  # noqa: TID251 -- this is the one place


def boottime() -> float:
    """Return seconds that never go back and go on while the machine sleeps: a lease runs out then too."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
