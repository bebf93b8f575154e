"""What one request tells beside its answer: how it went, when, and what time the server has."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

MOST_RETRY_AFTER_SECONDS = 30.0
DATE_LASTS = timedelta(seconds=1)  # the header has whole seconds
UNREADABLE = (ValueError, OverflowError)  # no date, or one that is outside of what there is


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer. `status` is HTTP's, None when there was no answer; `seconds`: how long it took.

    `skew`: how far apart the server's clock and ours are at least, in seconds; None when nobody can tell.
    """

    method: str
    path: str
    status: int | None
    seconds: float
    skew: float | None = None


def skew(headers: Mapping[str, str], sent: datetime, received: datetime) -> float | None:
    """Return the distance between [`Date`, `Date` + 1 s] and [`sent`, `received`] in seconds: 0 where they overlap.

    A clock that went back meanwhile makes `received` the earlier one; then the skew may be anything in between.
    """
    first, last = min(sent, received), max(sent, received)
    try:
        date = _instant(headers.get("Date", ""))
        return max(timedelta(0), date - last, first - (date + DATE_LASTS)).total_seconds()
    except UNREADABLE:
        return None


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Read for how many seconds to leave the server alone: a number, or an HTTP date by the server's own clock.

    None when nothing is said that can be read. More than `MOST_RETRY_AFTER_SECONDS` is never waited.
    """
    text = headers.get("Retry-After", "")
    if text.isascii() and text.isdigit():
        return min(float(text), MOST_RETRY_AFTER_SECONDS)
    with suppress(*UNREADABLE):
        now = _instant(headers.get("Date", ""))
    try:
        return min(max(0.0, (_instant(text) - now).total_seconds()), MOST_RETRY_AFTER_SECONDS)
    except UNREADABLE:
        return None


@lru_cache(maxsize=8)  # the answers of a second all have the same date
def _instant(text: str) -> datetime:
    """Read an HTTP date; raises ValueError or OverflowError."""
    time = parsedate_to_datetime(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
