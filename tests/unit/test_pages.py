"""A list is read page by page."""

import asyncio
from typing import Any, cast

from torchtask.cluster.api import Api
from torchtask.cluster.pages import pages

PAGES = 5


class Server:
    """An API server that has some pages; it notes down what was done in which order."""

    def __init__(self) -> None:
        self.done: list[str] = []

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        """Return a page."""
        number = int(query.get("continue", "0"))
        self.done.append(f"{path} {number}")
        following = {"continue": str(number + 1)} if number + 1 < PAGES else {}
        return {"metadata": following, "items": [number]}

    async def turn(self) -> None:
        """Let somebody else go first."""
        self.done.append("others")
        await asyncio.sleep(0)


def test_others_go_before_each_page_of_a_list_that_nobody_waits_for() -> None:
    """It is read for all that, page by page, in their order."""
    server = Server()

    async def read() -> list[Any]:
        return [item async for page in pages(cast(Api, server), "/things", server.turn) for item in page["items"]]

    assert asyncio.run(read()) == list(range(PAGES))
    assert server.done == [words for number in range(PAGES) for words in ("others", f"/things {number}")]
