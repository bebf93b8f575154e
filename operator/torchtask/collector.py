"""Keeps Python's collector of cyclic garbage from stopping the loop while thousands of objects come in.

Who looks through all of them needs 100 ms, many times while they come and now and then later. Objects are still freed
when nobody refers to them; only those that refer to each other have to wait.
"""

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager

SETTLED_SECONDS = 10.0  # after which everything that came was decided once, and is in its lasting form


class _Collector:
    """Python's, which is off as long as anybody wants it so."""

    def __init__(self) -> None:
        self._wishes = 0

    def off(self) -> None:
        """Collect nothing until `on` was called as often as this."""
        self._wishes += 1
        gc.disable()

    def on(self) -> None:
        """Take a wish back."""
        self._wishes -= 1
        if not self._wishes:
            gc.enable()

    def settle(self) -> None:
        """Look never again through what is there now, and take a wish back."""
        gc.freeze()
        self.on()


_collector = _Collector()


@contextmanager
def resting() -> Iterator[None]:
    """Take in a list: nothing is collected meanwhile."""
    _collector.off()
    try:
        yield
    finally:
        _collector.on()


@contextmanager
def settling() -> Iterator[None]:
    """Take in what stays: nothing is collected until it is settled, and none of it is ever looked through again.

    Unless that fails: who tries each second, for hours, must not keep the collector off, nor keep its garbage for ever.
    """
    _collector.off()
    try:
        yield
    except BaseException:
        _collector.on()
        raise
    asyncio.get_running_loop().call_later(SETTLED_SECONDS, _collector.settle)
