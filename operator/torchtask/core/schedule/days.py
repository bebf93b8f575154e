"""Which days: every date the language knows, as one integer.

Bit i stands for the day i days after 1970-01-01; the last is 2099-12-31. A set of dates is such an integer, so
`29` meets `Monday` in one AND, the next matching date is the lowest bit, and a count is `bit_count()`.

Law: a date matches when its month and year match and its day does. With both day fields restricted the day matches
by either (`Or`) or by both (`And`); with one restricted, by that one.
"""

from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache, reduce
from operator import or_

from torchtask.core.schedule.options import DayMatch

FIRST_YEAR, LAST_YEAR = 1970, 2099
_EPOCH = date(FIRST_YEAR, 1, 1).toordinal()
DAY_COUNT = date(LAST_YEAR + 1, 1, 1).toordinal() - _EPOCH
EVERY_DATE = (1 << DAY_COUNT) - 1
EVERY_MONTH = frozenset(range(1, 13))
EVERY_YEAR = frozenset(range(FIRST_YEAR, LAST_YEAR + 1))


@dataclass(frozen=True, slots=True)
class DaysOfMonth:
    """The items of a day-of-month field: plain days, `nW` (the working day nearest to n), `L` (the last day)."""

    plain: frozenset[int] = frozenset()
    nearest: frozenset[int] = frozenset()
    last: bool = False

    def dates(self) -> int:
        """Return the dates that any item names."""
        chosen = [_day_of_month(day) for day in self.plain] + [_nearest_working_day(day) for day in self.nearest]
        return _union([*chosen, _LAST_OF_MONTH if self.last else 0])


@dataclass(frozen=True, slots=True)
class DaysOfWeek:
    """The items of a day-of-week field (0 is Sunday): plain days, `d#n` as (d, n), `dL` (the month's last d)."""

    plain: frozenset[int] = frozenset()
    nth: frozenset[tuple[int, int]] = frozenset()
    last: frozenset[int] = frozenset()

    def dates(self) -> int:
        """Return the dates that any item names."""
        chosen = [_weekday(day) for day in self.plain] + [_nth_weekday(day, nth) for day, nth in self.nth]
        return _union([*chosen, *(_weekday(day) & _last_week_of_month() for day in self.last)])


@dataclass(frozen=True, slots=True)
class Days:
    """The date half of a cron text; None is a day field that restricts nothing (`*`, `?`)."""

    of_month: DaysOfMonth | None = None
    of_week: DaysOfWeek | None = None
    months: frozenset[int] = EVERY_MONTH
    years: frozenset[int] = EVERY_YEAR
    match: DayMatch = DayMatch.OR


@lru_cache(maxsize=1024)
def dates(days: Days) -> int:
    """Return the set of dates that match."""
    by_month = None if days.of_month is None else days.of_month.dates()
    by_week = None if days.of_week is None else days.of_week.dates()
    return _combined(by_month, by_week, days.match) & dates_of_months(days.months, days.years)


def _combined(by_month: int | None, by_week: int | None, match: DayMatch) -> int:
    if by_month is None:
        return EVERY_DATE if by_week is None else by_week
    if by_week is None:
        return by_month
    return by_month & by_week if match is DayMatch.AND else by_month | by_week


@lru_cache(maxsize=256)
def dates_of_months(months: frozenset[int], years: frozenset[int]) -> int:
    """Return every date of these months in these years."""
    in_months = EVERY_DATE if months == EVERY_MONTH else _union([_month(month) for month in months])
    return in_months if years == EVERY_YEAR else in_months & _union([_year(year) for year in years])


def date_of(index: int) -> date:
    """Return the date that bit `index` stands for."""
    return date.fromordinal(_EPOCH + index)


def _index(year: int, month: int) -> int:
    return date(year, month, 1).toordinal() - _EPOCH


def _union(sets: list[int]) -> int:
    return reduce(or_, sets, 0)


_FIRST_OF_MONTH = _union([1 << _index(year, month) for year in sorted(EVERY_YEAR) for month in sorted(EVERY_MONTH)])
_LAST_OF_MONTH = _FIRST_OF_MONTH >> 1 | 1 << (DAY_COUNT - 1)


@cache
def _year(year: int) -> int:
    start, length = _index(year, 1), date(year, 12, 31).timetuple().tm_yday
    return ((1 << length) - 1) << start


@cache
def _month(month: int) -> int:
    spans = [(_index(year, month), _index(year + month // 12, month % 12 + 1)) for year in EVERY_YEAR]
    return _union([((1 << (end - start)) - 1) << start for start, end in spans])


@cache
def _day_of_month(day: int) -> int:
    """Return every date that is this day of its month; from the 29th on not every month has it."""
    if day <= 28:
        return _FIRST_OF_MONTH << (day - 1)
    spilled = _union([_day_of_month(first) for first in (1, 2, 3)])  # where the 29th to 31st of a short month land
    return _FIRST_OF_MONTH << (day - 1) & ~spilled & EVERY_DATE


@cache
def _nearest_working_day(day: int) -> int:
    """Return Monday to Friday nearest to this day of the month, within the month; none where the month lacks it."""
    wanted, first, last = _day_of_month(day), _FIRST_OF_MONTH, _LAST_OF_MONTH
    saturday, sunday = wanted & _weekday(6), wanted & _weekday(0)
    before = (saturday & ~first) >> 1 | (sunday & last) >> 2
    after = (sunday & ~last) << 1 | (saturday & first) << 2
    return wanted & ~saturday & ~sunday | before | after


@cache
def _weekday(day: int) -> int:
    every_seventh = ((1 << 7 * (DAY_COUNT // 7 + 2)) - 1) // 127
    return every_seventh << (day + 3) % 7 & EVERY_DATE  # bit 0 is a Thursday


@cache
def _nth_weekday(day: int, nth: int) -> int:
    in_week = range(7 * nth - 6, min(7 * nth, 31) + 1)
    return _weekday(day) & _union([_day_of_month(number) for number in in_week])


@cache
def _last_week_of_month() -> int:
    return _union([_LAST_OF_MONTH >> back for back in range(7)])
