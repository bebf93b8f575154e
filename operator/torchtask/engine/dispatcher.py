"""Asks for Jobs and after them, and reports each answer in the core's words."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from torchtask.cluster import paths
from torchtask.cluster.api import Api
from torchtask.cluster.errors import ApiError
from torchtask.core import manifest, names
from torchtask.core.launch import Answer
from torchtask.core.manifest import Start
from torchtask.core.model import Task
from torchtask.core.spec import Spec
from torchtask.core.units import Unit
from torchtask.core.wire import jobs
from torchtask.engine.background import Background

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, in the core's words; `version` is that of the Job, `message` in the server's words."""

    answer: Answer
    message: str = ""
    version: int = 0


Settle = Callable[[Task, Unit, Reply], None]


class Dispatcher:
    """Sends requests without making anybody wait. `launched` and `found` are called for every answer to the two."""

    def __init__(self, api: Api, launched: Settle, found: Settle) -> None:
        self._api, self._launched, self._found = api, launched, found
        self._background = Background()

    def launch(self, task: Task, spec: Spec, start: Start) -> None:
        """Create a Job."""
        self._background.start(self._launch(task, spec, start))

    def look_up(self, task: Task, unit: Unit) -> None:
        """Find out whose Job has the name of `unit`."""
        self._background.start(self._look_up(task, unit))

    async def drain(self, seconds: float) -> None:
        """Wait until everything under way has been answered, for at most `seconds`."""
        await self._background.drain(seconds)

    async def _launch(self, task: Task, spec: Spec, start: Start) -> None:
        try:
            created = await self._api.create(
                paths.jobs(task.namespace), manifest.job(task, spec, start), fieldValidation="Strict"
            )
            reply = Reply(Answer.CREATED, version=int(created["metadata"]["resourceVersion"]))
        except ApiError as error:
            reply = Reply(_launch_answer(error), error.message)
        except Exception as error:  # noqa: BLE001 -- no answer, or one that makes no sense: it is asked again
            reply = Reply(Answer.UNKNOWN, repr(error))
        if reply.answer not in {Answer.CREATED, Answer.EXISTS}:
            name = names.run_name(task.name, task.uid, start.unit)
            log.warning("launching %s/%s: %s", task.namespace, name, reply.message)
        self._launched(task, start.unit, reply)

    async def _look_up(self, task: Task, unit: Unit) -> None:
        name = names.run_name(task.name, task.uid, unit)
        try:
            document = await self._api.get(paths.job(task.namespace, name))
            found = jobs.run(document)
            ours = found is not None and found[0] == (task.namespace, task.uid) and found[1].unit == unit
            version = int(document["metadata"]["resourceVersion"])
            words = "" if ours else f"Job {name} exists and is not this task's"
            reply = Reply(Answer.OURS if ours else Answer.FOREIGN, words, version)
        except ApiError as error:
            reply = Reply(Answer.ABSENT if error.status == 404 else Answer.UNKNOWN, error.message)
        except Exception as error:  # noqa: BLE001 -- no answer, or one that makes no sense: it is asked again
            reply = Reply(Answer.UNKNOWN, repr(error))
        self._found(task, unit, reply)


def _launch_answer(error: ApiError) -> Answer:
    if error.status == 409:
        return Answer.EXISTS if error.reason == "AlreadyExists" else Answer.UNKNOWN
    if error.never:
        return Answer.REJECTED
    return Answer.UNKNOWN if error.passing else Answer.REFUSED
