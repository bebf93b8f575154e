"""The values that plain items mean, and the hash behind `H`: the only use of croniter.

croniter accepts more than this language has and reads some of it differently (`5-5` as the whole cycle, `50-10`
around the corner, `R` by chance), so it sees only what `fields` has judged and rewritten.
"""

from collections.abc import Sequence

from croniter import croniter

from torchtask.core.schedule.fields import FIELDS, Items, Place

_CRONITER_ORDER = (Place.MINUTE, Place.HOUR, Place.DAY, Place.MONTH, Place.WEEKDAY, Place.SECOND, Place.YEAR)
_EVERY = {
    place: frozenset(range(known.low, known.low + known.size)) for place, known in zip(Place, FIELDS, strict=True)
}


def expand(fields: Sequence[Items], seed: str) -> dict[Place, frozenset[int]]:
    """Return the values of each field's plain items (0 is Sunday); the language's own items add nothing here."""
    text = " ".join(",".join(items.plain) or "1" for items in fields)
    expanded, _ = croniter.expand(text, hash_id=seed.encode(), second_at_beginning=True)
    values = {place: _values(place, found) for place, found in zip(_CRONITER_ORDER, expanded, strict=True)}
    return {place: values[place] if items.plain else frozenset() for place, items in zip(Place, fields, strict=True)}


def _values(place: Place, values: Sequence[int | str]) -> frozenset[int]:
    return _EVERY[place] if "*" in values else frozenset(int(value) for value in values)
