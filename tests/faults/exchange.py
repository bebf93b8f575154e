"""One call on its way through the proxy, as the actions see it."""

import asyncio
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.faults import wall
from tests.faults.calls import Call


class Delivered(NamedTuple):
    """A watch event that an operator was given."""

    time: float
    operator: str
    resource: str
    type: str
    namespace: str
    name: str
    version: str


class Versions:
    """When each resourceVersion was there at the latest, as far as the proxy has seen; etcd has one count for all."""

    def __init__(self) -> None:
        self._versions: list[int] = []
        self._times: list[float] = []

    def saw(self, version: str | int) -> None:
        """Take note of a version that is there now."""
        number = int(version or 0)
        if number > (self._versions[-1] if self._versions else 0):
            self._versions.append(number)
            self._times.append(wall.now())

    def time_of(self, version: str | int) -> float:
        """Say when a version, or a later one, was first seen; now, if it was not."""
        at = bisect_left(self._versions, int(version or 0))
        return self._times[at] if at < len(self._times) else wall.now()

    def at(self, time: float) -> int:
        """Return the newest version that was there then, or else the oldest that was seen; 0 when none was."""
        at = bisect_left(self._times, time)
        return self._versions[max(at - 1, 0)] if self._versions else 0


@dataclass(slots=True)
class Exchange:
    """A call, and what will be sent of it: an action may change `query` and `headers` before the API server is asked.

    `left` is set when the operator hangs up. `trail` has what was delivered to all operators so far.
    """

    call: Call
    query: dict[str, str]
    headers: dict[str, str]
    versions: Versions
    trail: list[Delivered]
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def first_of(self, *events: asyncio.Event) -> None:
        """Wait until the first of `events` is set, or the operator hangs up."""
        waits = [asyncio.ensure_future(event.wait()) for event in (*events, self.left)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
