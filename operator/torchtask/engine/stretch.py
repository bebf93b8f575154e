"""How much is done in one turn of the loop: what many wait for is done a few at a time, and others come in between."""

import asyncio
from collections.abc import Callable

AT_A_STRETCH = 10


class Stretch:
    """Room for a few things in each turn of the loop. `go_on()` is called in the next one after some was taken."""

    def __init__(self, go_on: Callable[[], None]) -> None:
        self._go_on, self._left = go_on, AT_A_STRETCH

    def take(self) -> bool:
        """Take room for one thing; tell whether there was some in this turn."""
        if not self._left:
            return False
        if self._left == AT_A_STRETCH:
            asyncio.get_running_loop().call_soon(self._renew)
        self._left -= 1
        return True

    def _renew(self) -> None:
        self._left = AT_A_STRETCH
        self._go_on()
