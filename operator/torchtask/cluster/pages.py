"""Reads a collection page by page, and lets others have a turn while many objects are gone through."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from torchtask.cluster.api import Api, Document
from torchtask.cluster.errors import TooLargeError

PAGE = 250  # read in one go: with many more, others would have to wait for their turn
SMALLER = 8  # how many times fewer are asked for at once when a page was too large
AT_A_STRETCH = 25  # objects, before others get a turn

Turn = Callable[[], Awaitable[None]]


async def at_once() -> None:
    """Wait for nothing."""


async def let_others(number: int) -> None:
    """Let others have a turn, if `number` objects were gone through and it is time for that."""
    if number % AT_A_STRETCH == 0:
        await asyncio.sleep(0)


async def pages(api: Api, path: str, turn: Turn = at_once, **query: str) -> AsyncIterator[Document]:
    """Yield the pages of a collection, as of one moment; each is asked for while the one before is gone through.

    Before each `turn` is waited for. Where objects are so large that a page is too large, fewer are asked for at once.
    """
    limit = PAGE

    async def ask(**rest: str) -> Document:
        nonlocal limit
        await turn()
        while True:
            try:
                return await api.get(path, limit=str(limit), **query, **rest)
            except TooLargeError:
                if limit == 1:
                    raise
                limit = max(1, limit // SMALLER)

    upcoming = asyncio.ensure_future(ask())
    try:
        while True:
            page = await upcoming
            token = page["metadata"].get("continue")
            if token:
                upcoming = asyncio.ensure_future(ask(**{"continue": token}))
            yield page
            if not token:
                return
    finally:
        upcoming.cancel()
