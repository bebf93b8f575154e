"""Whether there is time for what can wait: few launches are under way, and few are about to come.

Law: nobody waits for it in vain: where it has not been calm for MOST_SECONDS, they go on as if it was.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from torchtask import clock

FEW = 16  # launches beside which there is room for others
MOST_SECONDS = 2.0
LEISURE_SECONDS = 0.2


class Calm:
    """`launched()` is called when few launches are under way again, whatever is about to come."""

    def __init__(self, launched: Callable[[], None] = lambda: None) -> None:
        self._launched = launched
        self._under_way = self._expected = 0
        self._reached = asyncio.Event()
        self._reached.set()
        self._busy_since = float("-inf")

    @property
    def is_reached(self) -> bool:
        """Whether it is calm."""
        return self._reached.is_set()

    @property
    def is_launching(self) -> bool:
        """Whether many launches are under way, and have not been for long."""
        return self._under_way >= FEW and self._seconds_left() > 0

    def expect(self, number: int) -> None:
        """Take note of how many launches may be about to come."""
        self._expected = number
        self._look_around()

    def under_way(self, number: int) -> None:
        """Take note of how many are under way; FEW at least where some wait for room."""
        before, self._under_way = self._under_way, number
        self._look_around()
        if number < FEW <= before:
            self._launched()

    async def wait(self) -> None:
        """Return when it is calm, or was not for long."""
        if not self.is_reached:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._seconds_left()):
                    await self._reached.wait()

    async def leisure(self) -> None:
        """Take time, for what nobody waits for: pages of lists do not follow each other at once."""
        await asyncio.sleep(LEISURE_SECONDS)
        await self.wait()

    def _seconds_left(self) -> float:
        return max(0.0, self._busy_since + MOST_SECONDS - clock.monotonic())

    def _look_around(self) -> None:
        if self._under_way + self._expected < FEW:
            self._reached.set()
        elif self.is_reached:
            self._reached.clear()
            self._busy_since = clock.monotonic()
