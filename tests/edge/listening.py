"""A listener of a reflector, and what a server tells it."""

import asyncio
import json
from typing import Any

from aiohttp import web

PATH = "/things"


class Listener:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}
        self.told: list[str] = []
        self.version = 0
        self.news = asyncio.Event()

    def changed(self, document: dict[str, Any]) -> None:
        """Take an object."""
        self.told.append(document["metadata"]["uid"])
        self.known[document["metadata"]["uid"]] = int(document["metadata"]["resourceVersion"])

    def gone(self, uid: str) -> None:
        """Forget an object."""
        self.known.pop(uid, None)

    def reached(self, version: int) -> None:
        """Take a version."""
        self.version = version
        self.news.set()

    async def until(self, known: dict[str, int]) -> None:
        """Wait until exactly these objects are known."""
        async with asyncio.timeout(10):
            while self.known != known:
                self.news.clear()
                await self.news.wait()


def thing(uid: str, version: int) -> dict[str, Any]:
    """Write an object."""
    return {"metadata": {"uid": uid, "resourceVersion": str(version)}}


def page(version: int, *items: dict[str, Any]) -> web.Response:
    """Answer a LIST."""
    return web.json_response({"metadata": {"resourceVersion": str(version)}, "items": items})


def event(kind: str, document: dict[str, Any]) -> bytes:
    """Write a line of a watch."""
    return json.dumps({"type": kind, "object": document}).encode() + b"\n"


async def watch(request: web.Request, *events: bytes) -> web.StreamResponse:
    """Answer a WATCH: some events, and then nothing for ever."""
    stream = web.StreamResponse()
    await stream.prepare(request)
    for line in events:
        await stream.write(line)
    await asyncio.Event().wait()
    return stream
