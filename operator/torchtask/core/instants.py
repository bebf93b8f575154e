"""Instants as Kubernetes writes them."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

SECOND = timedelta(seconds=1)
FIRST_YEAR, LAST_YEAR = 1900, 9000


@lru_cache(maxsize=64)  # tasks that fire together write the same one, several times each
def rfc3339(instant: datetime) -> str:
    """Write an instant: UTC, whole seconds (what is left of the second is cut off)."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant(text: str) -> datetime:
    """Read an RFC 3339 instant, as UTC; raises ValueError when it is none, has no zone, or is not of our time."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no zone")
    if not FIRST_YEAR < moment.year < LAST_YEAR:  # beyond them sums overflow, and years are not written in four digits
        raise ValueError(f"{text!r} is not between the years {FIRST_YEAR} and {LAST_YEAR}")
    return moment.astimezone(UTC)


def optional_instant(text: str | None) -> datetime | None:
    """Read an instant that may be absent."""
    return None if text is None else instant(text)
