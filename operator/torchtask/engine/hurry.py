"""Lets those go first whose time has come: what only follows from others waits until their launches are on their way.

Law: nobody waits for longer than MOST_SECONDS, and then they go on in the order in which they came.
Law: a few go on in one turn of the loop, also when nobody is in a hurry: hundreds of answers may come at once.
"""

import asyncio
from collections import deque

from torchtask import clock
from torchtask.engine.stretch import Stretch

MOST_SECONDS = 0.2


class Hurry:
    """Whether somebody's time has come. `begin` and `end` are called by who looks at them, `over` by who can wait."""

    def __init__(self) -> None:
        self._until: float | None = None
        self._waiting: deque[tuple[float, asyncio.Future[None]]] = deque()  # with the moment when each came
        self._stretch = Stretch(self._let_some)

    def begin(self) -> None:
        """Let the others wait, unless one of them has waited for long."""
        now = clock.monotonic()
        until = (self._waiting[0][0] if self._waiting else now) + MOST_SECONDS
        if self._until is None and now < until:
            self._until = until

    def relax(self) -> None:
        """Let them wait no longer if they have waited for long."""
        if self._until is not None and clock.monotonic() >= self._until:
            self.end()

    def end(self) -> None:
        """Let them go on."""
        self._until = None
        self._let_some()

    async def over(self) -> None:
        """Return when nobody is in a hurry."""
        if self._until is None and not self._waiting and self._stretch.take():
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((clock.monotonic(), turn))
        await turn

    def _let_some(self) -> None:
        while self._until is None and self._waiting and self._stretch.take():
            _, turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
