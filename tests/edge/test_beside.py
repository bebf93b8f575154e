"""A collection is listed anew beside its watch: what was not told comes to light, and what was told since stands."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from aiohttp import web

from tests.edge.listening import PATH, Listener, event, page, thing
from tests.edge.loopback import served, until
from tests.telling import Report
from torchtask.cluster import reflector
from torchtask.cluster.reflector import Reflector

FIRST = [thing(uid, 1) for uid in ("kept", "changed", "deleted", "withheld end", "withheld change")]


class Server:
    """It lists FIRST, and then `again`; its one watch tells of what came `before` the answer to that, and `after`."""

    def __init__(self, again: web.Response, before: Sequence[bytes], after: Sequence[bytes]) -> None:
        self._again, self._before, self._after = again, before, after
        self._told = asyncio.Event()
        self.listener, self.asked = Listener(), list[str]()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a list, or a watch."""
        self.asked.append("watch" if "watch" in request.query else "list")
        if self.asked[-1] == "watch":
            return await self._watch(request)
        if self.asked.count("list") == 1:
            return page(5, *FIRST)
        await self._told.wait()
        return self._again

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse()
        await stream.prepare(request)
        await until(lambda: self.asked.count("list") == 2)
        for line in self._before:
            await stream.write(line)
        await until(lambda: self.listener.version == 5 + len(self._before))
        self._told.set()
        await until(lambda: "withheld" in self.listener.known)
        for line in (*self._after, event("BOOKMARK", thing("", 99))):
            await stream.write(line)
        await asyncio.Event().wait()
        return stream


async def seen(server: Server, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Return what is known after all was listed anew, beside the watch."""
    monkeypatch.setattr(reflector, "RELIST_SECONDS", 0.05)
    listener, turns, report = server.listener, 0, Report()

    async def leisure() -> None:
        nonlocal turns
        turns += 1
        monkeypatch.setattr(reflector, "RELIST_SECONDS", 60.0)

    async with served(server.answer) as api:
        reflected = Reflector(api, PATH, listener, report, leisure=leisure)
        running = asyncio.create_task(reflected.run())
        await until(lambda: listener.version == 99)
        assert reflected.sighted.is_set()
        running.cancel()
    assert server.asked == ["list", "watch", "list"], "the watch went on"
    assert turns == 1, "nobody waits for such a list"
    assert report.failures == []
    return listener.known


def test_what_was_not_told_comes_to_light_and_what_was_told_since_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list is of a moment that has passed when it is read."""
    told = (
        event("ADDED", thing("created", 6)),
        event("MODIFIED", thing("changed", 7)),
        event("DELETED", thing("deleted", 8)),
        event("DELETED", thing("created and deleted, and only the latter told", 9)),
    )
    old: list[dict[str, Any]] = [thing(uid, 1) for uid in ("kept", "changed", "deleted")]
    old.append(thing("created and deleted, and only the latter told", 2))

    async def check() -> None:
        server = Server(page(5, *old, thing("withheld change", 3), thing("withheld", 4)), told, ())
        assert await seen(server, monkeypatch) == {
            "kept": 1,
            "changed": 7,
            "created": 6,
            "withheld change": 3,
            "withheld": 4,
        }

    asyncio.run(check())


def test_what_a_list_has_shown_is_not_undone_by_a_watch_that_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """It tells of what came before; a run that has finished would be running again."""

    async def check() -> None:
        listed = page(
            20, *(item for item in FIRST if item != thing("changed", 1)), thing("changed", 9), thing("withheld", 4)
        )
        server = Server(listed, (), (event("MODIFIED", thing("changed", 7)),))
        assert (await seen(server, monkeypatch))["changed"] == 9

    asyncio.run(check())
