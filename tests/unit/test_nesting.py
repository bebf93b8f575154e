"""JSON that is nested too deeply: it is cut, and whatever else stands beside it is read as it is."""

import asyncio
import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchtask.cluster import nesting
from torchtask.cluster.nesting import DEEPEST, read, shallow

TEXTS = st.text(st.sampled_from('ab[]{}"\\,: é'), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=30,
)


def nested(levels: int, brackets: str = '{"a":}') -> bytes:
    """Write JSON of so many levels."""
    opening, closing = brackets[:-1], brackets[-1]
    return (opening * levels + "1" + closing * levels).encode()


def cut(value: Any, levels: int) -> Any:
    """Put None in the place of what is nested deeper."""
    if not isinstance(value, list | dict):
        return value
    if not levels:
        return None
    if isinstance(value, list):
        return [cut(item, levels - 1) for item in value]
    return {name: cut(item, levels - 1) for name, item in value.items()}


@given(VALUES, st.integers(1, 4), st.booleans())
def test_what_is_nested_too_deeply_is_null_and_the_rest_as_it_was(value: Any, deepest: int, ascii_only: bool) -> None:  # noqa: FBT001
    """Also where texts look like brackets."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nesting, "DEEPEST", deepest)

        assert json.loads(shallow(json.dumps(value, ensure_ascii=ascii_only).encode())) == cut(value, deepest)


@pytest.mark.parametrize("levels", [DEEPEST, DEEPEST + 1, 1_100, 9_999])
@pytest.mark.parametrize("brackets", ['{"a":}', "[]"])
def test_a_list_can_be_read_whatever_one_of_its_objects_is(levels: int, brackets: str) -> None:
    """The API server takes 10,000 levels of whoever may create an object."""
    page = b'{"items":[{"name":"deep","spec":' + nested(levels, brackets) + b'},{"name":"other","x":[[1],{"y":2}]}]}'

    items = asyncio.run(read(page))["items"]

    assert items[1] == {"name": "other", "x": [[1], {"y": 2}]}
    assert json.loads(shallow(page)) == orjson.loads(shallow(page))


def test_what_was_cut_cannot_be_written_again() -> None:
    """So a spec of which a part is missing launches nothing: it cannot be kept as a text."""
    with pytest.raises(TypeError):
        orjson.dumps(orjson.loads(shallow(nested(1_100))))


@pytest.mark.parametrize("text", [b"", b"<html>", b'{"a":', b'{"a":"' + b"{" * 2_000, b"[" * 2_000, b"]" * 2_000])
def test_what_is_no_json_stays_none(text: bytes) -> None:
    """It is told of as before."""
    with pytest.raises(ValueError, match=r"JSON|input|char"):
        asyncio.run(read(text))
