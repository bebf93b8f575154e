"""The definition of a cron text, written a second time: slow, obvious, and knowing nothing of the package's integers.

A `Cronish` is a text together with what each of its fields means, so nothing here parses. Fire times are found by
trying every second the fields name on every date, and by asking `zoneinfo` what each wall time is.
"""

from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from torchtask.core.schedule import DayMatch, Fold, Gap


@dataclass(frozen=True, slots=True)
class Values:
    """A field of numbers and what it means; `free` when it leaves nothing out by being `*`."""

    text: str
    values: frozenset[int]
    free: bool = False

    def __repr__(self) -> str:
        return repr(self.text)


@dataclass(frozen=True, slots=True)
class DayField:
    """A day field: its text, and the test a date must pass for each item."""

    text: str
    tests: tuple[Callable[[date], bool], ...]
    free: bool

    def __repr__(self) -> str:
        return repr(self.text)

    def matches(self, day: date) -> bool:
        """Tell whether any item matches."""
        return any(test(day) for test in self.tests)


@dataclass(frozen=True, slots=True)
class Cronish:
    """A seven-field text and its meaning."""

    second: Values
    minute: Values
    hour: Values
    day: DayField
    month: Values
    weekday: DayField
    year: Values

    @property
    def text(self) -> str:
        """The text itself, with the year."""
        fields = (self.second, self.minute, self.hour, self.day, self.month, self.weekday, self.year)
        return " ".join(field.text for field in fields)

    @property
    def is_interval(self) -> bool:
        """Whether its hour or its minute field begins with a star."""
        return self.minute.text.startswith("*") or self.hour.text.startswith("*")

    def matches(self, day: date, match: DayMatch) -> bool:
        """Tell whether the text has fire times on this date of the wall calendar."""
        if day.month not in self.month.values or day.year not in self.year.values:
            return False
        if self.day.free or self.weekday.free:
            return (self.day.free or self.day.matches(day)) and (self.weekday.free or self.weekday.matches(day))
        both = (self.day.matches(day), self.weekday.matches(day))
        return all(both) if match is DayMatch.AND else any(both)

    def times(self) -> Iterator[time]:
        """Yield every time of day that the fields name."""
        for hour in sorted(self.hour.values):
            for minute in sorted(self.minute.values):
                for second in sorted(self.second.values):
                    yield time(hour, minute, second)


def is_nearest_working_day(wanted: int, day: date) -> bool:
    """Tell whether `day` is the Monday to Friday nearest to day `wanted` of its month, not leaving the month."""
    length = monthrange(day.year, day.month)[1]
    if wanted > length or day.weekday() > 4:
        return False
    working = [number for number in range(1, length + 1) if day.replace(day=number).weekday() < 5]
    return day.day == min(working, key=lambda number: (abs(number - wanted), number))


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings that decide between readings."""

    match: DayMatch = DayMatch.OR
    gap: Gap = Gap.RUN_AFTER
    fold: Fold = Fold.ONCE


def fire_times(cronish: Cronish, zone: ZoneInfo, rules: Rules, after: datetime, until: datetime) -> list[datetime]:
    """Return the fire times in (after, until], which should be a few days."""
    runs_after = rules.gap is Gap.RUN_AFTER and not cronish.is_interval
    twice = rules.fold is Fold.TWICE or cronish.is_interval
    first_day, days = (after.astimezone(zone) - timedelta(days=2)).date(), (until - after).days + 5
    found = set[datetime]()
    for day in (first_day + timedelta(days=number) for number in range(days)):
        if cronish.matches(day, rules.match):
            for moment in cronish.times():
                early, late = _readings(datetime.combine(day, moment), zone)
                if early <= late:
                    found |= {early, late} if twice else {early}
                elif runs_after:
                    found.add(_end_of_gap(zone, late, early))
    return sorted(moment for moment in found if after < moment <= until)


def _readings(wall: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return what PEP 495 says of a wall time: twice the same; in a fold both; in a gap the first is the later."""
    early, late = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return early, late


def _end_of_gap(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Return the first instant with the offset of `after`; `before` still has another."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        before, after = (before, middle) if middle.astimezone(zone).utcoffset() == offset else (middle, after)
    return after
