"""The change feed: whatever ends kopf, it is started again, and the tasks are listed anew."""

import asyncio
from typing import Any

import pytest
from kopf._cogs.aiokits import aioadapters

from tests.edge.loopback import Anybody
from torchtask.cluster.connection import Connection
from torchtask.engine import feed


def test_kopf_is_started_again_when_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kopf waits for its stop flag as it does in earnest: an end that hangs in an executor would be seen here."""
    begun: list[int] = []
    monkeypatch.setattr(feed, "RESTART_SECONDS", 0.1)
    monkeypatch.setattr(feed, "SETTLE_SECONDS", -feed.LOGIN_PAUSE_SECONDS)

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
        swept = asyncio.Event()
        fed = feed.Feed(Connection("http://127.0.0.1:1", tls=False, configuration=Anybody), lambda *_: None, swept.set)
        monkeypatch.setattr("kopf.operator", operator)
        fed.start()
        await until(lambda: len(begun) == 3 and fed.is_watching() and swept.is_set())
        assert fed.is_live()
        fed.stop()
        await until(lambda: not fed.is_live())

    asyncio.run(check())
