"""A proxy between operators and the API server that misbehaves on command, and writes down every call.

It speaks HTTP/1.1 over TLS on one port for each operator, and lives in the event loop of the experiment.
Law: what was passed on to the API server is seen through and written down, also when the operator is gone meanwhile.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from http import HTTPStatus
from itertools import count
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web

from tests.faults import requests, wall
from tests.faults.answers import Answer, BrokenOffError
from tests.faults.calls import Call
from tests.faults.connections import Door, break_off
from tests.faults.exchange import Delivered, Exchange, Versions
from tests.faults.rules import Action, On, Rule, Rules
from tests.faults.watches import Watch

_NOT_PASSED_ON = {"host", "content-length", "accept-encoding", "connection", "transfer-encoding", "content-encoding"}
_KEPT = 512  # bytes of the answers that are of no single object
_FAR = 4096  # bytes within which an answer tells its version
_VERSION = re.compile(rb'"resourceVersion":"(\d+)"')


class Proxy:
    """The proxy; an asynchronous context manager.

    `upstream` is the API server's URL, `trust` what to believe it by. `doors` has a listener for each operator.
    `calls` are all calls so far, `delivered` all watch events that an operator was given.
    """

    def __init__(self, upstream: str, trust: ssl.SSLContext | None, identity: ssl.SSLContext | None) -> None:
        self.calls: list[Call] = []
        self.delivered: list[Delivered] = []
        self.versions = Versions()
        self.doors: dict[str, Door] = {}
        self._upstream, self._trust, self._identity = upstream, trust, identity
        self._numbers = count(1)
        self._rules = Rules(self._rules_changed)
        self._watches: set[Watch] = set()
        self._work: set[asyncio.Task[Answer]] = set()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        # Not auto_decompress nor a time-out: what the API server does is passed on as it is.
        connector = aiohttp.TCPConnector(ssl=self._trust or False, limit=0, keepalive_timeout=10)
        session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout())
        self._session = await self._stack.enter_async_context(session)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for rule in self._rules:
            self._rules.remove(rule)
        for door in self.doors.values():
            await door.close()
        for work in self._work:
            work.cancel()
        await self._stack.aclose()

    async def open(self, operator: str, port: int = 0) -> Door:
        """Begin to listen for an operator; with port 0 on any that is free."""

        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._handle(operator, request)

        self.doors[operator] = door = Door(handle, self._identity)
        await door.open(port)
        return door

    @contextmanager
    def rule(self, action: Action, on: On | None = None, *, name: str = "") -> Iterator[Rule]:
        """Have a rule, of which each call that it befalls will carry the name."""
        rule = Rule(action, on or On(), name or type(action).__name__)
        self._rules.add(rule)
        try:
            yield rule
        finally:
            self._rules.remove(rule)

    @asynccontextmanager
    async def refusing(self, *operators: str) -> AsyncIterator[None]:
        """Refuse connections and reset those there are: for some operators, or for all."""
        doors = [self.doors[operator] for operator in operators or self.doors]
        for door in doors:
            await door.shut()
        try:
            yield
        finally:
            for door in doors:
                await door.open(door.port)

    def reset(self) -> None:
        """Reset all connections, and with them all watches."""
        for door in self.doors.values():
            door.reset()

    def _rules_changed(self) -> None:
        for watch in self._watches:
            watch.nudge()

    async def _handle(self, operator: str, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        call = requests.read(request.method, request.path, request.query, body)
        call.number, call.operator, call.arrived = next(self._numbers), operator, wall.now()
        self.calls.append(call)
        exchange = Exchange(call, dict(request.query), _passed_on(request.headers), self.versions, self.delivered)
        try:
            if call.verb == "watch":
                return await self._watch(request, exchange)
            return await self._answer(request, exchange)
        except asyncio.CancelledError:
            exchange.left.set()
            raise
        except BrokenOffError as error:
            return await break_off(request, error)
        except ConnectionError:  # the operator hung up while it was being answered
            return web.Response()

    async def _answer(self, request: web.Request, exchange: Exchange) -> web.StreamResponse:
        call = exchange.call
        rules = [rule for rule in self._rules if rule.takes(call)]
        work = asyncio.create_task(self._carry(exchange, rules))
        self._work.add(work)
        work.add_done_callback(self._over)
        answer = await asyncio.shield(work)
        response = web.Response(status=answer.status, body=answer.body, headers=answer.headers)
        await response.prepare(request)
        await response.write_eof()
        call.answered, call.status = wall.now(), answer.status
        for rule in rules:
            await rule.action.done(rule, exchange)
        return response

    def _over(self, work: asyncio.Task[Answer]) -> None:
        self._work.discard(work)
        if not work.cancelled():
            work.exception()  # when the operator has hung up, nobody else asks for it

    async def _carry(self, exchange: Exchange, rules: list[Rule]) -> Answer:
        for rule in rules:
            if answer := await rule.action.before(rule, exchange):
                return answer
        answer = await self._forward(exchange)
        for rule in rules:
            answer = await rule.action.after(rule, exchange, answer)
        return answer

    async def _forward(self, exchange: Exchange) -> Answer:
        call = exchange.call
        call.forwarded = wall.now()
        try:
            async with self._ask(exchange) as response:
                body = await response.read()
        except (aiohttp.ClientError, OSError) as error:
            raise BrokenOffError from error  # as the API server does
        call.server_answered, call.server_status = wall.now(), response.status
        call.server_body = body if call.name else body[:_KEPT]
        if found := _VERSION.search(body[:_FAR]):
            self.versions.saw(found[1].decode())
        return Answer(response.status, body, _passed_on(response.headers))

    def _ask(self, exchange: Exchange) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Ask the API server."""
        call = exchange.call
        return self._session.request(
            call.method,
            self._upstream + call.path,
            params=exchange.query,
            data=call.body or None,
            headers={**exchange.headers, "Accept-Encoding": "identity"},
        )

    async def _watch(self, request: web.Request, exchange: Exchange) -> web.StreamResponse:
        call = exchange.call
        for rule in [rule for rule in self._rules if rule.takes(call)]:
            if answer := await rule.action.before(rule, exchange):
                call.answered, call.status = wall.now(), answer.status
                return web.Response(status=answer.status, body=answer.body, headers=answer.headers)
        call.forwarded = wall.now()
        try:
            async with self._ask(exchange) as source:
                call.server_answered, call.server_status = wall.now(), source.status
                headers = _passed_on(source.headers)
                if source.status != HTTPStatus.OK:
                    call.answered, call.status = wall.now(), source.status
                    return web.Response(status=source.status, body=await source.read(), headers=headers)
                return await self._stream(request, exchange, source)
        except (aiohttp.ClientError, OSError) as error:
            raise BrokenOffError from error  # as the API server does

    async def _stream(
        self, request: web.Request, exchange: Exchange, source: aiohttp.ClientResponse
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers=_passed_on(source.headers))
        response.enable_chunked_encoding()
        await response.prepare(request)
        exchange.call.answered, exchange.call.status = wall.now(), HTTPStatus.OK
        watch = Watch(exchange, self._rules)
        self._watches.add(watch)
        try:
            await watch.run(source, response)
        except BrokenOffError as error:
            await break_off(request, error, response)
        finally:
            self._watches.discard(watch)
        return response


def _passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    """Return those headers that are not of this one connection only."""
    return {name: value for name, value in headers.items() if name.lower() not in _NOT_PASSED_ON}
