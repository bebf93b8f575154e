"""What befalls which calls: a rule is an action and the calls that it is for, and is on for as long as its `with`.

    with proxy.rule(Delay(2), On(verb="create", resource="jobs"), name="slow creates") as rule:
        await rule.reached(3)

Law: all rules that match take part, in the order in which they were added; the first that answers has the last word.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tests.faults import wall
from tests.faults.answers import Answer
from tests.faults.calls import Call
from tests.faults.exchange import Exchange

Event = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class On:
    """Which calls. Empty fields match all; `operator`, `verb` and `resource` may name several, with blanks between.

    Of what else matches, the `first` to the `last`, and of those `every` so many-th. For actions on watch events
    `prefix` (of the name) and `event` (the type) are those of the event's object, and events are counted.
    """

    operator: str = ""
    verb: str = ""
    resource: str = ""
    prefix: str = ""
    event: str = ""
    first: int = 1
    last: int | None = None
    every: int = 1
    where: Callable[[Call], bool] | None = None

    def is_for(self, call: Call) -> bool:
        """Say whether a call is of the kind, whatever its object."""
        return (
            _names(self.operator, call.operator)
            and _names(self.verb, call.verb)
            and _names(self.resource, call.resource)
            and (self.where is None or self.where(call))
        )

    def counts(self, number: int) -> bool:
        """Say whether it is the turn of the `number`-th that matches."""
        return self.first <= number <= (self.last or number) and (number - self.first) % self.every == 0


LAUNCHES = On(verb="create", resource="jobs", where=lambda call: call.is_launch)


def _names(wanted: str, found: str) -> bool:
    return not wanted or found in wanted.split()


class Action:
    """What a rule does. Each hook may take its time; all do nothing unless overridden (`actions` has those there are).

    `of_calls`, `of_streams`, `of_events`: what the rule counts as matching, and hands to the hooks of the same kind.
    """

    of_calls = of_streams = of_events = False

    async def before(self, rule: "Rule", exchange: Exchange) -> Answer | None:
        """Act before the API server is asked; an answer is given in place of its own. May raise BrokenOffError."""

    async def after(self, rule: "Rule", exchange: Exchange, answer: Answer) -> Answer:
        """Act between the API server's answer and the operator's. Returns the latter; may raise BrokenOffError."""
        return answer

    async def done(self, rule: "Rule", exchange: Exchange) -> None:
        """Act once the operator has been answered."""

    async def opened(self, rule: "Rule", exchange: Exchange) -> list[bytes]:
        """Act once on each watch: when it opens, or when the rule begins. Returns lines; may raise BrokenOffError."""
        return []

    async def passing(self, rule: "Rule", exchange: Exchange) -> None:
        """Act before anything goes on through a watch, its end included."""

    async def event(self, rule: "Rule", exchange: Exchange, event: Event, line: bytes) -> list[bytes]:
        """Return the lines (each with its end) to pass on instead of this one; may raise BrokenOffError."""
        return [line]


class Rule:
    """An action on some calls, switched on. `calls` are those that it befell; events count, but add no call twice."""

    def __init__(self, action: Action, on: On, name: str) -> None:
        self.action, self.on, self.name = action, on, name
        self.over = asyncio.Event()
        self.hits = 0
        self.calls: list[Call] = []
        self._seen = 0
        self._streams: set[int] = set()

    async def reached(self, hits: int, *, within: float = 30) -> None:
        """Wait until it has hit so often; raises NeverError."""
        await wall.until(lambda: self.hits >= hits, f"{self.name} to hit {hits} times", within=within)

    async def pause(self, seconds: float) -> None:
        """Wait, though not longer than the rule is on."""
        if seconds > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.over.wait()

    def takes(self, call: Call) -> bool:
        """Count a call, and say whether it is hit."""
        fits = self.action.of_calls and self.on.is_for(call) and call.name.startswith(self.on.prefix)
        return fits and self._count(call)

    def takes_stream(self, call: Call) -> bool:
        """Count an open watch, once, and say whether it is hit."""
        if not self.action.of_streams or call.number in self._streams or not self.on.is_for(call):
            return False
        self._streams.add(call.number)
        return self._count(call)

    def takes_event(self, call: Call, event: Event) -> bool:
        """Count an event of a watch, and say whether it is hit. Bookmarks are of no object, and never hit."""
        if not self.action.of_events or not self.on.is_for(call):
            return False
        about = event["object"].get("metadata", {}).get("name", "").startswith(self.on.prefix)
        fits = event["type"] != "BOOKMARK" and _names(self.on.event, event["type"]) and about
        return fits and self._count(call)

    def holds(self, call: Call) -> bool:
        """Say whether whatever passes through a watch has to pass this rule."""
        return self.on.is_for(call) and not self.over.is_set()

    def _count(self, call: Call) -> bool:
        self._seen += 1
        if not self.on.counts(self._seen):
            return False
        self.hits += 1
        if not self.calls or self.calls[-1] is not call:
            self.calls.append(call)
            call.rule = "+".join(filter(None, [call.rule, self.name]))
        return True


class Rules:
    """Those that are on, in order."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._rules: list[Rule] = []
        self._changed = changed

    def __iter__(self) -> Iterator[Rule]:
        return iter(tuple(self._rules))

    def add(self, rule: Rule) -> None:
        """Switch a rule on."""
        self._rules.append(rule)
        self._changed()

    def remove(self, rule: Rule) -> None:
        """Switch a rule off; what it holds goes on."""
        self._rules.remove(rule)
        rule.over.set()
