"""The change feed: whatever ends kopf, it is started again, and the tasks are listed anew."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from kopf._cogs.aiokits import aioadapters

from tests.edge.loopback import Anybody, served
from tests.telling import complaint
from torchtask.cluster import paths
from torchtask.cluster.connection import Connection
from torchtask.engine import feed


class Taker:
    """Waits for a gap."""

    def __init__(self, swept: asyncio.Event) -> None:
        self._swept = swept

    def take(self, kind: str | None, document: dict[str, Any]) -> None:
        """Take an event."""

    def heard(self) -> None:
        """Take note."""

    def sweep(self) -> None:
        """Take note of a gap."""
        self._swept.set()


def test_kopf_is_started_again_when_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kopf waits for its stop flag as it does in earnest: an end that hangs in an executor would be seen here."""
    begun: list[int] = []
    monkeypatch.setattr(feed, "RESTART_SECONDS", 0.1)

    async def operator(*, stop_flag: Any, ready_flag: Any, **_: Any) -> None:
        begun.append(1)
        waiting = asyncio.create_task(aioadapters.wait_flag(stop_flag))
        await aioadapters.raise_flag(ready_flag)
        await asyncio.sleep(0.05)
        if len(begun) < 3:
            waiting.cancel()
            raise RuntimeError("an ERROR in the stream")
        await waiting

    async def until(condition: Any) -> None:
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110 -- the condition is another thread's
                await asyncio.sleep(0.01)

    async def check() -> None:
        connection = Connection("http://127.0.0.1:1", tls=False, configuration=Anybody)
        fed = feed.Feed(connection, Taker(asyncio.Event()), complaint())
        monkeypatch.setattr("kopf.operator", operator)
        fed.start()
        await until(lambda: len(begun) == 3 and fed.is_watching())
        assert fed.is_live()
        fed.stop()
        await until(lambda: not fed.is_live())

    asyncio.run(check())


def test_kopf_is_shown_no_list_and_all_of_the_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """It watches from the list's version on; when it has that, we list, so that nothing falls in between."""
    monkeypatch.setattr(feed, "LOGIN_PAUSE_SECONDS", 0)
    asked: list[dict[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(dict(request.query))
        return web.json_response({})

    async def check() -> None:
        swept = asyncio.Event()
        async with served(answer) as api:
            connection = api._connection  # noqa: SLF001
            fed = feed.Feed(connection, Taker(swept), complaint())
            kopfs = (await fed._login()).aiohttp_session  # noqa: SLF001
            for path, query in ((paths.JOBS, {}), (paths.TASKS, {"watch": "true"}), (paths.TASKS, {"limit": "500"})):
                await asyncio.sleep(0)
                assert not swept.is_set()
                async with kopfs.get(connection.server + path, params=query):
                    pass
            async with asyncio.timeout(10):
                await swept.wait()
            await kopfs.close()

    asyncio.run(check())

    assert asked == [{}, {"watch": "true"}, {"limit": "500", "labelSelector": "nothing,!nothing"}]
