"""Cron texts on the wall clock of a zone: which instants they mean, at clock changes too.

Laws: a wall time that exists once fires once. In a gap an interval does not fire; a fixed time fires at the first
instant after it (`RunAfter`) or not (`Skip`). In a fold an interval fires both times; a fixed time the first time
(`Once`) or both (`Twice`). Several on one instant are one. So by default a fixed time fires once on each of its days.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_

from torchtask.core.schedule import wall, zones
from torchtask.core.schedule.days import Days, dates
from torchtask.core.schedule.options import Fold, Gap
from torchtask.core.schedule.wall import DAY, END, Pattern
from torchtask.core.schedule.zones import Piece


@dataclass(frozen=True, slots=True)
class Cron:
    """What one cron text means: its time fields as bits (bit 5 of `minutes` is minute 5) and its days.

    It is an interval (`* * * * * *`, `*/5 * * * *`) or it names fixed times; clock changes treat the two differently.
    """

    seconds: int
    minutes: int
    hours: int
    days: Days
    interval: bool

    def pattern(self) -> Pattern:
        """Return its dates and the seconds of each."""
        return Pattern(dates(self.days), wall.seconds_of_day(self.seconds, self.minutes, self.hours))


@dataclass(frozen=True, slots=True)
class WallClock:
    """The union of cron texts that are read on one zone's wall clock; a `Rule`."""

    zone: str
    gap: Gap
    fold: Fold
    crons: tuple[Cron, ...]

    def first(self, start: int, end: int) -> int | None:
        """Return the earliest instant in [start, end)."""
        face = self._face()
        while start < end and (day := face.day_from(start // DAY - 1)) is not None:
            stop = min(end, (day + 2) * DAY)
            for piece in self._pieces(max(start, (day - 1) * DAY), stop):
                if (found := face.first(piece)) is not None:
                    return found
            start = stop
        return None

    def last(self, start: int, end: int) -> int | None:
        """Return the latest instant in [start, end)."""
        face = self._face()
        while start < end and (day := face.day_until((end - 1) // DAY + 1)) is not None:
            stop = max(start, (day - 1) * DAY)
            for piece in reversed(list(self._pieces(stop, min(end, (day + 2) * DAY)))):
                if (found := face.last(piece)) is not None:
                    return found
            end = stop
        return None

    def count(self, start: int, end: int) -> int:
        """Return how many instants lie in [start, end)."""
        face = self._face()
        return sum(face.count(piece) for piece in self._pieces(start, end))

    def bits(self, start: int, end: int) -> int:
        """Return the instants in [start, end) as bits, the lowest for `start`; meant for a few days."""
        face = self._face()
        return sum(face.bits(piece) << piece.start - start for piece in self._pieces(start, end))

    def _face(self) -> "_Face":
        patterns = [(cron.interval, cron.pattern()) for cron in self.crons]
        fixed = tuple(pattern for interval, pattern in patterns if not interval)
        return _Face(
            dates=reduce(or_, (pattern.dates for _, pattern in patterns)),
            usual=tuple(pattern for _, pattern in patterns),
            repeating=tuple(p for interval, p in patterns if interval or self.fold is Fold.TWICE),
            leaping=fixed if self.gap is Gap.RUN_AFTER else (),
        )

    def _pieces(self, start: int, end: int) -> Iterator[Piece]:
        start, end = max(start, -DAY), min(end, END + DAY)  # no zone is a day or more away from UTC
        return zones.pieces(self.zone, start, end) if start < end else iter(())


@dataclass(frozen=True, slots=True)
class _Face:
    """All dates, and the patterns by when they count: usually, when wall times repeat, when they were leapt over."""

    dates: int
    usual: tuple[Pattern, ...]
    repeating: tuple[Pattern, ...]
    leaping: tuple[Pattern, ...]

    def day_from(self, day: int) -> int | None:
        """Return the first matching day not before `day`."""
        day = max(day, 0)
        rest = self.dates >> day
        return day + wall.lowest(rest) if rest else None

    def day_until(self, day: int) -> int | None:
        """Return the last matching day not after `day`."""
        rest = self.dates & wall.below(max(day + 1, 0))
        return rest.bit_length() - 1 if rest else None

    def first(self, piece: Piece) -> int | None:
        """Return the earliest instant of a piece."""
        if self._leaps_onto(piece):
            return piece.start
        found = wall.first(self._patterns(piece), piece.start + piece.offset, piece.end + piece.offset)
        return None if found is None else found - piece.offset

    def last(self, piece: Piece) -> int | None:
        """Return the latest instant of a piece."""
        found = wall.last(self._patterns(piece), piece.start + piece.offset, piece.end + piece.offset)
        if found is not None:
            return found - piece.offset
        return piece.start if self._leaps_onto(piece) else None

    def count(self, piece: Piece) -> int:
        """Return how many instants a piece has."""
        start, end = piece.start + piece.offset, piece.end + piece.offset
        shown = wall.count(self._patterns(piece), start, end)
        leapt = self._leaps_onto(piece) and not wall.bits(self._patterns(piece), start, start + 1)
        return shown + leapt

    def bits(self, piece: Piece) -> int:
        """Return a piece's instants as bits, the lowest for its start."""
        shown = wall.bits(self._patterns(piece), piece.start + piece.offset, piece.end + piece.offset)
        return shown | self._leaps_onto(piece)

    def _patterns(self, piece: Piece) -> tuple[Pattern, ...]:
        return self.repeating if piece.repeated else self.usual

    def _leaps_onto(self, piece: Piece) -> bool:
        shown = piece.start + piece.offset
        return piece.skipped > 0 and wall.first(self.leaping, shown - piece.skipped, shown) is not None
