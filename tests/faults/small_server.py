"""A tiny API server for the tests of the proxy: it takes all that is created, and its watches say what they are fed."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

import aiohttp
from aiohttp import web

from tests.faults.connections import Door
from tests.faults.proxy import Proxy

JOBS = "/apis/batch/v1/namespaces/team/jobs"
ALL_JOBS = "/apis/batch/v1/jobs"
ALL_TASKS = "/apis/torchtask.dev/v1beta1/torchtasks"


class Ending(Enum):
    """How a watch ends."""

    WHOLE = auto()
    BROKEN = auto()


@dataclass(slots=True)
class SmallServer:
    """What it was asked, and what the watch of each collection still has to say."""

    asked: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    lines: "dict[str, asyncio.Queue[bytes | Ending]]" = field(default_factory=lambda: defaultdict(asyncio.Queue))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer as the API server would, roughly."""
        if token := request.headers.get("Authorization"):
            self.tokens.append(token)
        self.asked.append((request.method, request.path, dict(request.query)))
        if request.query.get("watch"):
            return await self._watch(request)
        if request.method == "POST":
            document = await request.json()
            self.created.append(document["metadata"]["name"])
            return web.json_response(document, status=201)
        return web.json_response({"kind": "JobList", "metadata": {"resourceVersion": "7"}, "items": []})

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while isinstance(line := await self.lines[request.path].get(), bytes):
            await response.write(line)
        if line is Ending.BROKEN and request.transport:
            request.transport.close()
        return response

    def feed(self, *names: str, version: int = 10, path: str = ALL_JOBS) -> None:
        """Have the watch of a collection tell of new objects."""
        for at, name in enumerate(names):
            metadata = {"name": name, "namespace": "team", "resourceVersion": str(version + at)}
            event = {"type": "ADDED", "object": {"metadata": metadata}}
            self.lines[path].put_nowait(json.dumps(event).encode() + b"\n")

    def end(self, ending: Ending, path: str = ALL_JOBS) -> None:
        """End the watch of a collection."""
        self.lines[path].put_nowait(ending)


@dataclass(slots=True)
class Client:
    """Speaks to it through the proxy, as an operator would."""

    session: aiohttp.ClientSession
    url: str

    async def create(self, name: str) -> int:
        """Create a Job; returns the answer's status."""
        async with self.session.post(self.url + JOBS, json={"metadata": {"name": name}}) as response:
            await response.read()
            return response.status

    async def list(self, path: str = ALL_JOBS) -> dict[str, Any]:
        """List a collection."""
        async with self.session.get(self.url + path, params={"limit": "500"}) as response:
            document: dict[str, Any] = await response.json()
            return document

    async def watch(self, path: str = ALL_JOBS) -> AsyncIterator[str]:
        """Yield the names in events, and the type of what is no event of an object, or the line when it is cut."""
        async with self.session.get(self.url + path, params={"watch": "true"}) as response:
            rest = b""
            async for chunk in response.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    event = json.loads(line)
                    yield event["object"]["metadata"].get("name", event["type"])
            if rest:
                yield rest.decode()


@asynccontextmanager
async def behind_a_proxy() -> AsyncIterator[tuple[SmallServer, Proxy, Client]]:
    """Serve, with a proxy before it and a client before that; over plain HTTP."""
    server = SmallServer()
    door = Door(server.handle, None)
    await door.open(0)
    try:
        async with Proxy(door.url, None, None) as proxy, aiohttp.ClientSession() as session:
            opened = await proxy.open("a")
            yield server, proxy, Client(session, opened.url)
    finally:
        await door.close()


def play(scene: Callable[[SmallServer, Proxy, Client], Awaitable[None]]) -> None:
    """Play a scene with server, proxy and client."""

    async def whole() -> None:
        async with asyncio.timeout(10), behind_a_proxy() as parts:
            await scene(*parts)

    asyncio.run(whole())
