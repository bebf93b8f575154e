"""JSON that is nested deeper than any reader here can take: anybody who may create an object may have it so.

The API server takes 10,000 levels of JSON; orjson reads 1,024 of them, Python's own reader about as many as its
recursion limit has, and orjson writes 254. Where one object cannot be read, no collection that it is in can be.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import orjson

from torchtask.cluster.lines import lines

DEEPEST = 300  # which all can read, and orjson does not write: a spec of which something was cut is refused
_MARK = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[][{}]', re.DOTALL)


async def read(text: bytes) -> Any:  # noqa: ANN401 -- JSON
    """Read JSON; what is nested too deeply is cut, and nobody waits for that. Raises `ValueError` for what is none."""
    try:
        return orjson.loads(text)
    except ValueError:
        return orjson.loads(await asyncio.to_thread(shallow, text))


def shallow(text: bytes) -> bytes:
    """Put null in the place of whatever is nested deeper than `DEEPEST`."""
    if text.count(b"{") + text.count(b"[") <= DEEPEST:
        return text
    return b"".join(_kept(text))


def _kept(text: bytes) -> Iterator[bytes]:
    depth = since = 0
    for mark in _MARK.finditer(text):
        match text[mark.start()]:
            case 0x7B | 0x5B:  # { [
                if depth == DEEPEST:
                    yield text[since : mark.start()]
                    yield b"null"
                depth += 1
            case 0x7D | 0x5D:  # } ]
                depth -= 1
                if depth == DEEPEST:
                    since = mark.end()
    if depth <= DEEPEST:
        yield text[since:]


class ShallowLines:
    """The content of a response that is read in lines, as by kopf."""

    def __init__(self, content: aiohttp.StreamReader) -> None:
        self._content = content

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """Yield the lines as they come. Raises `TooLargeError`."""
        async for line in lines(self._content.iter_chunked(size), "WATCH"):
            yield shallow(line)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- whatever else aiohttp asks of it
        return getattr(self._content, name)
