"""Who may write, and for how long: looked at before each write, at the last moment."""

import asyncio
import threading
from typing import Any

import pytest
from aiohttp import web

from tests.edge.loopback import Anybody, served
from torchtask import clock
from torchtask.cluster.api import Api
from torchtask.cluster.connection import Connection
from torchtask.cluster.errors import NotLeadingError


def test_nothing_is_written_without_a_permit() -> None:
    """Every write is checked at the last moment; reading stays allowed."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.method)
        return web.json_response({})

    async def check() -> None:
        async with served(answer) as api:
            bound = api.lane(4, lambda: 0.0)
            for write in (bound.create("/x", {}), bound.merge("/x", {}), bound.delete("/x", {})):
                with pytest.raises(NotLeadingError):
                    await write
            await bound.get("/x")

    asyncio.run(check())
    assert asked == ["GET"]


def test_no_write_outlasts_its_permit() -> None:
    """A launch that is answered after another may lead is given up before."""

    async def answer(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(5)
        return web.json_response({})

    async def check() -> None:
        async with served(answer) as api:
            bound = api.lane(4, lambda: 0.2)
            begun = clock.monotonic()
            with pytest.raises(Exception, match="POST /x"):
                await bound.create("/x", {})
            assert clock.monotonic() - begun < 2

    asyncio.run(check())


def test_credentials_that_take_long_cost_the_permit_and_no_more() -> None:
    """While a plugin ran another may have begun to lead: what waited for it is not written."""
    permit, asked = [10.0], list[str]()
    begun, told = threading.Event(), threading.Event()

    class Plugin(Anybody):
        """Tells in its own time who somebody is."""

        @staticmethod
        def auth_settings() -> dict[str, Any]:
            begun.set()
            told.wait(5)
            return {}

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.method)
        return web.json_response({})

    async def check() -> None:
        async with served(answer) as api:
            connection = Connection(api._connection.server, tls=False, configuration=Plugin, slow=True)  # noqa: SLF001
            async with Api(connection, permit=lambda: permit[0]) as bound:
                writing = asyncio.create_task(bound.create("/x", {}))
                await asyncio.to_thread(begun.wait, 5)
                permit[0] = 0.0
                told.set()
                with pytest.raises(NotLeadingError):
                    await writing

    asyncio.run(check())
    assert asked == []
