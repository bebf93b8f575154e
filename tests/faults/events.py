"""What can befall the events of a watch."""

import json
from dataclasses import dataclass

from tests.faults import wall
from tests.faults.answers import Answer, BrokenOffError, status_document
from tests.faults.exchange import Exchange
from tests.faults.rules import Action, Event, Rule


@dataclass(frozen=True)
class ErrorEvent(Action):
    """Put an ERROR into the stream, at once and into each that opens, and end it there."""

    code: int
    of_streams = True

    async def opened(self, rule: Rule, exchange: Exchange) -> list[bytes]:
        """End it."""
        status = status_document(self.code, f"a fault experiment: {self.code}")
        line = json.dumps({"type": "ERROR", "object": status}).encode() + b"\n"
        raise BrokenOffError(line, clean=True)


@dataclass(frozen=True)
class CutEvent(Action):
    """Cut an event in the middle: a reset, or, when `clean`, the end of a stream that ends with half a line."""

    clean: bool = False
    of_events = True

    async def event(self, rule: Rule, exchange: Exchange, event: Event, line: bytes) -> list[bytes]:
        """Cut."""
        raise BrokenOffError(line[: len(line) // 2], clean=self.clean)


@dataclass(frozen=True)
class Garble(Action):
    """Pass on what is no event at all."""

    line: bytes = b'{"type": 5, "object": "<html>502 Bad Gateway</html>"}\n'
    of_events = True

    async def event(self, rule: Rule, exchange: Exchange, event: Event, line: bytes) -> list[bytes]:
        """Say something else."""
        return [self.line]


@dataclass(frozen=True)
class Drop(Action):
    """Lose an event."""

    of_events = True

    async def event(self, rule: Rule, exchange: Exchange, event: Event, line: bytes) -> list[bytes]:
        """Pass nothing on."""
        return []


@dataclass(frozen=True)
class Duplicate(Action):
    """Pass an event on twice."""

    of_events = True

    async def event(self, rule: Rule, exchange: Exchange, event: Event, line: bytes) -> list[bytes]:
        """Pass it on twice."""
        return [line, line]


@dataclass(frozen=True)
class After(Action):
    """Hold an event until the same operator was told something of another resource, or `at_most` seconds.

    What follows in its own stream waits with it: the API server keeps the order within a resource, but none across.
    """

    resource: str
    at_most: float = 1.0
    of_events = True

    async def event(self, rule: Rule, exchange: Exchange, event: Event, line: bytes) -> list[bytes]:
        """Hold it."""
        begun, deadline = len(exchange.trail), wall.now() + self.at_most
        while wall.now() < deadline and not rule.over.is_set():
            news = exchange.trail[begun:]
            if any(d.resource == self.resource and d.operator == exchange.call.operator for d in news):
                break
            await rule.pause(0.01)
        return [line]


@dataclass(frozen=True)
class Lag(Action):
    """Show a collection as it was so many seconds ago: each event so much later, and LISTs of an older version."""

    seconds: float
    of_calls = of_events = True

    async def before(self, rule: Rule, exchange: Exchange) -> Answer | None:
        """Have the API server answer a LIST as of that time: it still knows."""
        version = exchange.versions.at(wall.now() - self.seconds)
        if exchange.call.verb == "list" and version and "continue" not in exchange.query:
            exchange.query |= {"resourceVersion": str(version), "resourceVersionMatch": "Exact"}
        return None

    async def event(self, rule: Rule, exchange: Exchange, event: Event, line: bytes) -> list[bytes]:
        """Pass it on when its time has come."""
        version = event["object"]["metadata"]["resourceVersion"]
        await rule.pause(exchange.versions.time_of(version) + self.seconds - wall.now())
        return [line]
