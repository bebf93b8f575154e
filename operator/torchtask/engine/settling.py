"""Keeps Python's collector of cyclic garbage from stopping the loop: it need not look at what has come to stay."""

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager

SETTLED_SECONDS = 10.0  # after which everything that came was decided once, and is in its lasting form


@contextmanager
def settling() -> Iterator[None]:
    """Take in thousands of objects that stay: nothing is collected meanwhile, nor are they ever looked through again.

    Who looked through all of them would need 100 ms and more, many times while they come in and now and then later.
    They are still freed when nobody refers to them; only those that then refer to each other would stay.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
        asyncio.get_running_loop().call_later(SETTLED_SECONDS, gc.freeze)
