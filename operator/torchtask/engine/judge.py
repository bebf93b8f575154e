"""Asks the API server what it thinks of a template, by a dry run, so that its words stand on the status at once.

Only a verdict on the object itself counts (`ApiError.never`, or `ApiError.taken`: it passed); whatever else is answered
leaves the template unjudged, and the launch itself judges.
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
from torchtask.engine.complaints import Complaint
from torchtask.engine.store import Record

AT_ONCE = 4
DOUBT_SECONDS = 60  # after which a refusal is asked about again: it may have been a policy's


class Judge:
    """Judges each generation of a task once. `judged(uid)` is called when the verdict on a task changed, or is old."""

    def __init__(self, api: Api, judged: Callable[[str], None], complaint: Complaint) -> None:
        self._api, self._judged, self._complaint = api, judged, complaint
        self._waiting: asyncio.Queue[tuple[Record, Task, Spec]] = asyncio.Queue()

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
        if judged or not isinstance(task.spec, Spec) or task.deleting:
            return
        record.judged, record.judged_time = task.generation, clock.monotonic()
        self._waiting.put_nowait((record, task, task.spec))

    async def _serve(self) -> None:
        while True:
            record, task, spec = await self._waiting.get()
            if record.task.generation != task.generation:
                continue  # it has changed meanwhile, and waits anew
            await self._ask(record, task, spec)
            if record.task.template_error is not None:  # it comes to be doubted: a daemon waits for nothing else
                asyncio.get_running_loop().call_later(DOUBT_SECONDS, self._judged, record.task.uid)

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
