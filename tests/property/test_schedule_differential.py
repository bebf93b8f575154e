"""Fire times in UTC against two libraries: croniter's own iteration, and cronsim.

Where a library reads a text in another way, `DIFFERENCES` says so: what the definition says, an example, and texts
that together make the library mean it. Each row is tested, and generated texts are rewritten by the same rules before
they are compared, so that none is left out.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from heapq import merge
from itertools import groupby, islice

import pytest
from croniter import CroniterBadDateError, croniter
from cronsim import CronSim
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.property.naive_schedule import Cronish
from tests.property.schedule_strategies import MONTHS, WEEKDAYS, accepted, cronishes
from torchtask.core.schedule import DayMatch, When, parse

pytestmark = pytest.mark.property
START = datetime(2026, 1, 20, 12, tzinfo=UTC)
STARTS = st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 -- given there
NUMBERS = {name: str(number) for number, name in (*enumerate(MONTHS, 1), *enumerate(WEEKDAYS))}
OWN_FORM = re.compile(r"[0-9]W|L|#")


def by_croniter(text: str, start: datetime, match: DayMatch = DayMatch.OR) -> Iterator[datetime]:
    """Yield croniter's fire times after `start`, until it has searched 50 years for the next one."""
    iteration = croniter(text, start, second_at_beginning=True, day_or=match is DayMatch.OR)
    with suppress(CroniterBadDateError):
        while True:
            yield iteration.get_next(datetime)


def by_cronsim(text: str, start: datetime) -> Iterator[datetime]:
    """Yield cronsim's fire times after `start`."""
    return CronSim(text, start)


def union(iterations: list[Iterator[datetime]]) -> Iterator[datetime]:
    """Yield the fire times of all, each once."""
    return (fire_time for fire_time, _ in groupby(merge(*iterations)))


@dataclass(frozen=True)
class Difference:
    """A text that a library reads otherwise (or refuses), why we do not, and texts that it reads as we do."""

    why: str
    text: str
    library: Callable[[str, datetime], Iterator[datetime]]
    rewritten: tuple[str, ...]


def _croniter(why: str, text: str, *rewritten: str) -> Difference:
    return Difference(why, text, by_croniter, rewritten)


def _cronsim(why: str, text: str, *rewritten: str) -> Difference:
    return Difference(why, text, by_cronsim, rewritten)


DIFFERENCES = (
    _croniter("`a-a` is `a`; croniter takes the whole cycle", "0 5-5 * * * *", "0 5 * * * *"),
    _croniter("`a/n` goes to the end, and 7 is the end; croniter goes on from 0", "0 0 0 * * 7/2", "0 0 0 * * 7"),
    _croniter(
        "`*/1` is `*`, it restricts nothing; croniter takes it for a restriction", "0 0 0 */1 * 1", "0 0 0 * * 1"
    ),
    _croniter("`nW` may stand in a list; croniter wants it alone", "0 0 0 15W,L * *", "0 0 0 15W * *", "0 0 0 L * *"),
    _croniter(
        "a month without day n has no `nW`; croniter takes its last day", "0 0 0 31W * *", "0 0 0 31W 1,3,5,7,8,10,12 *"
    ),
    _croniter("`dL` is `Ld`; croniter knows only the second", "0 0 0 * * 5L", "0 0 0 * * L5"),
    _croniter(
        "`d#n` may stand beside plain days; croniter refuses that", "0 0 0 * * 1#1,2", "0 0 0 * * 1#1", "0 0 0 * * 2"
    ),
    _croniter("`nW` or a weekday means either; croniter wants both", "0 0 0 5W * 5", "0 0 0 5W * *", "0 0 0 * * 5"),
    _croniter("a day or `d#n` means either; croniter wants both", "0 0 0 13 * 5#1", "0 0 0 13 * *", "0 0 0 * * 5#1"),
    _cronsim("`a-a/n` is `a`; cronsim goes on to the end", "0 5-5/20 * * * *", "0 5 * * * *"),
    _cronsim("`a/n` ends with Saturday; cronsim with 7, which is Sunday", "0 0 0 * * 6/1", "0 0 0 * * 6"),
    _cronsim("`*/2` restricts, and either day field will do; cronsim wants both", "0 0 0 */2 * 6", "0 0 0 1-31/2 * 6"),
    _cronsim("`Ld` is `dL`; cronsim knows only the second", "0 0 0 * * L5", "0 0 0 * * 5L"),
    _cronsim("`?` is `*`; cronsim does not know it", "0 0 0 ? * 5", "0 0 0 * * 5"),
    _cronsim("`nW` is a working day; cronsim knows only the last of a month", "0 0 0 31W 1 *", "0 0 0 LW 1 *"),
    _cronsim("seven fields end with the year; cronsim has no year", "0 0 0 1 1 * 2026/1", "0 0 0 1 1 *"),
)


@pytest.mark.parametrize("row", DIFFERENCES, ids=lambda row: row.text)
def test_each_difference_is_there_and_is_only_that(row: Difference) -> None:
    """The library does not give our fire times for the text, and does for the rewritten ones."""
    ours = parse(When(schedule=row.text)).upcoming(START, 12)

    assert _attempt(row.library, row.text) != ours
    assert tuple(islice(union([row.library(text, START) for text in row.rewritten]), 12)) == ours


def _attempt(library: Callable[[str, datetime], Iterator[datetime]], text: str) -> tuple[datetime, ...] | str:
    try:
        return tuple(islice(library(text, START), 12))
    except Exception as refusal:  # noqa: BLE001 -- each library has its own, and any is a refusal
        return str(refusal)


REFUSED_HERE = (
    "50-10 * * * *",
    "0 0 * * R",
    "R * * * *",
    "0 0 W15 * *",
    "0 0 * * fri-mon",
    "0 0 * * mon-wed#2",
    "0 0 31 2 *",
)


@pytest.mark.parametrize("text", REFUSED_HERE)
def test_croniter_accepts_what_the_language_refuses(text: str) -> None:
    """Reversed ranges, chance, `Wn`, ranges before `#`, dates that never come: croniter would take them."""
    assert croniter.is_valid(text, hash_id=b"")
    assert accepted(When(schedule=text)) is None


def _items(text: str) -> list[str]:
    """Return a field's items with names as numbers and ranges of one value as that value."""
    items = [re.sub(r"[A-Z]{3}", lambda name: NUMBERS[name[0]], item.upper()) for item in text.split(",")]
    return [re.sub(r"^(\d+)-\1(/\d+)?$", r"\1", item) for item in items]


def _field(text: str) -> str:
    items = _items(text)
    return "*" if "*/1" in items else ",".join(items)


def _weekdays(text: str) -> str:
    """Rewrite a day-of-week field: `a/n` ends with Saturday, `7/n` is Sunday; then both libraries agree."""
    items = [re.sub(r"^7/\d+$", "7", item) for item in _items(text)]
    return _field(",".join(re.sub(r"^(\d)/", r"\1-6/", item) for item in items))


@given(cronishes(), STARTS, st.sampled_from(DayMatch))
def test_plain_texts_fire_as_croniter_fires(cronish: Cronish, start: datetime, match: DayMatch) -> None:
    """Texts of plain items, year and both ways to match days included, give croniter's fire times, onward and back."""
    assume(not OWN_FORM.search(f"{cronish.day.text.upper()} {cronish.weekday.text.upper()}"))
    schedule = accepted(When(schedule=cronish.text, day_match=match))
    assume(schedule is not None)
    assert schedule is not None
    start = start.replace(microsecond=0)
    fields = (cronish.second, cronish.minute, cronish.hour, cronish.day, cronish.month)
    text = " ".join(
        [*(_field(field.text) for field in fields), _weekdays(cronish.weekday.text), _field(cronish.year.text)]
    )
    ours = schedule.upcoming(start, 8)
    assume(not ours or ours[-1].year - start.year < 50)  # croniter gives up after 50 years

    assert tuple(islice(by_croniter(text, start, match), len(ours))) == ours
    back = croniter(text, start, second_at_beginning=True, day_or=match is DayMatch.OR)
    before = start
    for _ in range(4):
        fire_time = schedule.latest(before - timedelta(seconds=1))
        if fire_time is None or start.year - fire_time.year > 48:
            break
        assert back.get_prev(datetime) == fire_time
        before = fire_time


@given(cronishes(), st.dates(date(1990, 1, 1), date(2040, 1, 1)), st.sampled_from(DayMatch))
def test_dates_are_those_of_croniter_item_by_item(cronish: Cronish, start: date, match: DayMatch) -> None:
    """For `L`, `W`, `#` too: croniter's dates for each item alone, put together as the definition says, are ours."""
    schedule = accepted(
        When(schedule=f"0 0 0 {cronish.day.text} {cronish.month.text} {cronish.weekday.text}", day_match=match)
    )
    first = datetime(start.year, start.month, start.day, tzinfo=UTC)
    until = first + timedelta(days=500)
    month = _field(cronish.month.text)
    by_month = [_dates(f"0 0 0 {item} {month} *", first, until) for item in _items(cronish.day.text)]
    by_week = [
        _dates(f"0 0 0 * {month} {_last_first(item)}", first, until)
        for item in _weekdays(cronish.weekday.text).split(",")
    ]
    expected = _together(cronish, set[datetime]().union(*by_month), set[datetime]().union(*by_week), match)
    ours = () if schedule is None else schedule.upcoming(first, schedule.count(first, until))
    assert list(ours) == sorted(expected)


def _together(cronish: Cronish, by_month: set[datetime], by_week: set[datetime], match: DayMatch) -> set[datetime]:
    if cronish.day.free or cronish.weekday.free or match is DayMatch.AND:
        return by_month & by_week
    return by_month | by_week


def _dates(text: str, first: datetime, until: datetime) -> set[datetime]:
    """Return croniter's dates; of `nW` only those in months that have a day n."""
    wanted = re.search(r" (\d+)W ", text)
    found = set[datetime]()
    for fire_time in by_croniter(text, first):
        if fire_time > until:
            return found
        month_end = (fire_time.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        if wanted is None or int(wanted[1]) <= month_end.day:
            found.add(fire_time)
    return found


def _last_first(item: str) -> str:
    return re.sub(r"^(\d)L$", r"L\1", item)


@given(cronishes(), STARTS)
def test_texts_fire_as_cronsim_fires(cronish: Cronish, start: datetime) -> None:
    """Texts without `W` and year, `L` and `#` included, give cronsim's fire times."""
    day = _field(cronish.day.text).replace("?", "*")
    assume("W" not in day)
    weekday = ",".join(re.sub(r"^L(\d)$", r"\1L", item) for item in _weekdays(cronish.weekday.text).split(","))
    weekday = weekday.replace("?", "*")
    schedule = accepted(When(schedule=" ".join(cronish.text.split()[:6])))
    assume(schedule is not None)
    assert schedule is not None
    start = start.replace(microsecond=0)
    fields = [_field(field.text) for field in (cronish.second, cronish.minute, cronish.hour)]
    day = re.sub(r"^\*/", "1-31/", day)
    weekday = re.sub(r"^\*/", "0-6/", weekday)
    text = " ".join([*fields, day, _field(cronish.month.text), weekday])
    ours = schedule.upcoming(start, 8)

    assert tuple(islice(by_cronsim(text, start), len(ours))) == ours
