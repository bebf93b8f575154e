"""The schedule language: a text becomes a rule, or a `Fault` that says what is wrong.

Five fields are minute to day-of-week, at second 0; six have the second first; seven the year last. Nicknames stand
for such texts; `@every` counts elapsed time.

Law: a text means the same in every process, whatever was parsed before.
"""

import re
from functools import lru_cache

from torchtask.core.schedule.cron import Cron
from torchtask.core.schedule.days import Days, DaysOfMonth, DaysOfWeek, dates
from torchtask.core.schedule.expand import expand
from torchtask.core.schedule.fields import Fault, Items, Place, judge
from torchtask.core.schedule.options import DayMatch
from torchtask.core.schedule.rules import Every

MAX_LENGTH = 256
NICKNAMES = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
    "@minutely": "0 * * * * *",
}
LONGEST_PERIOD = 366 * 86_400

_DURATION = re.compile(r"(?=[0-9])(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?")


def read(text: str, day_match: DayMatch, seed: str) -> Cron | Every:
    """Return what a text means. Raises `Fault`."""
    return _read(text, day_match, seed if "h" in text.lower() else "")


@lru_cache(maxsize=2048)
def _read(text: str, day_match: DayMatch, seed: str) -> Cron | Every:
    words = split(text)
    if words[0].lower() == "@every":
        return _every(words[1:])
    try:
        return _cron(cron_fields(words), day_match, seed)
    except Fault as fault:
        if reads_as_five_and_year(words):
            raise Fault(f"{fault}; six fields begin with the second, a year is the seventh") from None
        raise


def split(text: str) -> list[str]:
    """Return the words of a text, none of which is odd in itself. Raises `Fault`."""
    if len(text) > MAX_LENGTH:
        raise Fault(f"{len(text)} characters are more than {MAX_LENGTH}")
    if odd := next((character for character in text if character != "\t" and not " " <= character <= "~"), None):
        raise Fault(f"character {odd!a} is not plain ASCII")
    words = text.split()
    if not words:
        raise Fault("the text is empty")
    if "=" in words[0]:
        raise Fault(f'"{words[0]}" is not part of a schedule (name the zone in spec.timeZone)')
    return words


def cron_fields(words: list[str]) -> list[str]:
    """Return the seven fields that the words of a cron text or a nickname stand for. Raises `Fault`."""
    if words[0].startswith("@"):
        nickname = NICKNAMES.get(" ".join(words).lower())
        if nickname is None:
            raise Fault(f'"{" ".join(words)}" is not one of {", ".join(NICKNAMES)}, @every')
        words = nickname.split()
    if not 5 <= len(words) <= 7:
        raise Fault(f"{len(words)} fields are not 5 (minute first), 6 (second first) or 7 (second first, year last)")
    return [*(["0"] if len(words) == 5 else []), *words, *([] if len(words) == 7 else ["*"])]


def reads_as_five_and_year(words: list[str]) -> bool:
    """Tell whether six words look as if the first were meant as minute and the last as year, and would be right so."""
    if len(words) != 6 or not (words[5].isdigit() or all(word.isdigit() for word in words[:4])):
        return False
    try:
        for place, word in zip(list(Place)[1:], words, strict=True):
            judge(place, word)
    except Fault:
        return False
    return True


def _cron(fields: list[str], day_match: DayMatch, seed: str) -> Cron:
    judged = [judge(place, text) for place, text in zip(Place, fields, strict=True)]
    values = expand(judged, seed)
    days = Days(
        of_month=_of_month(judged[Place.DAY], values[Place.DAY]),
        of_week=_of_week(judged[Place.WEEKDAY], values[Place.WEEKDAY]),
        months=values[Place.MONTH],
        years=values[Place.YEAR],
        match=day_match,
    )
    if not dates(days):
        raise Fault("no date between 1970 and 2099 matches its day and month fields")
    return Cron(
        seconds=_bits(values[Place.SECOND]),
        minutes=_bits(values[Place.MINUTE]),
        hours=_bits(values[Place.HOUR]),
        days=days,
        interval=fields[Place.MINUTE].startswith("*") or fields[Place.HOUR].startswith("*"),
    )


def _of_month(items: Items, plain: frozenset[int]) -> DaysOfMonth | None:
    return DaysOfMonth(plain, items.nearest, items.last_day) if items.restrict else None


def _of_week(items: Items, plain: frozenset[int]) -> DaysOfWeek | None:
    return DaysOfWeek(plain, items.nth, items.last) if items.restrict else None


@lru_cache(maxsize=1024)
def _bits(values: frozenset[int]) -> int:
    return sum(1 << value for value in values)


def _every(words: list[str]) -> Every:
    if len(words) != 1:
        raise Fault("@every takes one duration, such as 90s, 1h30m or 90m/5m (with a phase)")
    duration, slash, shift = words[0].partition("/")
    period = _duration(duration)
    phase = _duration(shift) if slash else 0
    if not 1 <= period <= LONGEST_PERIOD:
        raise Fault(f"@every: {duration} is not in 1s–{LONGEST_PERIOD // 3600}h")
    if phase >= period:
        raise Fault(f"@every: the phase {shift} is not shorter than the period {duration}")
    return Every(period, phase)


def _duration(text: str) -> int:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise Fault(f'@every: "{text}" is not a duration such as 90s or 1h30m (whole h, m and s, in this order)')
    hours, minutes, seconds = (int(number or 0) for number in match.groups())
    return hours * 3600 + minutes * 60 + seconds
