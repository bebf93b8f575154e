"""Asks the API server what it thinks of a template, by a dry run, so that its words stand on the status at once.

Only a verdict on the object itself counts (`ApiError.never`, or `ApiError.taken`: it passed); whatever else is answered
leaves the template unjudged, and the launch itself judges.

Law: PER_SECOND are asked about in a second, when launches leave time for it: a thousand that are new are no storm.
They are AT_ONCE at a time, and each makes room for the next only after a while.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from torchtask import clock
from torchtask.cluster import paths
from torchtask.cluster.api import Api
from torchtask.cluster.errors import ApiError, ClusterError
from torchtask.core import manifest
from torchtask.core.errors import TemplateInvalidError
from torchtask.core.manifest import Start, Trigger
from torchtask.core.model import Task
from torchtask.core.spec import Spec
from torchtask.core.units import Timed
from torchtask.engine.background import supervised
from torchtask.engine.calm import Calm
from torchtask.engine.complaints import Complaint
from torchtask.engine.store import Record

AT_ONCE, PER_SECOND = 4, 50
DOUBT_SECONDS = 60  # after which a refusal is asked about again: it may have been a policy's


class Judge:
    """Judges each generation of a task once. `judged(uid)` is called when the verdict on a task changed, or is old."""

    def __init__(self, api: Api, judged: Callable[[str], None], complaint: Complaint, calm: Calm) -> None:
        self._api, self._judged, self._complaint, self._calm = api, judged, complaint, calm
        self._wanted: asyncio.Queue[Record] = asyncio.Queue()
        self._waiting: set[str] = set()  # in the queue, by UID

    async def run(self) -> None:
        """Judge for ever."""
        async with asyncio.TaskGroup() as group:
            for number in range(AT_ONCE):
                group.create_task(supervised(f"judge {number}", self._serve))

    def consider(self, record: Record) -> None:
        """Have the template judged if that has not been done for this generation."""
        task = record.task
        doubted = task.template_error is not None and clock.monotonic() - record.judged_time >= DOUBT_SECONDS
        judged = record.judged == task.generation and not doubted
        if judged or task.uid in self._waiting or not isinstance(task.spec, Spec) or task.deleting:
            return
        self._waiting.add(task.uid)
        self._wanted.put_nowait(record)

    async def _serve(self) -> None:
        while True:
            record = await self._wanted.get()
            await self._calm.wait()
            task = record.task  # as it is by now
            self._waiting.discard(task.uid)
            record.judged, record.judged_time = task.generation, clock.monotonic()
            if isinstance(task.spec, Spec) and not task.deleting:
                await self._ask(record, task, task.spec)
                if record.task.template_error is not None:  # to be doubted: a daemon waits for nothing else
                    asyncio.get_running_loop().call_later(DOUBT_SECONDS, self._judged, task.uid)
                await asyncio.sleep(AT_ONCE / PER_SECOND)

    async def _ask(self, record: Record, task: Task, spec: Spec) -> None:
        verdict = None
        now = clock.now()
        try:
            job = manifest.job(task, spec, Start(Timed(now), now, Trigger.SCHEDULE))
            await self._api.create(paths.jobs(task.namespace), job, dryRun="All", fieldValidation="Strict")
        except ClusterError as error:
            if not (isinstance(error, ApiError) and (error.never or error.taken)):
                self._complaint.failed(error, f"{task.namespace}/{task.name}")
                return  # no verdict: what was known stands
            verdict = error.message if error.never else None  # its launch was faster: the template passed
        self._complaint.well()
        if record.task.generation == task.generation and record.task.template_error != verdict:
            record.task = replace(record.task, template_error=verdict)
            if verdict is not None:
                self._complaint.failed(TemplateInvalidError("spec", verdict), f"{task.namespace}/{task.name}")
            self._judged(task.uid)
