"""Who is to be looked at when: a heap of wake-up times, at most one valid entry for each task."""

import asyncio
import heapq
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from torchtask import clock
from torchtask.engine.hurry import Hurry

SPARE = 100
AFTER_A_FAULT = timedelta(seconds=3)


class Agenda:
    """The wake-up times of all tasks, by UID. An earlier time replaces a later one; who is taken is no longer on it.

    `roused` is set when somebody is to be looked at at once; `hurry` is for while they are.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, str]] = []
        self._times: dict[str, datetime] = {}
        self.roused, self.hurry = asyncio.Event(), Hurry()

    def add(self, uid: str, time: datetime) -> None:
        """Look at `uid` at `time`, or before if that was agreed already."""
        if uid not in self._times or time < self._times[uid]:
            self._times[uid] = time
            heapq.heappush(self._heap, (time, uid))
            if len(self._heap) > 2 * len(self._times) + SPARE:  # most are of times that are no longer agreed
                self._build()

    def _build(self) -> None:
        self._heap = [(agreed, uid) for uid, agreed in self._times.items()]
        heapq.heapify(self._heap)

    def wake(self, uid: str) -> None:
        """Look at `uid` at once."""
        self.add(uid, clock.now())
        self.roused.set()

    def wake_all(self, uids: Iterable[str]) -> None:
        """Look at all of them at once; a heap is built sooner than thousands have found their places in one."""
        now = clock.now()
        self._times.update({uid: now for uid in uids if uid not in self._times or now < self._times[uid]})
        self._build()
        self.roused.set()

    def put_off(self, uid: str) -> None:
        """Look at `uid` again after a fault, but not in circles."""
        self.add(uid, clock.now() + AFTER_A_FAULT)

    def is_due(self, uid: str) -> bool:
        """Tell whether `uid` is still to be looked at."""
        time = self._times.get(uid)
        return time is not None and time <= clock.now()

    def is_idle(self) -> bool:
        """Tell whether nobody is to be looked at now."""
        time = self.next_time()
        return not self.roused.is_set() and (time is None or time > clock.now())

    def drop(self, uid: str) -> None:
        """Forget `uid`."""
        self._times.pop(uid, None)

    def next_time(self) -> datetime | None:
        """Return the earliest wake-up time."""
        while self._heap and self._times.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def soon(self, until: datetime) -> list[tuple[str, datetime]]:
        """Name those whose time comes up to `until`, in no particular order; they stay on the agenda."""
        found, places = [], [0]
        for place in places:  # of a heap: none below a later time is earlier
            if place < len(self._heap) and self._heap[place][0] <= until:
                time, uid = self._heap[place]
                places += (2 * place + 1, 2 * place + 2)
                if self._times.get(uid) == time:
                    found.append((uid, time))
        return found

    def take(self, now: datetime) -> Iterator[str]:
        """Take those whose time has come, earliest first, also those that are added meanwhile."""
        while (time := self.next_time()) is not None and time <= now:
            uid = heapq.heappop(self._heap)[1]
            del self._times[uid]
            yield uid
