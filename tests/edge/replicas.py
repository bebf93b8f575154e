"""Operators as far as leading goes, a server that keeps a Lease as the API server does, and a clock set by hand."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.edge.loopback import served
from tests.telling import complaint
from torchtask.cluster.api import Api
from torchtask.cluster.lease import Lease
from torchtask.engine.leader import Leader


class Server:
    """Keeps one Lease; every write has a version, and one that names another version is refused."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.version = 0
        self.silent = False
        self.deaf = False
        """The write is done, and its answer is lost."""
        self.free = asyncio.Event()
        """Until then a write waits."""
        self.free.set()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Do what is asked."""
        if self.silent:
            return web.json_response({"reason": "InternalError"}, status=500)
        if request.method == "GET":
            return self._shown()
        document = await request.json()
        await self.free.wait()
        if request.method == "POST":
            if self.lease is not None:
                return web.json_response({"reason": "AlreadyExists"}, status=409)
            self.lease = {"metadata": {"uid": f"uid-{self.version}"}, "spec": {}}
        elif self.lease is None:
            return self._shown()
        elif document["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            return web.json_response({"reason": "Conflict"}, status=409)
        self.version += 1
        self.lease["metadata"]["resourceVersion"] = str(self.version)
        self.lease["spec"] |= document["spec"]
        return web.json_response({}, status=500) if self.deaf else self._told()

    def _shown(self) -> web.Response:
        return web.json_response(self.lease or {"reason": "NotFound"}, status=200 if self.lease else 404)

    def _told(self) -> web.Response:
        """Answer a write: who asked for the metadata alone is told no more."""
        assert self.lease is not None
        return web.json_response({"kind": "PartialObjectMetadata", "metadata": self.lease["metadata"]})

    @property
    def holder(self) -> str:
        """Name who leads."""
        assert self.lease is not None
        return str(self.lease["spec"]["holderIdentity"])


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def boottime(self) -> float:
        """Return the seconds."""
        return self.seconds


class Replica:
    """One operator, as far as leading goes."""

    def __init__(self, api: Api, name: str) -> None:
        self.terms = 0
        self.trouble: Exception | None = None
        self.leader = Leader(Lease(api, "ours", name), self._won, complaint())

    def _won(self) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.terms += 1


def run(work: Callable[[Server, Callable[[str], Replica]], Awaitable[None]]) -> None:
    """Run a test with a server of its own."""

    async def begun() -> None:
        server = Server()
        async with served(server.answer) as api:
            await work(server, lambda name: Replica(api, name))

    asyncio.run(begun())
