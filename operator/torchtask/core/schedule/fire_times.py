"""When a task fires: an immutable set of instants, asked with aware datetimes and answering in UTC.

Fire times are whole seconds; everything inside this package counts them from 1970-01-01T00:00:00Z.

Laws: `after(t) > t`; `latest(after(t)) == after(t)`; `count(a, c) == count(a, b) + count(b, c)`; however many rules
name one second, it is one fire time.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from torchtask.core.schedule import describe, warn, zones
from torchtask.core.schedule.cron import WallClock
from torchtask.core.schedule.options import When
from torchtask.core.schedule.rules import Rule
from torchtask.core.schedule.wall import DAY

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_YEAR = 366 * DAY


@dataclass(frozen=True, slots=True)
class Schedule:
    """The fire times of one task: what `rules` name inside the window [start, end); `when` is where they are from."""

    when: When
    rules: tuple[Rule, ...]
    start: int
    end: int

    def after(self, moment: datetime) -> datetime | None:
        """Return the first fire time later than `moment`; None when there is none."""
        start = max(self.start, _next_second(moment))
        found = [first for rule in self.rules if (first := rule.first(start, self.end)) is not None]
        return _instant(min(found)) if found else None

    def latest(self, until: datetime) -> datetime | None:
        """Return the last fire time not later than `until`; None when there is none."""
        end = min(self.end, _next_second(until))
        found = [last for rule in self.rules if (last := rule.last(self.start, end)) is not None]
        return _instant(max(found)) if found else None

    def count(self, after: datetime, until: datetime) -> int:
        """Return how many fire times lie in (after, until]."""
        start, end = max(self.start, _next_second(after)), min(self.end, _next_second(until))
        if start >= end:
            return 0
        if len(self.rules) == 1:
            return self.rules[0].count(start, end)
        return sum(self._bits(day, min(day + DAY, end)).bit_count() for day in range(start, end, DAY))

    def upcoming(self, moment: datetime, limit: int) -> tuple[datetime, ...]:
        """Return the next fire times later than `moment`, at most `limit`."""
        found: list[datetime] = []
        upcoming = self.after(moment) if limit > 0 else None
        while upcoming is not None:
            found.append(upcoming)
            upcoming = self.after(upcoming) if len(found) < limit else None
        return tuple(found)

    def local(self, moment: datetime) -> datetime:
        """Return a moment with the offset that the task's zone has then, for showing it to people."""
        return moment.astimezone(zones.zone(self.when.time_zone))

    def describe(self) -> str:
        """Say in plain words when the task fires."""
        return describe.in_words(self.when, self.rules)

    def warnings(self, now: datetime) -> tuple[str, ...]:
        """Return what is probably not meant, each with its field's path; clock changes count for a year from `now`."""
        start = max(self.start, _next_second(now))
        end = min(self.end, start + _YEAR)
        clocks = [rule for rule in self.rules if isinstance(rule, WallClock)]
        return (*warn.of_texts(self.when), *(doubt for clock in clocks for doubt in warn.of_clock(clock, start, end)))

    def _bits(self, start: int, end: int) -> int:
        merged = 0
        for rule in self.rules:
            merged |= rule.bits(start, end)
        return merged


NEVER = Schedule(When(), (), 0, 0)


def _next_second(moment: datetime) -> int:
    return (moment - _EPOCH) // _SECOND + 1


def _instant(seconds: int) -> datetime:
    return _EPOCH + seconds * _SECOND
