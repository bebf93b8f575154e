"""Sends Kubernetes events, without being in anybody's way: few at a time, and each tried once.

Law: of one task and one reason an event is sent at most once in QUIET_SECONDS; what happened meanwhile is counted, and
told with the next one.
Law: PER_SECOND are sent in a second, when launches leave time for it, also where many had to wait for a slow server.
Law: as many are taken in a second, after a quiet one twice as many, and warnings have half of that to themselves. What
is too many is dropped: first what came last.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from torchtask import clock
from torchtask.cluster import paths
from torchtask.cluster.api import Api
from torchtask.cluster.errors import ApiError, NotLeadingError
from torchtask.core.events import Event, EventReason
from torchtask.core.model import Task
from torchtask.core.wire import events
from torchtask.engine.calm import Calm
from torchtask.engine.complaints import Complaints
from torchtask.metrics import Metrics

QUIET_SECONDS = 300.0
STALE_SECONDS = 3000.0  # the API server forgets events after an hour
PER_SECOND = 20
AT_ONCE = 2
MOST_WAITING = 200
MOST_SERIES = 20_000
NEVER = float("-inf")


@dataclass(slots=True)
class _Told:
    """A series, and when it was sent last; `stored`: the API server has an event of it."""

    series: events.Series
    time: float = NEVER
    stored: bool = False


class Bucket:
    """How many events may be taken now. Times are monotonic seconds."""

    def __init__(self, rate: int, now: float) -> None:
        self._rate, self._left, self._time = rate, float(rate), now

    def take(self, now: float, *, spare: bool) -> bool:
        """Take one if there is one; `spare`: only of the half that is not kept for warnings."""
        self._left = min(float(self._rate), self._left + (now - self._time) * self._rate)
        self._time = now
        if self._left < (self._rate / 2 if spare else 1):
            return False
        self._left -= 1
        return True


class Events:
    """The events of all tasks. `reporter` is this operator's name."""

    def __init__(
        self, reporter: str, metrics: Metrics, complaints: Complaints, now: Callable[[], float] = clock.monotonic
    ) -> None:
        self._reporter, self._now = reporter, now
        self._results, self._sending = metrics.work.events, complaints.about("sending events")
        self._told: OrderedDict[tuple[str, EventReason], _Told] = OrderedDict()  # the longest untold first
        self._waiting: asyncio.Queue[_Told] = asyncio.Queue(MOST_WAITING)
        self._bucket = Bucket(PER_SECOND, now())

    def tell(self, task: Task, event: Event) -> None:
        """Have an event sent, or counted."""
        now = self._now()
        told = self._series(task, event, now)
        if told is None:
            self._results.labels("dropped").inc()
            return
        told.series.count += event.count
        told.series.last, told.series.message = clock.now(), event.message
        if now - told.time < QUIET_SECONDS:
            return
        if self._waiting.full() or not self._bucket.take(now, spare=event.reason.is_normal):
            self._results.labels("dropped").inc()
            return
        told.time = now
        self._told.move_to_end((task.uid, event.reason))
        self._waiting.put_nowait(told)

    async def run(self, api: Api, calm: Calm) -> None:
        """Send for ever."""
        lane = api.lane(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._serve(lane, calm))

    def _series(self, task: Task, event: Event, now: float) -> _Told | None:
        """Find the series that an event belongs to, or begin one; None when there are too many."""
        key = (task.uid, event.reason)
        told = self._told.get(key)
        if told is not None and (told.time == NEVER or now - told.time < STALE_SECONDS):
            return told
        if told is None and len(self._told) >= MOST_SERIES:
            oldest = next(iter(self._told.values()))
            if now - oldest.time < QUIET_SECONDS:
                return None
            self._told.popitem(last=False)
        time = clock.now()
        told = _Told(events.Series(task.namespace, task.name, task.uid, event.reason, time, time))
        self._told[key] = told
        return told

    async def _serve(self, api: Api, calm: Calm) -> None:
        while True:
            told = await self._waiting.get()
            await calm.wait()
            try:
                await self._send(api, told)
            except NotLeadingError:
                self._results.labels("dropped").inc()
            except Exception as error:  # noqa: BLE001 -- an event is worth no second attempt, and no end of this loop
                self._results.labels("failed").inc()
                self._sending.failed(error, f"{told.series.namespace}/{told.series.task}")
            else:
                self._results.labels("sent").inc()
                self._sending.well()
            await asyncio.sleep(AT_ONCE / PER_SECOND)

    async def _send(self, api: Api, told: _Told) -> None:
        series = told.series
        if told.stored:
            try:
                await api.merge(paths.event(series.namespace, series.name), events.again(series))
            except ApiError as error:
                if error.status != 404:
                    raise
            else:
                return
        try:
            await api.create(paths.events(series.namespace), events.event(series, self._reporter))
        except ApiError as error:
            if error.status != 409:  # else an attempt that had no answer made it
                raise
        told.stored = True
