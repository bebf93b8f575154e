"""Lets those go first whose time has come: what only follows from others waits until their launches are answered.

Law: nobody waits for longer than MOST_SECONDS, and then they go on in the order in which they came.
Law: a few go on in one turn of the loop, also when nobody is in a hurry: hundreds of answers may come at once.
"""

import asyncio
from collections import deque

from torchtask import clock
from torchtask.engine.calm import Calm
from torchtask.engine.stretch import Stretch

MOST_SECONDS = 0.35


class Hurry:
    """Whether somebody's time has come. `begin` and `end` are called by who looks at them, `over` by who can wait.

    `calm` knows of their launches.
    """

    def __init__(self) -> None:
        self.calm = Calm(self._launched)
        self._looking = False
        self._until: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: deque[tuple[float, asyncio.Future[None]]] = deque()  # with the moment when each came
        self._stretch = Stretch(self._let_some)

    def begin(self) -> None:
        """Let the others wait, unless one of them has waited for long."""
        self._looking = True
        now = clock.monotonic()
        until = (self._waiting[0][0] if self._waiting else now) + MOST_SECONDS
        if self._until is None and now < until:
            self._until = until

    def relax(self) -> None:
        """Let them wait no longer if they have waited for long."""
        if self._until is not None and clock.monotonic() >= self._until:
            self._go_on()

    def end(self) -> None:
        """Let them go on, once few launches are under way."""
        self._looking = False
        if self._until is None or not self.calm.is_launching:
            self._go_on()
        elif self._timer is None:
            left = max(0.0, self._until - clock.monotonic())
            self._timer = asyncio.get_running_loop().call_later(left, self._go_on)

    async def over(self) -> None:
        """Return when nobody is in a hurry."""
        if self._until is None and not self._waiting and self._stretch.take():
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((clock.monotonic(), turn))
        await turn

    def _launched(self) -> None:
        if not self._looking:
            self._go_on()

    def _go_on(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._until = None
        self._let_some()

    def _let_some(self) -> None:
        while self._until is None and self._waiting and self._stretch.take():
            _, turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
