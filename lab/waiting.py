"""The lab's only way to wait: for a condition, with a deadline. Its only reading of a clock is here too."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from lab.trouble import LabError

T = TypeVar("T")

_pause = threading.Event()  # never set: its `wait` is a pause that signals can interrupt


def seconds() -> float:
    """Return a monotonic clock, in seconds, to measure how long a step took."""
    return time.monotonic()  # noqa: TID251 - the lab must not import the operator's clock


def wait_until(condition: Callable[[], T | None], what: str, *, within: float, every: float = 0.05) -> T:
    """Return the first true value of `condition`.

    `within` and `every` are seconds. Raises `LabError` with `what` when the deadline passes first; an error that
    `condition` itself raises ends the wait.
    """
    deadline = seconds() + within
    while not (value := condition()):
        if seconds() > deadline:
            raise LabError(f"waited {within:g} s in vain for {what}")
        _pause.wait(every)
    return value
