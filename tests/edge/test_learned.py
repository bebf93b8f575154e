"""What an answer shows is known at once, and no longer than it is true."""

import asyncio

from aiohttp import web

from tests.edge.listening import PATH, Listener, event, page, thing, watch
from tests.edge.loopback import served
from tests.telling import Report
from torchtask.cluster.reflector import Reflector


def test_what_an_answer_showed_is_known_until_a_list_that_must_have_it_has_not() -> None:
    """A Job that was just accepted is seen though the watch keeps it to itself; one that was told is not seen twice."""

    async def check() -> None:
        lists, more = [page(5, thing("a", 1)), page(6, thing("a", 1)), page(9, thing("a", 1))], asyncio.Event()

        async def handler(request: web.Request) -> web.StreamResponse:
            if "watch" not in request.query:
                return lists.pop(0)
            stream = web.StreamResponse()
            await stream.prepare(request)
            await (more.wait() if lists else asyncio.Event().wait())
            return stream

        listener = Listener()
        async with served(handler) as api:
            reflector = Reflector(api, PATH, listener, Report())
            running = asyncio.create_task(reflector.run())
            await listener.until({"a": 1})
            reflector.learned(thing("told", 5))
            reflector.learned(thing("new", 8))
            assert listener.known == {"a": 1, "new": 8}
            reflector.begin_anew()  # a list that may have been read before it was created
            await reflector.sighted.wait()
            assert (listener.version, listener.known) == (6, {"a": 1, "new": 8})
            reflector.begin_anew()
            await listener.until({"a": 1})
            running.cancel()
        assert listener.version == 9

    asyncio.run(check())


def test_what_the_watch_passed_over_is_known_from_the_answer_unless_it_is_gone() -> None:
    """The watch is further on already: its event was lost, or it came and went before the answer was read."""

    async def check() -> None:
        async def handler(request: web.Request) -> web.StreamResponse:
            if "watch" not in request.query:
                return page(5)
            came_and_went = event("ADDED", thing("brief", 6)), event("DELETED", thing("brief", 7))
            return await watch(request, *came_and_went, event("ADDED", thing("b", 9)))

        listener = Listener()
        async with served(handler) as api:
            reflector = Reflector(api, PATH, listener, Report())
            running = asyncio.create_task(reflector.run())
            await listener.until({"b": 9})
            reflector.learned(thing("brief", 6))
            reflector.learned(thing("lost", 8))
            assert listener.known == {"b": 9, "lost": 8}
            running.cancel()

    asyncio.run(check())


def test_a_list_tells_what_is_new_and_the_rest_of_what_only_an_answer_told() -> None:
    """Thousands of objects that have not changed are not gone through again; an answer shows an object in part."""

    async def check() -> None:
        whole = [thing("a", 1), thing("b", 2)]
        lists = [page(5, *whole), page(9, thing("a", 1), thing("b", 7), thing("new", 8))]

        async def handler(request: web.Request) -> web.StreamResponse:
            return await watch(request) if "watch" in request.query else lists.pop(0)

        listener = Listener()
        async with served(handler) as api:
            reflector = Reflector(api, PATH, listener, Report())
            running = asyncio.create_task(reflector.run())
            await listener.until({"a": 1, "b": 2})
            reflector.learned(thing("new", 8))
            assert listener.told == ["a", "b", "new"]
            reflector.begin_anew()
            await listener.until({"a": 1, "b": 7, "new": 8})
            await reflector.sighted.wait()
            running.cancel()
        assert listener.told == ["a", "b", "new", "b", "new"]

    asyncio.run(check())
