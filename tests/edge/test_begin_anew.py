"""The reflector's other laws: it begins anew on demand, believes no list older than what it saw, and makes no storm."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from tests.edge.listening import PATH, Listener, event, page, thing
from tests.edge.loopback import served
from tests.telling import Report
from torchtask.cluster import reflector, trust
from torchtask.cluster.reflector import Reflector

Answer = Callable[[int], Awaitable[web.StreamResponse] | web.StreamResponse]


class Server:
    """Counts lists and watches; a watch stays open, and says nothing, unless it is told otherwise."""

    def __init__(self, lists: Callable[[int], web.Response], line: bytes = b"") -> None:
        self.lists, self.watches = 0, 0
        self._answer, self._line = lists, line

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer."""
        if "watch" not in request.query:
            self.lists += 1
            return self._answer(self.lists)
        self.watches += 1
        stream = web.StreamResponse()
        await stream.prepare(request)
        if self._line:
            await stream.write(self._line)
            return stream
        await asyncio.Event().wait()
        return stream


def test_a_take_over_waits_for_a_list_that_began_after_it() -> None:
    """Until then nothing is in sight, whatever the watch has shown (L10)."""

    async def check() -> None:
        listener, server = Listener(), Server(lambda number: page(number, thing("a", number)))
        async with served(server.answer) as api:
            reflected = Reflector(api, PATH, listener, Report())
            running = asyncio.create_task(reflected.run())
            await listener.until({"a": 1})
            reflected.begin_anew()
            assert not reflected.sighted.is_set()
            await listener.until({"a": 2})
            assert reflected.sighted.is_set()
            running.cancel()

    asyncio.run(check())


def test_a_list_older_than_what_was_seen_is_not_believed() -> None:
    """A server that lags behind shows Jobs as missing that exist: it is asked again, until it has caught up."""
    versions = {1: 7, 2: 5, 3: 5, 4: 8}

    async def check() -> None:
        listener = Listener()
        server = Server(lambda number: page(versions[number], *[thing("a", 7)] if number in {1, 4} else []))
        async with served(server.answer) as api:
            reflected = Reflector(api, PATH, listener, Report())
            running = asyncio.create_task(reflected.run())
            await listener.until({"a": 7})
            reflected.begin_anew()
            async with asyncio.timeout(10):
                while listener.version != 8:
                    assert listener.known == {"a": 7}
                    listener.news.clear()
                    await listener.news.wait()
            running.cancel()
        assert server.lists == 4

    asyncio.run(check())


def test_a_store_that_was_set_back_is_believed_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stays old is no lag: somebody restored etcd."""
    monkeypatch.setattr(trust, "OLD_SECONDS", 0.5)

    async def check() -> None:
        listener = Listener()
        server = Server(lambda number: page(7, thing("a", 7)) if number == 1 else page(5, thing("b", 3)))
        async with served(server.answer) as api:
            reflected = Reflector(api, PATH, listener, Report())
            running = asyncio.create_task(reflected.run())
            await listener.until({"a": 7})
            reflected.begin_anew()
            await listener.until({"b": 3})
            running.cancel()

    asyncio.run(check())


def test_all_is_listed_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that kept an event to itself is believed no longer; meanwhile all stays in sight."""
    monkeypatch.setattr(reflector, "RELIST_SECONDS", 0.1)
    monkeypatch.setattr(reflector, "SHORT_SECONDS", 0.2)
    bookmark = event("BOOKMARK", {"metadata": {"resourceVersion": "5"}})

    async def check() -> None:
        listener = Listener()
        server = Server(lambda number: page(5, *[thing("a", 1)] if number == 1 else []), bookmark)
        async with served(server.answer) as api:
            reflected = Reflector(api, PATH, listener, Report())
            running = asyncio.create_task(reflected.run())
            await listener.until({"a": 1})
            await listener.until({})
            assert reflected.sighted.is_set()
            running.cancel()

    asyncio.run(check())


def test_a_watch_that_always_fails_makes_no_storm_of_lists() -> None:
    """A list that succeeds does not end the back-off: what follows it failed again and again."""
    error = event("ERROR", {"code": 500, "message": "etcd leader changed"})

    async def check() -> None:
        listener, server = Listener(), Server(lambda _: page(5), error)
        async with served(server.answer) as api:
            running = asyncio.create_task(Reflector(api, PATH, listener, Report()).run())
            await asyncio.sleep(3)
            running.cancel()
        assert 3 <= server.lists <= 8

    asyncio.run(check())


def test_a_busy_server_is_left_alone_for_as_long_as_it_says() -> None:
    """`Retry-After` counts for lists too."""
    slow = {"Retry-After": "2"}

    async def check() -> None:
        listener = Listener()
        server = Server(lambda number: web.Response(status=429, headers=slow) if number == 1 else page(5))
        async with served(server.answer) as api:
            running = asyncio.create_task(Reflector(api, PATH, listener, Report()).run())
            await asyncio.sleep(0.9)
            assert server.lists == 1
            async with asyncio.timeout(10):
                await listener.news.wait()
            running.cancel()

    asyncio.run(check())


def test_what_the_old_watch_says_last_does_not_count() -> None:
    """Its event may have come already when all is to begin anew: another's Jobs would still be out of sight."""

    async def check() -> None:
        listener, server = Listener(), Server(lambda number: page(number, thing("a", number)))
        async with served(server.answer) as api:
            reflected = Reflector(api, PATH, listener, Report())
            running = asyncio.create_task(reflected.run())
            await listener.until({"a": 1})
            reflected.begin_anew()
            reflected._heard(1)  # noqa: SLF001 -- as its last line would have it
            assert not reflected.sighted.is_set()
            async with asyncio.timeout(10):
                await reflected.sighted.wait()
            assert server.lists == 2
            running.cancel()

    asyncio.run(check())


def test_objects_that_are_too_large_for_a_page_are_listed_in_smaller_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """However large their users make them: neither memory nor time for one answer may run out."""
    monkeypatch.setattr("torchtask.cluster.api.MOST_BYTES", 5_000)
    things = [thing(str(number), 1) | {"text": "x" * 1_000} for number in range(10)]
    limits: list[int] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        if "watch" in request.query:
            await asyncio.Event().wait()
        limit, begin = int(request.query["limit"]), int(request.query.get("continue", "0"))
        limits.append(limit)
        rest = {"continue": str(begin + limit)} if begin + limit < len(things) else {}
        return web.json_response({"metadata": {"resourceVersion": "1", **rest}, "items": things[begin : begin + limit]})

    async def check() -> None:
        listener = Listener()
        async with served(answer) as api:
            running = asyncio.create_task(Reflector(api, PATH, listener, Report()).run())
            await listener.until({str(number): 1 for number in range(10)})
            running.cancel()

    asyncio.run(check())
    assert limits == [250, 31, *[3] * 4]


def test_a_line_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would fill the memory, and never be an event."""
    monkeypatch.setattr("torchtask.cluster.lines.MOST_BYTES", 5_000)

    async def check() -> None:
        listener, report = Listener(), Report()
        server = Server(lambda number: page(number, thing("a", number)), line=b"x" * 6_000)
        async with served(server.answer) as api:
            running = asyncio.create_task(Reflector(api, PATH, listener, report).run())
            await listener.until({"a": 2})
            running.cancel()
        assert "a line that does not end" in str(report.failures[0])

    asyncio.run(check())
