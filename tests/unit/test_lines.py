"""The lines of a watch: they come as they were sent, in whatever pieces that was, and none fills the memory."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchtask.cluster.errors import TooLargeError
from torchtask.cluster.lines import lines


async def pieces(chunks: list[bytes]) -> AsyncIterator[bytes]:
    """Send some chunks."""
    for chunk in chunks:
        yield chunk


def read(chunks: list[bytes]) -> list[bytes]:
    """Read their lines."""

    async def reading() -> list[bytes]:
        return [line async for line in lines(pieces(chunks), "WATCH /things")]

    return asyncio.run(reading())


@given(st.lists(st.text("ab\n\r", max_size=6).map(str.encode)))
def test_lines_do_not_depend_on_how_they_were_cut_into_chunks(chunks: list[bytes]) -> None:
    """Each has its end, but for what is left when nothing more comes."""
    *whole, rest = b"".join(chunks).split(b"\n")
    assert read(chunks) == [*(line + b"\n" for line in whole), rest]


def test_a_line_that_does_not_end_is_refused_and_those_before_it_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The words say whose it is."""
    monkeypatch.setattr("torchtask.cluster.lines.MOST_BYTES", 10)
    assert read([b"a" * 8, b"a\n" * 8, b"a" * 10]) == [b"a" * 9 + b"\n", *[b"a\n"] * 7, b"a" * 10]
    with pytest.raises(TooLargeError, match="WATCH /things: a line that does not end"):
        read([b"a\n", b"a" * 8, b"a" * 8])
