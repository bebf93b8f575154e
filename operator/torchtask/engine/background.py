"""Work that nobody waits for: held on to until it is done, since the event loop alone would let it be collected."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Background:
    """Coroutines that run beside whoever started them."""

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
