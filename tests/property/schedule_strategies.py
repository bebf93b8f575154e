"""Generated schedules: cron texts that carry their meaning, unions, zones, and instants near and far from changes."""

from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial

from hypothesis import strategies as st

from tests.property.naive_schedule import Cronish, DayField, Values, is_nearest_working_day
from torchtask.core.errors import SpecError
from torchtask.core.schedule import DayMatch, Fold, Gap, Schedule, When, parse, zones

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
FIRST, LAST = datetime(1970, 1, 3, tzinfo=UTC), datetime(2099, 12, 29, tzinfo=UTC)


@st.composite
def _item(draw: st.DrawFn, low: int, size: int, top: int, names: tuple[str, ...]) -> tuple[str, frozenset[int]]:
    """Draw one plain item; `top` is the highest number allowed, `size` how many values differ (7 is Sunday again)."""

    def shown(value: int) -> str:
        named = names and value - low < len(names) and draw(st.booleans())
        return draw(st.sampled_from([str.lower, str.upper, str.title]))(names[value - low]) if named else str(value)

    def meant(values: range) -> frozenset[int]:
        return frozenset((value - low) % size + low for value in values)

    last = low + size - 1
    step = draw(st.integers(1, size))
    start = draw(st.integers(low, top))
    end = draw(st.integers(start, top))
    match draw(st.sampled_from(["value", "range", "stepped range", "open step", "star step"])):
        case "value":
            return shown(start), meant(range(start, start + 1))
        case "range":
            return f"{shown(start)}-{shown(end)}", meant(range(start, end + 1))
        case "stepped range":
            return f"{shown(start)}-{shown(end)}/{step}", meant(range(start, end + 1, step))
        case "open step":
            return f"{shown(start)}/{step}", meant(range(start, max(last, start) + 1, step))
        case _:
            return f"*/{step}", meant(range(low, last + 1, step))


def values(low: int, size: int, names: tuple[str, ...] = (), most: int = 3) -> st.SearchStrategy[Values]:
    """Draw a field of numbers: `*` or a few items."""
    items = st.lists(_item(low, size, low + size - 1, names), min_size=1, max_size=most)
    some = items.map(lambda found: Values(",".join(t for t, _ in found), frozenset().union(*(v for _, v in found))))
    return st.one_of(st.just(Values("*", frozenset(range(low, low + size)), free=True)), some)


def _is_day(wanted: frozenset[int], day: date) -> bool:
    return day.day in wanted


def _is_weekday(wanted: frozenset[int], day: date) -> bool:
    return day.isoweekday() % 7 in wanted


def _is_last_day(day: date) -> bool:
    return day.day == monthrange(day.year, day.month)[1]


def _is_nth(weekday: int, nth: int, day: date) -> bool:
    return day.isoweekday() % 7 == weekday and (day.day - 1) // 7 + 1 == nth


def _is_last_weekday(weekday: int, day: date) -> bool:
    return day.isoweekday() % 7 == weekday and (day + timedelta(days=7)).month != day.month


DayItem = tuple[str, Callable[[date], bool]]


def _plain_days(
    low: int, size: int, top: int, names: tuple[str, ...], test: Callable[..., bool]
) -> st.SearchStrategy[DayItem]:
    return _item(low, size, top, names).map(lambda item: (item[0], partial(test, item[1])))


def _day_items() -> st.SearchStrategy[DayItem]:
    nearest = st.integers(1, 31).map(lambda day: (f"{day}W", partial(is_nearest_working_day, day)))
    return st.one_of(
        _plain_days(1, 31, 31, (), _is_day), nearest, st.sampled_from([("L", _is_last_day), ("l", _is_last_day)])
    )


def _weekday_items() -> st.SearchStrategy[DayItem]:
    weekdays = st.integers(0, 7)
    nth = st.tuples(weekdays, st.integers(1, 5)).map(
        lambda both: (f"{both[0]}#{both[1]}", partial(_is_nth, both[0] % 7, both[1]))
    )
    last = st.tuples(weekdays, st.sampled_from(["{}L", "L{}"])).map(
        lambda both: (both[1].format(both[0]), partial(_is_last_weekday, both[0] % 7))
    )
    return st.one_of(_plain_days(0, 7, 7, WEEKDAYS, _is_weekday), nth, last)


def _day_field(items: st.SearchStrategy[DayItem]) -> st.SearchStrategy[DayField]:
    free = st.sampled_from(["*", "?"]).map(lambda text: DayField(text, (), free=True))
    some = st.lists(items, min_size=1, max_size=3).map(_joined)
    return st.one_of(free, free, some)


def _joined(found: list[DayItem]) -> DayField:
    return DayField(
        ",".join(text for text, _ in found),
        tuple(test for _, test in found),
        free=any(text == "*/1" for text, _ in found),
    )


ALL_SECONDS = values(0, 60)


def cronishes(seconds: st.SearchStrategy[Values] = ALL_SECONDS) -> st.SearchStrategy[Cronish]:
    """Draw a cron text with its meaning; some name no date at all."""
    every_month = st.just(Values("*", frozenset(range(1, 13)), free=True))
    every_year = st.just(Values("*", frozenset(range(1970, 2100)), free=True))
    return st.builds(
        Cronish,
        second=seconds,
        minute=values(0, 60),
        hour=values(0, 24),
        day=_day_field(_day_items()),
        month=st.one_of(every_month, values(1, 12, MONTHS)),
        weekday=_day_field(_weekday_items()),
        year=st.one_of(every_year, every_year, values(1970, 130)),
    )


def few_seconds() -> st.SearchStrategy[Values]:
    """Draw a second field of one value, so that a day's fire times can be tried one by one."""
    return st.integers(0, 59).map(lambda second: Values(str(second), frozenset({second})))


def texts() -> st.SearchStrategy[str]:
    """Draw a text of any kind that is right by its form."""
    durations = st.integers(1, 4 * 86_400).map(lambda seconds: f"@every {seconds}s")
    nicknames = st.sampled_from(["@yearly", "@monthly", "@weekly", "@daily", "@hourly", "@minutely", "@Midnight"])
    hashed = st.sampled_from(
        ["H * * * * *", "H H H * * *", "H/7 H(3-9) * * 1-5", "H H H H H ?", "H,5 */9,H/7 1-3,H H(1-5),9 * *"]
    )
    return st.one_of(cronishes().map(lambda cronish: cronish.text), durations, nicknames, hashed)


def zone_names() -> st.SearchStrategy[str]:
    """Draw any zone of the tzdata package."""
    return st.sampled_from(sorted(zones.names()))


@st.composite
def moments(draw: st.DrawFn, zone: str) -> datetime:
    """Draw an instant: at, near or far from a change of the zone's clock, with or without a fraction of a second."""
    far = draw(st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None), timezones=st.just(UTC)))
    start = int(far.timestamp())
    change = next(zones.changes(zone, start, min(start + 400 * 86_400, int(LAST.timestamp()))), None)
    if change is None or draw(st.booleans()):
        return far
    return datetime.fromtimestamp(change.at, UTC) + draw(st.timedeltas(timedelta(hours=-30), timedelta(hours=30)))


def whens(most: int = 3) -> st.SearchStrategy[When]:
    """Draw the fields of a spec; some name no fire time and are refused."""
    return st.builds(
        When,
        schedule=texts(),
        additional_schedules=st.lists(texts(), max_size=most).map(tuple),
        time_zone=zone_names(),
        gap=st.sampled_from(Gap),
        fold=st.sampled_from(Fold),
        day_match=st.sampled_from(DayMatch),
        seed=st.sampled_from(["", "5e7a", "f1b9c2d0-77aa-4c1e-9d1b-0c6c8f6b8f11"]),
    )


def accepted(when: When) -> Schedule | None:
    """Parse; None when the fields name no date."""
    try:
        return parse(when)
    except SpecError:
        return None
