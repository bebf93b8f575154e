"""Asks for Jobs and after them, and reports each answer in the core's words."""

from collections.abc import Callable
from datetime import datetime, timedelta

from torchtask import clock
from torchtask.cluster import paths
from torchtask.cluster.api import Api, Document
from torchtask.cluster.errors import ApiError, NotLeadingError, pause_after
from torchtask.core import manifest, names
from torchtask.core.launch import Answer, Reply
from torchtask.core.manifest import Start
from torchtask.core.model import Task
from torchtask.core.spec import Spec
from torchtask.core.units import Unit
from torchtask.core.wire import jobs
from torchtask.engine.background import Background
from torchtask.engine.complaints import Complaint
from torchtask.engine.hurry import Hurry
from torchtask.engine.window import MOST, Window

NOT_SENT = "it waited for its turn, and was not wanted any more"

Settle = Callable[[Task, Unit, Reply], None]


class Dispatcher:
    """Sends requests without making anybody wait. `launched` is called for every answer to a POST, `found` for others.

    Before that, `shown` is given the Job that the answer is about, if there is one.
    """

    def __init__(
        self,
        api: Api,
        shown: Callable[[Document], None],
        launched: Settle,
        found: Settle,
        complaint: Complaint,
        hurry: Hurry,
    ) -> None:
        self._api, self._shown, self._launched, self._found = api.lane(MOST), shown, launched, found
        self._complaint, self._hurry = complaint, hurry
        self._background, self.window = Background(), Window(hurry.calm)

    def launch(self, task: Task, spec: Spec, start: Start, is_wanted: Callable[[], bool]) -> bool:
        """Create a Job at once if there is room, and tell; else once there is, if it is wanted then."""
        at_once = self.window.enter(task.namespace)
        work = self._launch(task, spec, start) if at_once else self._launch_later(task, spec, start, is_wanted)
        self._background.start(work)
        return at_once

    def look_up(self, task: Task, unit: Unit) -> None:
        """Find out whose Job has the name of `unit`."""
        self._background.start(self._look_up(task, unit))

    async def drain(self, seconds: float) -> None:
        """Wait until everything under way has been answered, for at most `seconds`."""
        await self._background.drain(seconds)

    async def _launch(self, task: Task, spec: Spec, start: Start) -> None:
        try:
            answer = await self._post(task, spec, start)
        finally:
            self.window.leave(task.namespace)
        await self._answered(task, start.unit, answer)

    async def _launch_later(self, task: Task, spec: Spec, start: Start, is_wanted: Callable[[], bool]) -> None:
        async with self.window.of(task.namespace):
            answer = await self._post(task, spec, start) if is_wanted() else None
        if answer is not None:
            await self._answered(task, start.unit, answer)
        else:
            self._found(task, start.unit, Reply(Answer.UNKNOWN, NOT_SENT))

    async def _post(self, task: Task, spec: Spec, start: Start) -> Document | Exception:
        try:
            job = manifest.job(task, spec, start)
            created = await self._api.create(paths.jobs(task.namespace), job, fieldValidation="Strict")
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is what came of it
            self._heed(error, _launch_answer(error))  # now: the answer itself may wait for long
            return error
        self.window.coped()
        return created

    async def _answered(self, task: Task, unit: Unit, answer: Document | Exception) -> None:
        time = clock.now()
        await self._hurry.over()
        found = answer if isinstance(answer, Exception) else self._understood(answer, time)
        if isinstance(found, Reply):
            self._complaint.well()
            self._launched(task, unit, found)
            return
        reply = _refusal(found, _launch_answer(found))
        if reply.answer is not Answer.EXISTS:
            self._complaint.failed(found, f"{task.namespace}/{names.run_name(task.name, task.uid, unit)}")
        self._launched(task, unit, reply)

    def _understood(self, created: Document, time: datetime) -> Reply | Exception:
        try:
            self._shown(created)
            return Reply(Answer.CREATED, version=int(created["metadata"]["resourceVersion"]), time=time)
        except Exception as error:  # noqa: BLE001 -- an answer that makes no sense is none: it is asked again
            self._heed(error, Answer.UNKNOWN)
            return error

    async def _look_up(self, task: Task, unit: Unit) -> None:
        name = names.run_name(task.name, task.uid, unit)
        try:
            async with self.window.of(task.namespace):
                document = await self._api.get(paths.job(task.namespace, name))
            self._shown(document)
            found = jobs.run(document)
            ours = found is not None and found[0] == (task.namespace, task.uid) and found[1].unit == unit
            version = int(document["metadata"]["resourceVersion"])
            words = "" if ours else f"Job {name} exists and is not this task's"
            reply = Reply(Answer.OURS if ours else Answer.FOREIGN, words, version)
        except Exception as error:  # noqa: BLE001 -- also an answer that makes no sense is none: it is asked again
            absent = isinstance(error, ApiError) and error.absent
            reply = _refusal(error, Answer.ABSENT if absent else Answer.UNKNOWN)
            self._heed(error, reply.answer)
        self._found(task, unit, reply)

    def _heed(self, error: Exception, answer: Answer) -> None:
        """Ask for less when the server does not cope."""
        not_its_fault = isinstance(error, NotLeadingError) or (isinstance(error, ApiError) and error.elsewhere)
        if answer is Answer.UNKNOWN and not not_its_fault:
            self.window.failed(pause_after(error))


def _refusal(error: Exception, answer: Answer) -> Reply:
    words = error.message if isinstance(error, ApiError) else repr(error)
    return Reply(answer, words, pause=timedelta(seconds=pause_after(error)))


def _launch_answer(error: Exception) -> Answer:
    if not isinstance(error, ApiError):
        return Answer.UNKNOWN
    if error.status == 409:
        return Answer.EXISTS if error.taken else Answer.UNKNOWN
    if error.never:
        return Answer.REJECTED
    return Answer.UNKNOWN if error.passing else Answer.REFUSED
