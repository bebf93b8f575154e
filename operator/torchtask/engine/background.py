"""Work beside the main one: what nobody waits for, and what must never end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

RESTART_SECONDS = 1.0

log = logging.getLogger(__name__)


async def supervised(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Do `work` for ever: whatever ends it, it is begun again; ends only when cancelled."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("%s ended, and is begun again", name)
        await asyncio.sleep(RESTART_SECONDS)


class Background:
    """Coroutines that run beside whoever started them: the event loop alone would let them be collected."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Let `work` run."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def drain(self, seconds: float) -> None:
        """Wait until all of it is done, for at most `seconds`."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=seconds)
