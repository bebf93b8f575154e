"""A schedule in plain words, for people: what its rules mean, `H` as the value it stands for."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from torchtask.core.schedule.cron import Cron, WallClock
from torchtask.core.schedule.days import EVERY_MONTH, EVERY_YEAR, Days, DaysOfMonth, DaysOfWeek
from torchtask.core.schedule.options import DayMatch, When
from torchtask.core.schedule.rules import Every, Once, Rule
from torchtask.core.schedule.wall import bits_of

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_ORDINALS = ("1st", "2nd", "3rd", "4th", "5th")
_MOST_TIMES = 6  # more times of day than these are told by their fields


def in_words(when: When, rules: Iterable[Rule]) -> str:
    """Return what the rules mean, one after the other, and the window."""
    phrases = "; ".join(phrase for rule in rules for phrase in _rule(rule))
    since = f", not before {_moment(when.not_before)}" if when.not_before else ""
    until = f", not after {_moment(when.not_after)}" if when.not_after else ""
    return phrases + since + until


def _rule(rule: Rule) -> list[str]:
    match rule:
        case Once(instant):
            return [f"once, at {_moment(datetime.fromtimestamp(instant, UTC))}"]
        case Every(period, phase):
            return [f"every {_duration(period)}" + (f", {_duration(phase)} into each" if phase else "")]
        case WallClock(zone=zone, crons=crons):
            return [f"{_cron(cron)} ({zone})" for cron in crons]
    raise TypeError(rule)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _duration(seconds: int) -> str:
    parts = ((seconds // 3600, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number)


def _cron(cron: Cron) -> str:
    seconds, minutes, hours = bits_of(cron.seconds), bits_of(cron.minutes), bits_of(cron.hours)
    if not cron.interval and len(seconds) * len(minutes) * len(hours) <= _MOST_TIMES:
        times = [f"{hour:02}:{minute:02}:{second:02}" for hour in hours for minute in minutes for second in seconds]
        return f"at {_listed(times)}{_days(cron.days) or ' every day'}"
    return _time_fields(seconds, minutes, hours) + _days(cron.days)


def _time_fields(seconds: list[int], minutes: list[int], hours: list[int]) -> str:
    """Say the fields from the finest that matters: `every 10 seconds of hours 9–17`."""
    fields = [(seconds, "second", 60), (minutes, "minute", 60), (hours, "hour", 24)]
    while len(fields) > 1 and fields[0][0] == [0]:
        fields.pop(0)
    phrases = [_field(values, unit, size) for values, unit, size in fields]
    kept = [
        phrase
        for phrase, finer in zip(phrases, ["", *phrases], strict=False)
        if not (finer.startswith("every ") and phrase.startswith("every ") and phrase.count(" ") == 1)
    ]
    lead = kept[0] if kept[0].startswith("every ") else f"at {kept[0]}"
    return " of ".join([lead, *map(_nth, kept[1:])])


def _nth(phrase: str) -> str:
    """Turn `every 5 minutes` into `every 5th minute`, as it is said after `of`."""
    match phrase.split(" "):
        case ["every", number, units]:
            ending = {"2": "nd", "3": "rd"}.get(number, "th")
            return f"every {number}{ending} {units.removesuffix('s')}"
    return phrase


def _field(values: list[int], unit: str, size: int) -> str:
    step = size // len(values)
    if values == list(range(0, size, step)) and len(values) > 1:
        return f"every {unit}" if step == 1 else f"every {step} {unit}s"
    return f"{unit}{'s' if len(values) > 1 else ''} {_ranges(values)}"


def _days(days: Days) -> str:
    by_month = "" if days.of_month is None else _of_month(days.of_month)
    by_week = "" if days.of_week is None else _of_week(days.of_week)
    link = " or " if days.match is DayMatch.OR else ", when it is "
    chosen = link.join(filter(None, (by_month, by_week)))
    months = [_MONTHS[month - 1] for month in sorted(days.months)]
    in_months = f" in {_listed(months)}" if days.months != EVERY_MONTH else ""
    in_years = f" in {_ranges(sorted(days.years))}" if days.years != EVERY_YEAR else ""
    return (f" on {chosen}" if chosen else "") + in_months + in_years


def _of_month(days: DaysOfMonth) -> str:
    plain = sorted(days.plain)
    phrases = [f"day{'s' if len(plain) > 1 else ''} {_ranges(plain)} of the month"] if plain else []
    phrases += [f"the working day nearest to day {day}" for day in sorted(days.nearest)]
    phrases += ["the last day of the month"] if days.last else []
    return " or ".join(phrases)


def _of_week(days: DaysOfWeek) -> str:
    week = sorted(days.plain, key=lambda day: (day - 1) % 7)
    phrases = ["Monday to Friday"] if week == [1, 2, 3, 4, 5] else [_WEEKDAYS[day] for day in week]
    phrases += [f"the {_ORDINALS[nth - 1]} {_WEEKDAYS[day]} of the month" for day, nth in sorted(days.nth)]
    phrases += [f"the last {_WEEKDAYS[day]} of the month" for day in sorted(days.last)]
    return _listed(phrases, "or")


def _ranges(values: Sequence[int]) -> str:
    """Write numbers with runs of three or more joined: `1, 5–7 and 9`."""
    runs: list[list[int]] = []
    for value in values:
        if runs and runs[-1][-1] + 1 == value:
            runs[-1].append(value)
        else:
            runs.append([value])
    parts = [part for run in runs for part in ([f"{run[0]}–{run[-1]}"] if len(run) > 2 else map(str, run))]
    return _listed(parts)


def _listed(parts: Sequence[str], link: str = "and") -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {link} {parts[-1]}"
