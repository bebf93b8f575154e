"""The wall clock of this machine, as a number, and the only way to wait in a fault experiment: for a condition.

Not the operator's clock module: what judges the operator shares no code with it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class NeverError(AssertionError):
    """What was waited for did not come."""


def now() -> float:
    """Return the seconds since the epoch."""
    return time.time()  # noqa: TID251 -- see the module


async def until(condition: Callable[[], T | None], what: str, *, within: float, every: float = 0.02) -> T:
    """Return the first true value of `condition`; raises NeverError with `what` after `within` seconds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while not (value := condition()):
        if loop.time() > deadline:
            raise NeverError(f"waited {within:g} s in vain for {what}")
        await asyncio.sleep(every)
    return value


async def until_told(question: Callable[[], Awaitable[T]], what: str, *, within: float, every: float = 0.1) -> T:
    """Ask until the answer is a true value, and return it; raises NeverError with `what` after `within` seconds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while not (value := await question()):
        if loop.time() > deadline:
            raise NeverError(f"waited {within:g} s in vain for {what}")
        await asyncio.sleep(every)
    return value
