"""What a rule is, a set of instants, and the kinds that need no wall clock.

Instants are whole seconds since 1970-01-01T00:00:00Z; ranges are [start, end).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from torchtask.core.schedule import wall
from torchtask.core.schedule.wall import END


class Rule(Protocol):
    """A set of instants."""

    def first(self, start: int, end: int) -> int | None:
        """Return the earliest instant in [start, end)."""

    def last(self, start: int, end: int) -> int | None:
        """Return the latest instant in [start, end)."""

    def count(self, start: int, end: int) -> int:
        """Return how many instants lie in [start, end)."""

    def bits(self, start: int, end: int) -> int:
        """Return the instants in [start, end) as bits, the lowest for `start`; meant for a few days."""


@dataclass(frozen=True, slots=True)
class Once:
    """A single instant."""

    instant: int

    def first(self, start: int, end: int) -> int | None:
        """Return the earliest instant in [start, end)."""
        return self.instant if start <= self.instant < end else None

    def last(self, start: int, end: int) -> int | None:
        """Return the latest instant in [start, end)."""
        return self.first(start, end)

    def count(self, start: int, end: int) -> int:
        """Return how many instants lie in [start, end)."""
        return int(start <= self.instant < end)

    def bits(self, start: int, end: int) -> int:
        """Return the instants in [start, end) as bits."""
        return self.count(start, end) << max(self.instant - start, 0)


@dataclass(frozen=True, slots=True)
class Every:
    """Every `period` seconds, counted from the epoch plus `phase`: no clock change matters, nothing drifts."""

    period: int
    phase: int = 0

    def first(self, start: int, end: int) -> int | None:
        """Return the earliest instant in [start, end)."""
        start = max(start, 0)
        found = start + (self.phase - start) % self.period
        return found if found < min(end, END) else None

    def last(self, start: int, end: int) -> int | None:
        """Return the latest instant in [start, end)."""
        end = min(end, END)
        found = end - 1 - (end - 1 - self.phase) % self.period
        return found if found >= max(start, 0) else None

    def count(self, start: int, end: int) -> int:
        """Return how many instants lie in [start, end)."""
        first, last = self.first(start, end), self.last(start, end)
        return 0 if first is None or last is None else (last - first) // self.period + 1

    def bits(self, start: int, end: int) -> int:
        """Return the instants in [start, end) as bits, the lowest for `start`; meant for a few days."""
        first = self.first(start, end)
        return 0 if first is None else _row(self.period, self.count(start, end)) << first - start


@lru_cache(maxsize=64)
def _row(period: int, length: int) -> int:
    """Return `length` bits, each `period` places from the one before; by doubling, in few steps."""
    row, done = 1, 1
    while done < length:
        row |= row << done * period
        done *= 2
    return row & wall.below((length - 1) * period + 1)
