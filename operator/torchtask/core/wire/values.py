"""Untrusted values → typed ones, or a `SpecError` that names the field and says what would be right."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

import orjson

from torchtask.core.errors import SpecError
from torchtask.core.instants import instant

MOST = 2**31 - 1
YEARS = range(1970, 2100)  # as in the schedule language

Choice = TypeVar("Choice", bound=StrEnum)
Kind = TypeVar("Kind")


def mapping(path: str, value: object) -> dict[str, Any]:
    """Return an object."""
    return _typed(path, value, dict, "an object")


def text(path: str, value: object) -> str:
    """Return a text."""
    return _typed(path, value, str, "a text")


def texts(path: str, value: object) -> tuple[str, ...]:
    """Return a list of texts."""
    items = _typed(path, value, list, "a list")
    return tuple(text(f"{path}[{index}]", item) for index, item in enumerate(items))


def boolean(path: str, value: object) -> bool:
    """Return true or false."""
    return _typed(path, value, bool, "true or false")


def integer(path: str, value: object, least: int, most: int = MOST) -> int:
    """Return a whole number between two bounds, both included."""
    if isinstance(value, bool):
        raise SpecError(path, f"{value!r} is not a whole number")
    number = _typed(path, value, int, "a whole number")
    if not least <= number <= most:
        raise SpecError(path, f"{number} is not in {least}–{most}")
    return number


def moment(path: str, value: object) -> datetime:
    """Return an instant."""
    written = text(path, value)
    try:
        found = instant(written)
    except ValueError:
        message = f"{written!r:.40} is not an instant (as in 2027-01-01T00:00:00Z)"
        raise SpecError(path, message) from None
    if found.year not in YEARS:
        raise SpecError(path, f"{written!r:.40} is not in the years {YEARS.start}–{YEARS.stop - 1}")
    return found


def choice(path: str, value: object, choices: type[Choice]) -> Choice:
    """Return one of a few words."""
    try:
        return choices(text(path, value))
    except ValueError:
        raise SpecError(path, f"{value!r:.40} is not one of {', '.join(choices)}") from None


def given(fields: Mapping[str, Any], name: str, default: object) -> object:
    """Return a field, or its default when it is unset."""
    value = fields.get(name)
    return default if value is None else value


def packed(value: object) -> str:
    """Return a part of a spec as JSON.

    As a text, to be kept: the bytes themselves keep the room that they were written in, 4 kB for 200 of them.
    """
    try:
        return orjson.dumps(value).decode()
    except TypeError as error:  # nested too deeply; or what no API server tells of: 65 bits, half a character
        message = f"cannot be written as JSON ({error}): at most 254 levels, and numbers of 64 bits"
        raise SpecError("spec", message) from None


def _typed(path: str, value: object, kind: type[Kind], word: str) -> Kind:
    if value is None:
        raise SpecError(path, f"is missing: {word} is needed")
    if not isinstance(value, kind):
        raise SpecError(path, f"{value!r:.40} is not {word}")
    return value
