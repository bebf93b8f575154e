"""The reflector against a server that misbehaves on command: it goes on, and its listener ends up in step."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from tests.edge.listening import PATH, Listener, event, page, thing, watch
from tests.edge.loopback import served
from tests.telling import Report
from torchtask.cluster.errors import ApiError, ClusterError, NoAnswerError
from torchtask.cluster.pages import AT_A_STRETCH
from torchtask.cluster.reflector import Reflector

ERROR = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
FAULTS = {
    "an ERROR in the stream": event("ERROR", ERROR),
    "another ERROR in the stream": event("ERROR", {"code": 500, "message": "etcd leader changed"}),
    "a line that is no JSON": b"<html>gateway</html>\n",
    "a line that is no event": b"[]\n",
    "an event of an unknown type": event("RENAMED", thing("a", 9)),
    "an event without an object": b'{"type": "ADDED"}\n',
    "an event whose object is a text": b'{"type": 5, "object": "<html>502</html>"}\n',
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_stream_leads_to_a_new_list(fault: str) -> None:
    """After it everything is listed again, what vanished meanwhile too; it is told as the server's fault."""

    async def check() -> None:
        asked: list[str] = []

        async def handler(request: web.Request) -> web.StreamResponse:
            asked.append("watch" if "watch" in request.query else "list")
            if asked.count("list") == 1 and asked[-1] == "list":
                return page(5, thing("a", 1), thing("b", 2))
            if asked[-1] == "list":
                return page(8, thing("b", 7), thing("c", 8))
            stream = web.StreamResponse()
            await stream.prepare(request)
            await stream.write(event("MODIFIED", thing("a", 6)) + FAULTS[fault] if len(asked) == 2 else b"")
            if len(asked) > 2:
                await asyncio.Event().wait()
            return stream

        listener, report = Listener(), Report()
        async with served(handler) as api:
            running = asyncio.create_task(Reflector(api, PATH, listener, report).run())
            await listener.until({"b": 7, "c": 8})
            running.cancel()
        assert listener.version == 8
        assert [isinstance(error, ClusterError) for error in report.failures] == [True]

    asyncio.run(check())


def test_a_line_in_pieces_is_one_event() -> None:
    """Chunks end where the network likes; an event ends at its line break, and may be longer than any buffer."""

    async def check() -> None:
        big = thing("a", 6) | {"padding": "x" * 300_000}

        async def handler(request: web.Request) -> web.StreamResponse:
            if "watch" not in request.query:
                return page(5)
            stream = web.StreamResponse()
            await stream.prepare(request)
            line = event("ADDED", big)
            for start in range(0, len(line), 50_000):
                await stream.write(line[start : start + 50_000])
                await asyncio.sleep(0)
            await asyncio.Event().wait()
            return stream

        listener = Listener()
        async with served(handler) as api:
            running = asyncio.create_task(Reflector(api, PATH, listener, Report()).run())
            await listener.until({"a": 6})
            running.cancel()

    asyncio.run(check())


def test_a_watch_goes_on_from_where_it_ended() -> None:
    """The server ends every watch after a while; nothing is listed again for that, and nothing is missed."""

    async def check() -> None:
        asked: list[str] = []

        async def handler(request: web.Request) -> web.StreamResponse:
            asked.append(request.query.get("resourceVersion", "list"))
            if asked[-1] == "list":
                return page(5, thing("a", 1))
            stream = web.StreamResponse()
            await stream.prepare(request)
            if asked[-1] == "5":
                await stream.write(event("BOOKMARK", {"metadata": {"resourceVersion": "9"}}))
            elif asked[-1] == "9":
                await stream.write(event("DELETED", thing("a", 10)))
                await asyncio.Event().wait()
            return stream

        listener = Listener()
        async with served(handler) as api:
            running = asyncio.create_task(Reflector(api, PATH, listener, Report()).run())
            await listener.until({})
            async with asyncio.timeout(10):
                while listener.version != 10:
                    listener.news.clear()
                    await listener.news.wait()
            running.cancel()
        assert asked == ["list", "5", "9"]

    asyncio.run(check())


def test_however_much_comes_at_once_others_get_a_turn() -> None:
    """A list of many, and a watch that tells of many in one go: in between everybody else goes on."""

    async def check() -> None:
        async def handler(request: web.Request) -> web.StreamResponse:
            if "watch" in request.query:
                return await watch(request, b"".join(event("ADDED", thing(f"w{n}", 1000 + n)) for n in range(500)))
            return page(999, *(thing(f"l{n}", n) for n in range(1, 500)))

        listener, most = Listener(), 0

        async def others() -> None:
            nonlocal most
            while len(listener.told) < 999:
                before = len(listener.told)
                await asyncio.sleep(0)
                most = max(most, len(listener.told) - before)

        async with served(handler) as api, asyncio.timeout(10):
            running = asyncio.create_task(Reflector(api, PATH, listener, Report()).run())
            await others()
            running.cancel()
        assert most <= AT_A_STRETCH

    asyncio.run(check())


def test_a_collection_is_read_page_by_page() -> None:
    """A continue token leads on; all pages are one list."""

    async def check() -> None:
        async def handler(request: web.Request) -> web.StreamResponse:
            if "watch" in request.query:
                await asyncio.Event().wait()
            if "continue" in request.query:
                return page(5, thing("b", 2))
            first = {"metadata": {"resourceVersion": "5", "continue": "more"}, "items": [thing("a", 1)]}
            return web.json_response(first)

        listener = Listener()
        async with served(handler) as api:
            running = asyncio.create_task(Reflector(api, PATH, listener, Report()).run())
            await listener.until({"a": 1, "b": 2})
            running.cancel()

    asyncio.run(check())


@pytest.mark.parametrize(
    ("status", "body", "headers", "expected"),
    [
        (403, {"reason": "Forbidden", "message": "no"}, {}, ApiError(403, "Forbidden", "no")),
        (429, {"message": "slow"}, {"Retry-After": "2"}, ApiError(429, "Too Many Requests", "slow", 2.0)),
        (503, None, {"Retry-After": "soon"}, ApiError(503, "Service Unavailable", "")),
    ],
)
def test_a_no_is_told_in_our_words(
    status: int, body: dict[str, Any] | None, headers: dict[str, str], expected: ApiError
) -> None:
    """Whatever refuses, Kubernetes or something in between, comes out as one kind of error."""

    async def check() -> None:
        async def handler(_: web.Request) -> web.StreamResponse:
            return web.Response(status=status, headers=headers, body=json.dumps(body) if body else b"")

        async with served(handler) as api:
            with pytest.raises(ApiError) as caught:
                await api.get(PATH)
        error = caught.value
        assert (error.status, error.reason, error.message) == (expected.status, expected.reason, expected.message)
        assert error.retry_after == expected.retry_after

    asyncio.run(check())


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"x"', b'{"cut'])
def test_an_answer_that_makes_no_sense_is_none(body: bytes) -> None:
    """200 with rubbish: what was asked may have been done, or not."""

    async def check() -> None:
        async def handler(_: web.Request) -> web.StreamResponse:
            return web.Response(body=body)

        async with served(handler) as api:
            with pytest.raises(NoAnswerError):
                await api.create(PATH, {})

    asyncio.run(check())


def test_a_closed_connection_is_no_answer() -> None:
    """The server went away while it was asked."""

    async def check() -> None:
        async def handler(request: web.Request) -> web.StreamResponse:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()

        async with served(handler) as api:
            with pytest.raises(NoAnswerError):
                await api.create(PATH, {})

    asyncio.run(check())
