"""Time zones, from the `tzdata` package and never from the image: offsets, and the moments when they change.

Instants are whole seconds since 1970-01-01T00:00:00Z. A zone's history is cut into pieces in which the wall clock
runs at one offset; everything else in this package works on a piece.

Law: no zone changes its offset twice within `_STEP` (tested against the compiled zone files), so that comparing
offsets at that distance finds every change.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple
from zoneinfo import ZoneInfo

_STEP = 6 * 86_400
_LONGEST_FOLD = 86_400


class Change(NamedTuple):
    """At the instant `at` a zone's offset from UTC goes from `before` to `after`, in seconds."""

    at: int
    before: int
    after: int


class Piece(NamedTuple):
    """Instants [start, end) with one offset: the wall clock shows instant + offset.

    `repeated` pieces show wall times that the piece before has shown already (a fold). `skipped` is how many wall
    seconds, up to the one shown at `start`, the clock leapt over there (a gap).
    """

    start: int
    end: int
    offset: int
    repeated: bool = False
    skipped: int = 0


@cache
def names() -> frozenset[str]:
    """Return the name of every zone."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="ascii").split())


@cache
def zone(name: str) -> ZoneInfo:
    """Return a zone by a name out of `names`."""
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as compiled:
        return ZoneInfo.from_file(compiled, key=name)


def offset(name: str, instant: int) -> int:
    """Return how many seconds the wall clock of a zone is ahead of UTC."""
    ahead = datetime.fromtimestamp(instant, zone(name)).utcoffset()
    assert ahead is not None  # noqa: S101 -- an aware datetime has one
    return int(ahead.total_seconds())


def pieces(name: str, start: int, end: int) -> Iterator[Piece]:
    """Cut the instants [start, end) at a zone's changes, in order."""
    skipped, ahead = 0, None
    for change in changes(name, start - _LONGEST_FOLD, end):
        if start < change.at:
            yield Piece(start, change.at, change.before, skipped=skipped)
            start, skipped = change.at, 0
        if start == change.at:
            skipped = max(0, change.after - change.before)
        ahead = change.after
        again = min(end, change.at + max(0, change.before - change.after))
        if start < again:
            yield Piece(start, again, ahead, repeated=True)
            start = again
    if start < end:
        yield Piece(start, end, offset(name, start) if ahead is None else ahead, skipped=skipped)


def changes(name: str, start: int, end: int) -> Iterator[Change]:
    """Yield a zone's changes at instants in [start, end), in order."""
    for step in range((start - 1) // _STEP, (end - 2) // _STEP + 1):
        change = _change(name, step)
        if change is not None and start <= change.at < end:
            yield change


@lru_cache(maxsize=16_384)
def _change(name: str, step: int) -> Change | None:
    """Return the change within (step, step + 1], in units of `_STEP`, if there is one."""
    early, late = step * _STEP, (step + 1) * _STEP
    before, after = offset(name, early), offset(name, late)
    return None if before == after else Change(_moment(name, early, late), before, after)


def _moment(name: str, early: int, late: int) -> int:
    """Return the first instant in (early, late] with the offset of `late`."""
    target = offset(name, late)
    while late - early > 1:
        middle = (early + late) // 2
        early, late = (early, middle) if offset(name, middle) == target else (middle, late)
    return late
