"""What is allowed but probably not meant. A warning rejects nothing; `warnings` is asked when someone wants to know.

Texts here have passed the language; what is judged again cannot fail.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from torchtask.core.schedule import wall, zones
from torchtask.core.schedule.cron import Cron, WallClock
from torchtask.core.schedule.days import Days, DaysOfMonth, DaysOfWeek, dates
from torchtask.core.schedule.fields import FIELDS, WEEKDAYS, Place
from torchtask.core.schedule.language import cron_fields, read, reads_as_five_and_year, split
from torchtask.core.schedule.options import DayMatch, Fold, Gap, When

_CYCLES = {
    Place.SECOND: "minute",
    Place.MINUTE: "hour",
    Place.HOUR: "day",
    Place.MONTH: "year",
    Place.WEEKDAY: "week",
}
_STEP = re.compile(r"[*Hh]/([0-9]+)")


def of_texts(when: When) -> Iterator[str]:
    """Yield doubts about the schedule texts, each with its field's path."""
    for path, text in when.texts():
        rule = read(text, when.day_match, when.seed)
        if isinstance(rule, Cron):
            yield from (f"{path}: {doubt}" for doubt in _doubts(text, rule.days))


def of_clock(clock: WallClock, start: int, end: int) -> Iterator[str]:
    """Yield what clock changes in [start, end) do to fixed times: the first gap and the first fold that touch one."""
    fixed = [cron.pattern() for cron in clock.crons if not cron.interval]
    told = set[bool]()
    for at, before, after in zones.changes(clock.zone, start, end):
        gap = after > before
        shown = wall.first(fixed, at + min(before, after), at + max(before, after))
        if shown is not None and gap not in told:
            told.add(gap)
            effect = _leap(clock.gap, shown, at + after) if gap else _repetition(clock.fold, shown)
            yield f"spec.daylightSaving: the clock of {clock.zone} {effect}"


def _leap(gap: Gap, leapt_over: int, landed_on: int) -> str:
    outcome = f"it runs at {_wall(landed_on)}" if gap is Gap.RUN_AFTER else "it does not run then"
    return f"leaps over {_wall(leapt_over)}: {outcome}"


def _repetition(fold: Fold, repeated: int) -> str:
    return f"shows {_wall(repeated)} twice: it runs {'both times' if fold is Fold.TWICE else 'the first time'}"


def _wall(second: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)).strftime("%Y-%m-%d %H:%M:%S")


@lru_cache(maxsize=2048)
def _doubts(text: str, days: Days) -> tuple[str, ...]:
    return (*_about_fields(split(text)), *_about_days(days))


def _about_fields(words: list[str]) -> Iterator[str]:
    fields = cron_fields(words)
    for place, cycle in _CYCLES.items():
        known = FIELDS[place]
        for item in dict.fromkeys(fields[place].split(",")):
            step = _STEP.fullmatch(item)
            if step and known.size % int(step[1]):
                why = f"{known.size} is not a multiple of {int(step[1])}"
                yield f"{known.name}: {item} starts anew each {cycle} ({why})"
    if reads_as_five_and_year(words):
        yield "six fields begin with the second, but these read like five fields and a year"


def _about_days(days: Days) -> Iterator[str]:
    """Yield the parts of the day fields that never come, or that some months do not have."""
    for label, alone, single in _parts(days):
        found = dates(alone)
        if not found:
            yield f"{label} adds no date to the others"
        elif single and found.bit_count() < len(days.months) * len(days.years):
            yield f"{label} does not come in each of the months"


def _parts(days: Days) -> Iterator[tuple[str, Days, bool]]:
    """Yield each part of the day fields: its label, what it means without the others, whether it is one day a month."""
    both = days.match is DayMatch.AND and days.of_month is not None and days.of_week is not None
    for label, month_part, single in _month_parts(days.of_month or DaysOfMonth()):
        alone = replace(days, of_month=month_part, of_week=days.of_week if both else None)
        yield f"day-of-month: {label}", alone, single and not both
    for label, week_part, single in _week_parts(days.of_week or DaysOfWeek()):
        alone = replace(days, of_week=week_part, of_month=days.of_month if both else None)
        yield f"day-of-week: {label}", alone, single and not both


def _month_parts(chosen: DaysOfMonth) -> Iterator[tuple[str, DaysOfMonth, bool]]:
    if chosen.plain:
        yield ",".join(map(str, sorted(chosen.plain))), DaysOfMonth(chosen.plain), len(chosen.plain) == 1
    for day in sorted(chosen.nearest):
        yield f"{day}W", DaysOfMonth(nearest=frozenset({day})), True
    if chosen.last:
        yield "L", DaysOfMonth(last=True), False


def _week_parts(chosen: DaysOfWeek) -> Iterator[tuple[str, DaysOfWeek, bool]]:
    for day, nth in sorted(chosen.nth):
        yield f"{WEEKDAYS[day]}#{nth}", DaysOfWeek(nth=frozenset({(day, nth)})), True
    for day in sorted(chosen.last):
        yield f"{WEEKDAYS[day]}L", DaysOfWeek(last=frozenset({day})), False
