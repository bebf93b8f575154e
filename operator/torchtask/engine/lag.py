"""How much too late the event loop wakes up: what blocks it makes every launch late."""

import asyncio
from collections.abc import Callable

from torchtask import clock

INTERVAL_SECONDS = 0.05


async def measure(take: Callable[[float], None]) -> None:
    """Measure for ever; `take` is told of each delay, in seconds."""
    while True:
        begun = clock.monotonic()
        await asyncio.sleep(INTERVAL_SECONDS)
        take(max(0.0, clock.monotonic() - begun - INTERVAL_SECONDS))
