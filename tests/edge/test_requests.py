"""Requests of the dispatcher and the status writer, to a server that answers oddly on command."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from tests.edge.loopback import served
from tests.launches import START
from tests.scenario import UID, a_task, document
from tests.telling import Report, complaint
from torchtask.core.caps import Limits
from torchtask.core.clearing import Prune
from torchtask.core.launch import Answer, Reply
from torchtask.core.model import Phase
from torchtask.core.spec import Spec
from torchtask.engine import clearer
from torchtask.engine.agenda import Agenda
from torchtask.engine.dispatcher import Dispatcher
from torchtask.engine.judge import Judge
from torchtask.engine.launches import Launches
from torchtask.engine.runs import Runs
from torchtask.engine.sight import Sight
from torchtask.engine.store import Record, Tasks
from torchtask.engine.told import Told
from torchtask.engine.writer import WRITERS, Writer
from torchtask.settings import Settings


def answering(status: int, body: Any) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Answer everything alike."""

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=status)

    return handler


@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [
        (201, {"metadata": {"resourceVersion": "7"}}, Answer.CREATED),
        (201, {}, Answer.UNKNOWN),
        (201, {"metadata": None}, Answer.UNKNOWN),
        (201, {"metadata": {"resourceVersion": "soon"}}, Answer.UNKNOWN),
        (409, {"reason": "AlreadyExists"}, Answer.EXISTS),
        (409, {"reason": "Conflict"}, Answer.UNKNOWN),
        (409, {"reason": "AlreadyExists", "message": 'admission webhook "a" denied the request'}, Answer.UNKNOWN),
        (422, {"reason": "Invalid"}, Answer.REJECTED),
        (400, {"message": 'strict decoding error: unknown field "spec.foo"'}, Answer.REJECTED),
        (400, {"message": 'admission webhook "a" denied the request'}, Answer.REFUSED),
        (422, {"message": 'admission webhook "a" denied the request: no'}, Answer.REFUSED),
        (422, {"message": "ValidatingAdmissionPolicy 'a' with binding 'a' denied request: no"}, Answer.REFUSED),
        (403, {"reason": "Forbidden", "message": "exceeded quota"}, Answer.REFUSED),
        (429, {}, Answer.UNKNOWN),
        (500, {}, Answer.UNKNOWN),
    ],
)
def test_every_answer_to_a_launch_settles_it(status: int, body: Any, answer: Answer) -> None:
    """Whatever comes back, the launch is told of it: none stays open for ever."""

    async def check() -> None:
        told: list[Reply] = []
        shown: list[Any] = []
        async with served(answering(status, body)) as api:
            dispatcher = Dispatcher(
                api, shown.append, lambda _task, _unit, reply: told.append(reply), lambda *_: None, complaint()
            )
            task = a_task().task
            assert isinstance(task.spec, Spec)
            dispatcher.launch(task, task.spec, START)
            await dispatcher.drain(10)
        assert [reply.answer for reply in told] == [answer]
        assert bool(shown) is (status == 201)

    asyncio.run(check())


@pytest.mark.parametrize(("status", "soon"), [(200, True), (404, True), (409, True), (403, False), (500, False)])
def test_a_deletion_may_be_asked_for_again(
    status: int,
    soon: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever is answered; after a refusal later, so that it makes no storm."""
    monkeypatch.setattr(clearer, "SEEN_SECONDS", 0.0 if soon else 60.0)
    monkeypatch.setattr(clearer, "REFUSED_SECONDS", 60.0 if soon else 0.0)
    state = a_task().with_run("12:00:10", Phase.SUCCEEDED)

    async def check() -> None:
        woken = asyncio.Event()
        record = Record(state.task, 1, None, ())
        async with served(answering(status, {})) as api:
            cleared = clearer.Clearer(api, Runs(lambda _: None, complaint()), lambda _: woken.set(), Told())
            cleared.clear(record, Prune(state.runs[0]))
            assert cleared._under_way == {state.runs[0].uid}  # noqa: SLF001 -- what is asked for once at a time
            async with asyncio.timeout(10):
                await woken.wait()
            assert not cleared._under_way  # noqa: SLF001

    asyncio.run(check())


class Statuses:
    """An API server that takes statuses, but for the first `conflicts`; or gives another answer."""

    def __init__(self, status: int = 200, text: str = "", conflicts: int = 0) -> None:
        self.status, self.text, self.patches, self.conflicts = status, text, 0, conflicts
        self.patched = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a patch, or a look at the task."""
        if request.method == "PATCH":
            self.patches += 1
            self.patched.set()
            await asyncio.sleep(0.05)
        if self.text:
            return web.Response(status=self.status, text=self.text)
        answer = document() | {"reason": "NotFound"}
        answer["metadata"]["resourceVersion"] = str(self.patches + 1)
        conflict = request.method == "PATCH" and self.patches <= self.conflicts
        return web.json_response(answer, status=409 if conflict else self.status)


async def written(server: Statuses, act: Callable[[Writer, Tasks], Awaitable[None]]) -> Tasks:
    """Run a writer for one task that was just decided."""
    async with served(server.answer) as api:
        agenda, told = Agenda(), Told()
        sight = Sight(api, Settings(), agenda, agenda.drop, told.complaints)
        sight.tasks.changed(document())
        record = sight.tasks.get(UID)
        assert record is not None
        record.ledger = a_task().since("12:00:00").ledger
        writer = Writer(api, sight, Launches(api, sight, agenda, Limits(), told), agenda.wake, told)
        running = asyncio.create_task(writer.run())
        writer.want(UID)
        async with asyncio.timeout(10):
            await server.patched.wait()
        await act(writer, sight.tasks)
        running.cancel()
        return sight.tasks


def test_a_status_is_written_once_a_second_at_most() -> None:
    """What is decided while a patch is under way goes into the next one, and not beside it."""
    server = Statuses()

    async def act(writer: Writer, tasks: Tasks) -> None:
        record = tasks.get(UID)
        assert record is not None
        for missed in range(5):
            record.ledger = a_task().since("12:00:00").counted(missed=missed).ledger
            writer.want(UID)
            await asyncio.sleep(0.02)
        assert server.patches == 1

    asyncio.run(written(server, act))


def test_many_who_have_nothing_to_write_let_others_have_their_turn() -> None:
    """Ten thousand tasks that are looked at anew would else keep the loop to themselves for most of a second."""
    server, turns = Statuses(), 0

    async def act(writer: Writer, _: Tasks) -> None:
        nonlocal turns
        for number in range(1000):
            writer.want(f"gone {number}")
        while writer._waiting:  # noqa: SLF001 -- it has no event to wait for
            await asyncio.sleep(0)
            turns += 1

    asyncio.run(written(server, act))
    assert turns > 1000 / (2 * WRITERS)


@pytest.mark.parametrize(("tasks", "seconds"), [(1, 1.0), (50, 1.0), (100, 2.0), (10_000, 5.0)])
def test_statuses_are_written_less_often_the_more_tasks_have_news(tasks: int, seconds: float) -> None:
    """A status a second of each of many tasks would take more of the API server than their launches do."""

    async def act(writer: Writer, _: Tasks) -> None:
        writer._resting = set(map(str, range(tasks)))  # noqa: SLF001 -- as if all had just been written
        assert writer._interval == seconds  # noqa: SLF001

    asyncio.run(written(Statuses(), act))


@pytest.mark.parametrize(("conflicts", "told"), [(1, 0), (3, 2)])
def test_conflicts_that_do_not_end_are_told(conflicts: int, told: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is no fault: somebody edited the task meanwhile. Who meets them again and again writes no status."""
    server, report = Statuses(conflicts=conflicts), Report()
    monkeypatch.setattr("torchtask.engine.writer.INTERVAL_SECONDS", 0.01)

    async def act(writer: Writer, tasks: Tasks) -> None:
        writer._complaint = report  # type: ignore[assignment]  # noqa: SLF001
        async with asyncio.timeout(10):
            while not report.successes:  # noqa: ASYNC110 -- the writer has no event to wait for
                await asyncio.sleep(0.001)
        assert len(tasks) == 1

    asyncio.run(written(server, act))
    assert len(report.failures) == told


def test_a_server_that_knows_nothing_of_tasks_yet_makes_nobody_forget_them() -> None:
    """One that has just started has no page for custom resources; that is not to say that the task is gone."""
    server = Statuses(status=404, text="404 page not found")

    async def act(writer: Writer, tasks: Tasks) -> None:
        async with asyncio.timeout(10):
            while UID not in writer._again:  # noqa: ASYNC110, SLF001 -- it is to be written again
                await asyncio.sleep(0.01)
        assert len(tasks) == 1

    asyncio.run(written(server, act))


def test_a_task_that_is_gone_is_forgotten() -> None:
    """A status that has no object any more: it was deleted in a gap, and nobody else would tell."""
    server = Statuses(status=404)

    async def act(_: Writer, tasks: Tasks) -> None:
        async with asyncio.timeout(10):
            while len(tasks):  # noqa: ASYNC110 -- the store has no event to wait for
                await asyncio.sleep(0.01)

    asyncio.run(written(server, act))


@pytest.mark.parametrize(
    ("status", "body", "before", "after"),
    [
        (201, {}, "bad", None),
        (409, {"reason": "AlreadyExists"}, "bad", None),
        (422, {"message": "worse"}, "bad", "worse"),
        (422, {"message": "worse"}, None, "worse"),
        (403, {"message": "quota"}, "bad", "bad"),
        (500, {}, "bad", "bad"),
        (500, {}, None, None),
    ],
)
def test_only_a_verdict_changes_what_is_known_of_a_template(
    status: int, body: Any, before: str | None, after: str | None
) -> None:
    """An answer about something else, or none, neither accepts a template nor refuses it."""

    async def check() -> None:
        tasks = Tasks(Settings(), lambda _: None, lambda _: None, complaint())
        tasks.changed(document())
        record = tasks.get(UID)
        assert record is not None
        record.task = replace(record.task, template_error=before)
        async with served(answering(status, body)) as api:
            judge = Judge(api, lambda _: None, complaint())
            judge.consider(record)
            await judge._background.drain(10)  # noqa: SLF001 -- nobody else waits for it
        assert record.task.template_error == after

    asyncio.run(check())
