"""What can befall a call: delays, silence, broken connections, refusals, and a word with the experiment in between."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto

from tests.faults.answers import Answer, BrokenOffError, http_date, refusal
from tests.faults.calls import Call
from tests.faults.exchange import Exchange
from tests.faults.rules import Action, Rule


@dataclass(frozen=True)
class Delay(Action):
    """Pass the call on so many seconds later."""

    seconds: float
    of_calls = True

    async def before(self, rule: Rule, exchange: Exchange) -> None:
        """Wait, though not longer than the rule is on."""
        await rule.pause(self.seconds)


@dataclass(frozen=True)
class Silence(Action):
    """Say nothing, neither to the operator nor to the API server, until the rule is over; open watches stand still.

    Then what waits goes on; a call that the operator has given up meanwhile only when `late`, as packets may.
    """

    late: bool = False
    of_calls = True

    async def before(self, rule: Rule, exchange: Exchange) -> None:
        """Hold the call."""
        if self.late:
            await rule.over.wait()
            return
        await exchange.first_of(rule.over)
        if not rule.over.is_set():
            raise BrokenOffError

    async def passing(self, rule: Rule, exchange: Exchange) -> None:
        """Hold the watch."""
        await exchange.first_of(rule.over)


@dataclass(frozen=True)
class WatchSilence(Silence):
    """Say nothing in watches: those that are open stand still, new ones open and stay empty. All else works."""

    of_calls = False
    of_streams = True


@dataclass(frozen=True)
class Reset(Action):
    """Reset the connection before the API server is asked."""

    of_calls = True

    async def before(self, rule: Rule, exchange: Exchange) -> None:
        """Break off."""
        raise BrokenOffError


@dataclass(frozen=True)
class Lose(Action):
    """Lose the call on its way: the API server never hears of it, and it is silent until the operator gives it up."""

    of_calls = True

    async def before(self, rule: Rule, exchange: Exchange) -> None:
        """Wait until it hangs up, and say nothing to anybody."""
        await exchange.left.wait()
        raise BrokenOffError


@dataclass(frozen=True)
class Swallow(Action):
    """Lose the answer after the API server acted: the connection is reset, or stays silent until the rule is over."""

    silently: bool = False
    of_calls = True

    async def after(self, rule: Rule, exchange: Exchange, answer: Answer) -> Answer:
        """Break off."""
        if self.silently:
            await exchange.first_of(rule.over)
        raise BrokenOffError


@dataclass(frozen=True)
class CutAnswer(Action):
    """Reset the connection in the middle of the answer's body."""

    of_calls = True

    async def after(self, rule: Rule, exchange: Exchange, answer: Answer) -> Answer:
        """Break off."""
        raise BrokenOffError(answer.body[: len(answer.body) // 2], of=answer)


@dataclass(frozen=True)
class Refuse(Action):
    """Answer with a failure, and do not ask the API server. `retry_after` is in seconds, told as an HTTP date if so."""

    code: int
    message: str = ""
    reason: str = ""
    retry_after: float | None = None
    as_date: bool = False
    of_calls = True

    async def before(self, rule: Rule, exchange: Exchange) -> Answer:
        """Answer."""
        headers = {}
        if self.retry_after is not None:
            headers["Retry-After"] = http_date(self.retry_after) if self.as_date else f"{self.retry_after:g}"
        return refusal(self.code, self.message, self.reason, headers)


class At(Enum):
    """A point in the life of a call."""

    SENT = auto()
    """By the operator; the API server is not asked yet."""
    COMMITTED = auto()
    """The API server has answered; the operator is not told yet."""
    ANSWERED = auto()
    """The operator was given the answer."""


@dataclass(frozen=True)
class Then(Action):
    """Tell the experiment at a point in the life of a call, and wait for what it does (kill, freeze, wait …).

    The call then goes on, whatever became of the operator; if `lost`, one that was SENT ends there, and the API server
    never hears of it.
    """

    at: At
    tell: Callable[[Call], Awaitable[object] | object]
    lost: bool = False
    of_calls = True

    async def before(self, rule: Rule, exchange: Exchange) -> None:
        """Tell, if this is the point."""
        await self._tell(At.SENT, exchange)
        if self.lost and self.at is At.SENT:
            raise BrokenOffError

    async def after(self, rule: Rule, exchange: Exchange, answer: Answer) -> Answer:
        """Tell, if this is the point."""
        await self._tell(At.COMMITTED, exchange)
        return answer

    async def done(self, rule: Rule, exchange: Exchange) -> None:
        """Tell, if this is the point."""
        await self._tell(At.ANSWERED, exchange)

    async def _tell(self, point: At, exchange: Exchange) -> None:
        if point is self.at:
            told = self.tell(exchange.call)
            if inspect.isawaitable(told):
                await told


@dataclass(frozen=True)
class Pages(Action):
    """Have collections listed in pages of so few, so that small ones have a `continue` too."""

    limit: int
    of_calls = True

    async def before(self, rule: Rule, exchange: Exchange) -> None:
        """Ask for less."""
        if exchange.call.verb == "list":
            exchange.query["limit"] = str(self.limit)
