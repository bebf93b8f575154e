"""Carries out what was decided about Jobs, and reports each answer in the core's words."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from torchtask.cluster import paths
from torchtask.cluster.api import Api
from torchtask.cluster.errors import ApiError
from torchtask.core import manifest, names
from torchtask.core.launch import Answer
from torchtask.core.model import Run, Spec, Task
from torchtask.core.wire import jobs

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, in the core's words; `version` is that of the Job, `message` in the server's words."""

    answer: Answer
    message: str = ""
    version: int = 0


Settle = Callable[[str, datetime, Reply], None]


class Dispatcher:
    """Sends requests without making anybody wait. `settle(task uid, fire time, reply)` is called for every answer."""

    def __init__(self, api: Api, settle: Settle) -> None:
        self._api, self._settle = api, settle
        self._under_way: set[asyncio.Task[None]] = set()

    def launch(self, task: Task, spec: Spec, fire_time: datetime) -> None:
        """Create the Job of `fire_time`."""
        self._start(self._launch(task, spec, fire_time))

    def look_up(self, task: Task, fire_time: datetime) -> None:
        """Find out whose Job has the name of `fire_time`."""
        self._start(self._look_up(task, fire_time))

    def delete(self, namespace: str, run: Run, propagation: str, done: Callable[[bool], None]) -> None:
        """Delete the Job of `run`, that very one; `done` is told whether that succeeded.

        `propagation` is Kubernetes' policy: with Foreground the Job stands until its Pods are gone.
        """
        self._start(self._delete(namespace, run, propagation, done))

    async def drain(self, seconds: float) -> None:
        """Wait until everything under way has been answered, for at most `seconds`."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=seconds)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _launch(self, task: Task, spec: Spec, fire_time: datetime) -> None:
        try:
            created = await self._api.create(
                paths.jobs(task.namespace), manifest.job(task, spec, fire_time), fieldValidation="Strict"
            )
            reply = Reply(Answer.CREATED, version=int(created["metadata"]["resourceVersion"]))
        except ApiError as error:
            reply = Reply(_launch_answer(error), error.message)
        except Exception as error:  # noqa: BLE001 -- no answer, or one that makes no sense: it is asked again
            reply = Reply(Answer.UNKNOWN, repr(error))
        if reply.answer not in {Answer.CREATED, Answer.EXISTS}:
            log.warning("launching %s/%s for %s: %s", task.namespace, task.name, fire_time, reply.message)
        self._settle(task.uid, fire_time, reply)

    async def _look_up(self, task: Task, fire_time: datetime) -> None:
        name = names.run_name(task.name, task.uid, fire_time)
        try:
            document = await self._api.get(paths.job(task.namespace, name))
            found = jobs.run(document)
            ours = found is not None and found[0] == (task.namespace, task.uid)
            version = int(document["metadata"]["resourceVersion"])
            words = "" if ours else f"Job {name} exists and is not this task's"
            reply = Reply(Answer.OURS if ours else Answer.FOREIGN, words, version)
        except ApiError as error:
            reply = Reply(Answer.ABSENT if error.status == 404 else Answer.UNKNOWN, error.message)
        except Exception as error:  # noqa: BLE001 -- no answer, or one that makes no sense: it is asked again
            reply = Reply(Answer.UNKNOWN, repr(error))
        self._settle(task.uid, fire_time, reply)

    async def _delete(self, namespace: str, run: Run, propagation: str, done: Callable[[bool], None]) -> None:
        options = {"propagationPolicy": propagation, "preconditions": {"uid": run.uid}}
        succeeded = False
        try:
            await self._api.delete(paths.job(namespace, run.name), options)
            succeeded = True
        except ApiError as error:
            succeeded = error.status in {404, 409}  # it is gone, or another has its name
            if not succeeded:
                log.warning("deleting %s/%s: %s", namespace, run.name, error)
        except Exception as error:  # noqa: BLE001 -- no answer, or one that makes no sense: it is asked again
            log.warning("deleting %s/%s: %r", namespace, run.name, error)
        finally:
            done(succeeded)


def _launch_answer(error: ApiError) -> Answer:
    if error.status == 409:
        return Answer.EXISTS if error.reason == "AlreadyExists" else Answer.UNKNOWN
    if error.never:
        return Answer.REJECTED
    return Answer.UNKNOWN if error.passing else Answer.REFUSED
