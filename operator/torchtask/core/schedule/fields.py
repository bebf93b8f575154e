"""The fields of a cron text: what may stand in each, and what is wrong with what stands there.

Law: a field is judged strictly here, item by item; whatever is wrong is named with its field and what would be right.
What passes is rewritten into the few forms that every reader of cron reads alike.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache

from torchtask.core.schedule.days import FIRST_YEAR, LAST_YEAR


class Fault(Exception):  # noqa: N818 -- not an error yet: it becomes one where the text's place in the spec is known
    """What is wrong with a part of a text."""


class Place(IntEnum):
    """The fields in their order."""

    SECOND = 0
    MINUTE = 1
    HOUR = 2
    DAY = 3
    MONTH = 4
    WEEKDAY = 5
    YEAR = 6


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a cron text: its values, by number and by name, and how many differ."""

    name: str
    low: int
    high: int
    size: int
    names: Mapping[str, int] = field(default_factory=dict)


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
FIELDS = (
    Field("second", 0, 59, 60),
    Field("minute", 0, 59, 60),
    Field("hour", 0, 23, 24),
    Field("day-of-month", 1, 31, 31),
    Field("month", 1, 12, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    Field("day-of-week", 0, 7, 7, {name: number for number, name in enumerate(WEEKDAYS)}),
    Field("year", FIRST_YEAR, LAST_YEAR, LAST_YEAR - FIRST_YEAR + 1),
)

_VALUE = r"[0-9]+|[A-Z]{3}"
_PLAIN = re.compile(rf"(?:\*|(?P<low>{_VALUE})(?:-(?P<high>{_VALUE}))?)(?:/(?P<step>[0-9]+))?")
_HASH = re.compile(r"H(?:\((?P<low>[0-9]+)-(?P<high>[0-9]+)\)|/(?P<step>[0-9]+))?")
_NEAREST = re.compile(r"(?P<day>[0-9]+)W")
_NTH = re.compile(rf"(?P<day>{_VALUE})#(?P<nth>[0-9]+)")
_LAST = re.compile(rf"L(?P<after>{_VALUE})|(?P<before>{_VALUE})L")


@dataclass(frozen=True, slots=True)
class Items:
    """A field that was judged.

    `plain` items are `*`, `5`, `5-7`, `5-59/7`, `*/7`, `h`, `h(1-5)`, `h/7`: numbers only, ranges never reversed nor of
    one value. The others are this language's own: `nearest` n of `nW`, `nth` (d, n) of `d#n`, `last` d of `dL`,
    `last_day` for `L`.
    """

    plain: tuple[str, ...] = ()
    nearest: frozenset[int] = frozenset()
    nth: frozenset[tuple[int, int]] = frozenset()
    last: frozenset[int] = frozenset()
    last_day: bool = False

    @property
    def restrict(self) -> bool:
        """Whether the field leaves anything out; `*` among the items leaves nothing out."""
        return "*" not in self.plain


@lru_cache(maxsize=2048)
def judge(place: Place, text: str) -> Items:
    """Judge the text of one field. Raises `Fault`, naming the field."""
    try:
        return _judge(place, text.upper())
    except Fault as fault:
        raise Fault(f"{FIELDS[place].name}: {fault}") from None


def _judge(place: Place, text: str) -> Items:
    if text == "?" and place in {Place.DAY, Place.WEEKDAY}:
        return Items(("*",))
    if "?" in text:
        raise Fault('"?" stands alone, and only in the two day fields')
    plain: list[str] = []
    nearest, last = set[int](), set[int]()
    nth = set[tuple[int, int]]()
    items = dict.fromkeys(text.split(","))
    for item in items:
        if place is Place.DAY and (match := _NEAREST.fullmatch(item)):
            nearest.add(_value(place, match["day"]))
        elif place is Place.WEEKDAY and (match := _NTH.fullmatch(item)):
            nth.add((_value(place, match["day"]) % 7, _bounded(match["nth"], 1, 5, "week ")))
        elif place is Place.WEEKDAY and (match := _LAST.fullmatch(item)):
            last.add(_value(place, match["after"] or match["before"]) % 7)
        elif place is not Place.DAY or item != "L":
            plain.append(_plain(place, item))
    return Items(
        tuple(dict.fromkeys(plain)),
        frozenset(nearest),
        frozenset(nth),
        frozenset(last),
        place is Place.DAY and "L" in items,
    )


def _plain(place: Place, item: str) -> str:
    if match := _HASH.fullmatch(item):
        return _hashed(place, match)
    if not (match := _PLAIN.fullmatch(item)):
        raise Fault(_misunderstood(place, item))
    known = FIELDS[place]
    step = 1 if match["step"] is None else _bounded(match["step"], 1, known.size, "step ")
    if match["low"] is None:
        return "*" if step == 1 else f"*/{step}"
    low = _value(place, match["low"])
    if match["high"] is None:
        return str(low) if match["step"] is None else _stepped(low, known.low + known.size - 1, step)
    return _stepped(low, _upper(place, item, low, match["high"]), step)


def _upper(place: Place, item: str, low: int, text: str) -> int:
    """Return the end of a range; a range of weekdays may end in Sunday."""
    high = _value(place, text)
    if place is Place.WEEKDAY and high == 0 < low:
        high = 7
    if high < low:
        raise Fault(f"{item} is a reversed range (write two: to the end, and from the start)")
    return high


def _stepped(low: int, high: int, step: int) -> str:
    if low + step > high:
        return str(low)
    return f"{low}-{high}" if step == 1 else f"{low}-{high}/{step}"


def _hashed(place: Place, match: re.Match[str]) -> str:
    known = FIELDS[place]
    if place is Place.YEAR:
        raise Fault("H is not for years")
    if match["step"] is not None:
        return f"h/{_bounded(match['step'], 1, known.size, 'step ')}"
    if match["low"] is None:
        return "h(1-28)" if place is Place.DAY else "h"  # a day that every month has
    low, high = _value(place, match["low"]), _value(place, match["high"])
    if high < low:
        raise Fault(f"{match[0]} is a reversed range")
    return str(low) if low == high else f"h({low}-{high})"


def _value(place: Place, text: str) -> int:
    known = FIELDS[place]
    if text.isdigit():
        return _bounded(text, known.low, known.high)
    if text not in known.names:
        raise Fault(_misunderstood(place, text))
    return known.names[text]


def _bounded(text: str, low: int, high: int, what: str = "") -> int:
    number = int(text)
    if not low <= number <= high:
        raise Fault(f"{what}{number} is not in {low}–{high}")
    return number


def _misunderstood(place: Place, item: str) -> str:
    known = FIELDS[place]
    if not item:
        return "an empty item (a comma too many)"
    if item.startswith("R"):
        return f'"{item}" is not understood (H is a value that is spread, but stays)'
    names = list(known.names)
    forms = f"{known.low}–{known.high}" + (f" or {names[0]}–{names[-1]}" if names else "")
    own = {Place.DAY: ", L, nW", Place.WEEKDAY: ", d#n, dL"}.get(place, "")
    return f'"{item}" is not understood (values are {forms}; forms are *, a, a-b, a/n, a-b/n, */n, H{own})'
