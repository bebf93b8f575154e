"""An open watch: lines come from the API server, pass the rules one after the other, and go to the operator."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import NamedTuple

import aiohttp
from aiohttp import web

from tests.faults import wall
from tests.faults.answers import BrokenOffError
from tests.faults.exchange import Delivered, Exchange
from tests.faults.rules import Event, Rules


class _Line(NamedTuple):
    """A line of a watch, and what it says."""

    text: bytes
    event: Event


_Item = _Line | BrokenOffError | None
"""What comes through a watch: lines, at last its end; None: look at the rules again."""


class Watch:
    """One watch of one operator. Its end, whatever the cause, is a BrokenOffError."""

    def __init__(self, exchange: Exchange, rules: Rules) -> None:
        self._exchange, self._rules = exchange, rules
        self._queue: asyncio.Queue[_Item] = asyncio.Queue()

    def nudge(self) -> None:
        """Look at the rules again, though nothing came."""
        self._queue.put_nowait(None)

    async def run(self, source: aiohttp.ClientResponse, response: web.StreamResponse) -> None:
        """Pass on what comes until a BrokenOffError says how this ends."""
        reading = asyncio.create_task(self._read(source))
        try:
            await self._look_at_rules(response)
            while True:
                item = await self._queue.get()
                for rule in self._rules:
                    if rule.holds(self._exchange.call):
                        await rule.action.passing(rule, self._exchange)
                if isinstance(item, BrokenOffError):
                    raise item
                if item is None:
                    await self._look_at_rules(response)
                else:
                    await self._pass(item, response)
        finally:
            self._exchange.call.ended = wall.now()
            reading.cancel()

    async def _read(self, source: aiohttp.ClientResponse) -> None:
        end = BrokenOffError(clean=True)
        try:
            async for line in _lines(source):
                event = json.loads(line)
                if event["type"] != "ERROR":
                    self._exchange.versions.saw(event["object"]["metadata"]["resourceVersion"])
                self._queue.put_nowait(_Line(line, event))
        except (aiohttp.ClientError, OSError):
            end = BrokenOffError()
        self._queue.put_nowait(end)

    async def _look_at_rules(self, response: web.StreamResponse) -> None:
        for rule in self._rules:
            if rule.takes_stream(self._exchange.call):
                for line in await rule.action.opened(rule, self._exchange):
                    await response.write(line)

    async def _pass(self, line: _Line, response: web.StreamResponse) -> None:
        lines = [line.text]
        for rule in self._rules:
            if lines and rule.takes_event(self._exchange.call, line.event):
                lines = await rule.action.event(rule, self._exchange, line.event, lines[0])
        for each in lines:
            await response.write(each)
            await asyncio.sleep(0)  # for writing does not wait: so an operator that is gone is seen to be
            if each == line.text:
                self._exchange.trail.append(self._delivered(line.event))

    def _delivered(self, event: Event) -> Delivered:
        metadata, call = event["object"].get("metadata", {}), self._exchange.call
        return Delivered(
            wall.now(), call.operator, call.resource, event["type"],
            metadata.get("namespace", ""), metadata.get("name", ""), metadata.get("resourceVersion", ""),
        )  # fmt: skip


async def _lines(source: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Yield whole lines, with their ends; aiohttp's own `readline` has a limit to their length."""
    rest = b""
    async for chunk in source.content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line + b"\n"
