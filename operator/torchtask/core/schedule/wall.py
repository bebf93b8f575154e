"""The arithmetic of wall-clock seconds, with no zone in it.

A wall second is a number: the seconds from 1970-01-01 00:00:00 as if every day had 86,400. A `Pattern` names some
dates (bit i: day i, see `days`) and some seconds of each of them (bit s: second s); patterns together mean their union.

Law: nothing is walked. The next second is a lowest bit, a count is dates times seconds, a union is an OR.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from torchtask.core.schedule.days import DAY_COUNT

DAY = 86_400
END = DAY_COUNT * DAY  # the first second that the language no longer knows
_NEAR = (1 << 1024) - 1


class Pattern(NamedTuple):
    """Some dates and, on each of them, some seconds of the day; both as bits, and never without any second."""

    dates: int
    seconds: int


@lru_cache(maxsize=1024)
def seconds_of_day(seconds: int, minutes: int, hours: int) -> int:
    """Return 86,400 bits from the bits of the three fields."""
    return _spread(_spread(seconds, minutes, 60), hours, 3600)


def _spread(pattern: int, places: int, width: int) -> int:
    """Repeat `pattern` at every place whose bit is set, places being `width` bits apart."""
    return sum(pattern << place * width for place in bits_of(places))


def bits_of(number: int) -> list[int]:
    """Return the places of the bits that are set, lowest first."""
    return [place for place in range(number.bit_length()) if number >> place & 1]


def lowest(bits: int) -> int:
    """Return the place of the lowest bit of a number that is not 0; at little cost when it is low."""
    bits = bits & _NEAR or bits
    return (bits & -bits).bit_length() - 1


def below(place: int) -> int:
    """Return a mask of all bits lower than `place`."""
    return (1 << place) - 1


def first(patterns: Iterable[Pattern], start: int, end: int) -> int | None:
    """Return the earliest wall second of the union in [start, end)."""
    start, end = max(start, 0), min(end, END)
    if start >= end:
        return None
    found = min((second for pattern in patterns if (second := _next(pattern, start, end)) is not None), default=None)
    return None if found is None or found >= end else found


def _next(pattern: Pattern, start: int, end: int) -> int | None:
    """Return the pattern's first second from `start` on, looking no further than the day of `end`."""
    day, second = divmod(start, DAY)
    near = pattern.dates >> day & below(end // DAY - day + 1)
    if near & 1 and (rest := pattern.seconds >> second):
        return start + lowest(rest)
    later = near >> 1
    return (day + 1 + lowest(later)) * DAY + lowest(pattern.seconds) if later else None


def last(patterns: Iterable[Pattern], start: int, end: int) -> int | None:
    """Return the latest wall second of the union in [start, end)."""
    start, end = max(start, 0), min(end, END)
    if start >= end:
        return None
    found = max(
        (second for pattern in patterns if (second := _previous(pattern, start, end)) is not None), default=None
    )
    return None if found is None or found < start else found


def _previous(pattern: Pattern, start: int, end: int) -> int | None:
    """Return the pattern's last second before `end`, looking no further back than the day of `start`."""
    first_day, day = start // DAY, end // DAY
    near = pattern.dates >> first_day & below(day - first_day + 1)
    if near >> day - first_day and (rest := pattern.seconds & below(end % DAY)):
        return day * DAY + rest.bit_length() - 1
    earlier = near & below(day - first_day)
    return (first_day + earlier.bit_length() - 1) * DAY + pattern.seconds.bit_length() - 1 if earlier else None


def bits(patterns: Iterable[Pattern], start: int, end: int) -> int:
    """Return the union's wall seconds in [start, end) as bits, the lowest for `start`; meant for a few days."""
    merged = 0
    days = range(max(start // DAY, 0), min((end - 1) // DAY + 1, DAY_COUNT))
    for dates, seconds in patterns:
        for day in days:
            if dates >> day & 1:
                shift = day * DAY - start
                merged |= seconds << shift if shift >= 0 else seconds >> -shift
    return merged & below(max(end - start, 0))


def count(patterns: Sequence[Pattern], start: int, end: int) -> int:
    """Return how many wall seconds of the union lie in [start, end)."""
    start, end = max(start, 0), min(end, END)
    first_day, last_day = -(-start // DAY), end // DAY
    if first_day >= last_day:
        return bits(patterns, start, end).bit_count() if start < end else 0
    edges = bits(patterns, start, first_day * DAY).bit_count() + bits(patterns, last_day * DAY, end).bit_count()
    return edges + _count_days(patterns, first_day, last_day)


def _count_days(patterns: Sequence[Pattern], first_day: int, last_day: int) -> int:
    """Count whole days: part the dates by which patterns meet on them, then count each part's day once."""
    parts = [(below(last_day - first_day), 0)]
    for dates, seconds in patterns:
        wanted = dates >> first_day
        met = [(hit, union | seconds) for days, union in parts if (hit := days & wanted)]
        parts = met + [(miss, union) for days, union in parts if (miss := days & ~wanted)]
    return sum(days.bit_count() * union.bit_count() for days, union in parts if union)
