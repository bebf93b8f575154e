"""Carries out what the core wants cleared away: each thing once at a time, and again after a while if it is there."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial

from torchtask.cluster import paths
from torchtask.cluster.api import Api
from torchtask.cluster.errors import ApiError, pause_after
from torchtask.core.clearing import Clearing, EndPending, Prune, Remove, Stop
from torchtask.core.ends import stuck_of
from torchtask.core.manifest import ended_by
from torchtask.core.model import Run, Task
from torchtask.engine.background import Background
from torchtask.engine.ends import pods_of
from torchtask.engine.runs import Runs
from torchtask.engine.store import Record
from torchtask.engine.told import Told

AT_ONCE = 10  # requests for one task
SEEN_SECONDS = 2.0  # after which the watch has shown what was done
REFUSED_SECONDS = 3.0
GONE = {404, 409}  # there is none, or another has its name

log = logging.getLogger(__name__)


class Clearer:
    """Deletes Jobs and tasks, and ends runs that are stuck. `wake(task uid)` is called when more may be asked for."""

    def __init__(self, api: Api, runs: Runs, wake: Callable[[str], None], told: Told) -> None:
        self._api, self._runs, self._wake, self._herald = api, runs, wake, told.herald
        self._complaint = told.complaints.about("clearing up")
        self._background = Background()
        self._under_way: set[str] = set()  # UIDs of the Jobs and tasks that are being cleared
        self._busy: Counter[str] = Counter()  # requests under way, by task

    def clear(self, record: Record, what: Clearing) -> None:
        """Do `what`, unless it is being done."""
        task = record.task
        uid = task.uid if isinstance(what, Remove) else what.run.uid
        if uid in self._under_way or self._busy[task.uid] >= AT_ONCE:
            return
        self._under_way.add(uid)
        self._busy[task.uid] += 1
        self._background.start(self._do(record, uid, self._work(task, what)))

    def _work(self, task: Task, what: Clearing) -> Coroutine[object, object, None]:
        match what:
            case Prune(run):
                return self._delete(task, run, "Background")
            case Stop(run):
                return self._delete(task, run, "Foreground")
            case EndPending(run):
                return self._end(task, run)
            case Remove():
                return self._remove(task)

    async def _do(self, record: Record, uid: str, work: Coroutine[object, object, None]) -> None:
        """Do the work; let it be asked for again later: after a refusal later still, or when the server says so."""
        seconds = SEEN_SECONDS
        try:
            await work
        except Exception as error:  # noqa: BLE001 -- no answer, or one that makes no sense: it is asked again
            if not (isinstance(error, ApiError) and error.status in GONE):
                self._complaint.failed(error, f"{record.task.namespace}/{record.task.name}")
                seconds = max(REFUSED_SECONDS, pause_after(error))
        else:
            self._complaint.well()
        self._answered(record)
        asyncio.get_running_loop().call_later(seconds, partial(self._done, record, uid))

    def _answered(self, record: Record) -> None:
        """Make room for another request; who found none asks again."""
        uid = record.task.uid
        was_full = self._busy[uid] >= AT_ONCE
        self._busy[uid] -= 1
        if not self._busy[uid]:
            del self._busy[uid]
        if was_full:
            self._wake(uid)

    def _done(self, record: Record, uid: str) -> None:
        self._under_way.discard(uid)
        self._wake(record.task.uid)

    async def _delete(self, task: Task, run: Run, propagation: str) -> None:
        """Delete a Job, that very one; with Foreground it stands until its Pods are gone."""
        options = {"propagationPolicy": propagation, "preconditions": {"uid": run.uid}}
        try:
            await self._api.delete(paths.job(task.namespace, run.name), options)
        except ApiError as error:
            if error.status not in GONE:
                self._herald.deleted(task, run, error.message)
            raise
        self._herald.deleted(task, run)

    async def _end(self, task: Task, run: Run) -> None:
        """End a run unless its Pod has started: the Job does not tell whether it has."""
        stuck = stuck_of(await pods_of(self._api, task, run))
        if stuck is None:
            self._runs.started(run.uid)
            return
        patch = ended_by(": ".join(stuck))
        patch["metadata"]["uid"] = run.uid
        await self._api.merge(paths.job(task.namespace, run.name), patch)

    async def _remove(self, task: Task) -> None:
        options = {"propagationPolicy": "Background", "preconditions": {"uid": task.uid}}
        await self._api.delete(paths.task(task.namespace, task.name), options)
        log.info("removed %s/%s: it is over, and its time is up", task.namespace, task.name)
