"""The values that plain items mean, and the hash behind `H`: the only use of croniter.

croniter accepts more than this language has and reads some of it differently (`5-5` as the whole cycle, `50-10`
around the corner, `R` by chance), so it sees only what `fields` has judged and rewritten.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import zip_longest

from croniter import croniter

from torchtask.core.schedule.fields import FIELDS, Items, Place

_CRONITER_ORDER = (Place.MINUTE, Place.HOUR, Place.DAY, Place.MONTH, Place.WEEKDAY, Place.SECOND, Place.YEAR)
_EVERY = {
    place: frozenset(range(known.low, known.low + known.size)) for place, known in zip(Place, FIELDS, strict=True)
}


def expand(fields: Sequence[Items], seed: str) -> dict[Place, frozenset[int]]:
    """Return the values of each field's plain items (0 is Sunday); the language's own items add nothing here."""
    found: dict[Place, set[int]] = {place: set() for place in Place}
    for parts in zip_longest(*(_parts(items) for items in fields)):
        text = " ".join(part or "*" for part in parts)
        expanded, _ = croniter.expand(text, hash_id=seed.encode(), second_at_beginning=True)
        values = dict(zip(_CRONITER_ORDER, expanded, strict=True))
        for place, part in zip(Place, parts, strict=True):
            found[place] |= _values(place, values[place]) if part else set()
    return {place: _shared(frozenset(values)) for place, values in found.items()}


@lru_cache(maxsize=1024)
def _shared(values: frozenset[int]) -> frozenset[int]:
    """Return one object for equal values: thousands of tasks say *each year*, which is 8 kB."""
    return values


def _parts(items: Items) -> list[str]:
    """Split a field into what croniter can take at once: all numbers together, but each `H` alone."""
    hashed = [item for item in items.plain if item.startswith("h")]
    numbers = ",".join(item for item in items.plain if not item.startswith("h"))
    return [*([numbers] if numbers else []), *hashed]


def _values(place: Place, values: Sequence[int | str]) -> frozenset[int]:
    return _EVERY[place] if "*" in values else frozenset(int(value) for value in values)
