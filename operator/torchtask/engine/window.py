"""How many launches the API server is asked for at once: more while it copes, half as many when it does not (AIMD).

Law: between FEWEST and MOST at once; and none before the server's `Retry-After` has passed.
Law: a namespace has at most half of what the others leave: however many there are whose requests take long (a webhook
may have it so), there is room for one more.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from torchtask import clock
from torchtask.engine.calm import FEW, Calm
from torchtask.engine.stretch import Stretch

FEWEST, FIRST, MOST = 16, 128, 256
RECOVERY_SECONDS = 1.0  # answers to requests of one moment halve it once


class Window:
    """Room for requests: of a namespace in the order of asking, of several by turns; a few in one turn of the loop.

    `calm` is told how many are under way, and whether some wait, but for one namespace: its requests may take long.
    """

    def __init__(self, calm: Calm) -> None:
        self.calm = calm
        self.size, self._enough = float(FIRST), float(MOST)
        self.in_flight = 0
        self._inside: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # by namespace, none empty; whose turn it is first
        self._halved = self._closed_until = float("-inf")
        self._opening: asyncio.TimerHandle | None = None
        self._stretch = Stretch(self._let)

    @asynccontextmanager
    async def of(self, namespace: str) -> AsyncIterator[None]:
        """Wait for room for a request in a namespace, and take it."""
        if not self.enter(namespace):
            await self._wait(namespace)
        try:
            yield
        finally:
            self.leave(namespace)

    async def _wait(self, namespace: str) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(namespace, deque()).append(turn)
        self._let()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was let in, and does not come
                self.leave(namespace)
            raise

    def coped(self) -> None:
        """The server answered in time: one more at once; once it failed, one more for every full window of answers."""
        if self.in_flight >= self.size / 2:  # else the window is not what bounds us
            self.size = min(MOST, self.size + (1 if self.size < self._enough else 1 / self.size))

    def failed(self, retry_after: float | None = None) -> None:
        """The server did not cope; leave it alone for `retry_after` seconds if it said so."""
        now = clock.monotonic()
        if now - self._halved >= RECOVERY_SECONDS:
            self._halved = now
            self.size = self._enough = max(FEWEST, self.size / 2)
        if retry_after:
            self._closed_until = max(self._closed_until, now + retry_after)

    def enter(self, namespace: str) -> bool:
        """Take room for a request if there is some; it is followed by `leave`."""
        if namespace in self._waiting or not self._has_room(namespace):
            return False
        self._enter(namespace)
        self._tell()
        return True

    def _has_room(self, namespace: str) -> bool:
        left = int(self.size) - self.in_flight
        return self._inside[namespace] < left and clock.monotonic() >= self._closed_until

    def _enter(self, namespace: str) -> None:
        self.in_flight += 1
        self._inside[namespace] += 1

    def leave(self, namespace: str) -> None:
        """Give room back; who waited longest for it takes it."""
        self.in_flight -= 1
        self._inside[namespace] -= 1
        if not self._inside[namespace]:
            del self._inside[namespace]
        self._let()

    def _tell(self) -> None:
        busiest, most = next(iter(self._inside.most_common(1)), ("", 0))
        others_wait = len(self._waiting) > (busiest in self._waiting)
        self.calm.under_way(FEW if others_wait else self.in_flight - most)

    def _let(self) -> None:
        while (namespace := next(filter(self._has_room, self._waiting), None)) and self._stretch.take():
            self._take_turn(namespace)
        self._tell()
        wait = self._closed_until - clock.monotonic()
        if self._waiting and wait > 0:
            if self._opening is not None:
                self._opening.cancel()
            self._opening = asyncio.get_running_loop().call_later(wait, self._let)

    def _take_turn(self, namespace: str) -> None:
        """Let one of a namespace in that still waits; then it is the others' turn."""
        queue = self._waiting.pop(namespace)
        turn = queue.popleft()
        while turn.done() and queue:
            turn = queue.popleft()
        if queue:
            self._waiting[namespace] = queue
        if not turn.done():
            self._enter(namespace)
            turn.set_result(None)
