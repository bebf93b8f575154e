"""Requests of the dispatcher and the status writer, to a server that answers oddly on command."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from tests.edge.loopback import served
from tests.launches import START
from tests.scenario import UID, a_task, at, document
from torchtask.core.clearing import Prune
from torchtask.core.launch import Answer
from torchtask.core.model import Phase
from torchtask.core.spec import Spec
from torchtask.core.state import Surroundings
from torchtask.engine import clearer
from torchtask.engine.dispatcher import Dispatcher, Reply
from torchtask.engine.judge import Judge
from torchtask.engine.runs import Runs
from torchtask.engine.store import Record, Tasks
from torchtask.engine.writer import Seen, Writer
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
        (422, {"reason": "Invalid"}, Answer.REJECTED),
        (400, {"message": 'strict decoding error: unknown field "spec.foo"'}, Answer.REJECTED),
        (400, {"message": 'admission webhook "a" denied the request'}, Answer.REFUSED),
        (403, {"reason": "Forbidden", "message": "exceeded quota"}, Answer.REFUSED),
        (429, {}, Answer.UNKNOWN),
        (500, {}, Answer.UNKNOWN),
    ],
)
def test_every_answer_to_a_launch_settles_it(status: int, body: Any, answer: Answer) -> None:
    """Whatever comes back, the launch is told of it: none stays open for ever."""

    async def check() -> None:
        told: list[Reply] = []
        async with served(answering(status, body)) as api:
            dispatcher = Dispatcher(api, lambda _task, _unit, reply: told.append(reply), lambda *_: None)
            task = a_task().task
            assert isinstance(task.spec, Spec)
            dispatcher.launch(task, task.spec, START)
            await dispatcher.drain(10)
        assert [reply.answer for reply in told] == [answer]

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
            clearer.Clearer(api, Runs(lambda _: None), lambda _: woken.set()).clear(record, Prune(state.runs[0]))
            assert record.clearing == {state.runs[0].uid}
            await asyncio.wait_for(woken.wait(), 10)
        assert not record.clearing

    asyncio.run(check())


class Statuses:
    """An API server that takes statuses; or gives another answer."""

    def __init__(self, status: int = 200) -> None:
        self.status, self.patches = status, 0
        self.patched = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a patch, or a look at the task."""
        if request.method == "PATCH":
            self.patches += 1
            self.patched.set()
            await asyncio.sleep(0.05)
        answer = document()
        answer["metadata"]["resourceVersion"] = str(self.patches + 1)
        return web.json_response(answer, status=self.status)


async def written(server: Statuses, act: Callable[[Writer, Tasks], Awaitable[None]]) -> Tasks:
    """Run a writer for one task that was just decided."""
    tasks = Tasks(Settings(), lambda _: None, lambda _: None)
    tasks.changed(document())
    record = tasks.get(UID)
    assert record is not None
    record.ledger = a_task().since("12:00:00").ledger
    async with served(server.answer) as api:
        seen = Seen(tasks, Runs(lambda _: None), lambda _: Surroundings(at("12:00:00")), lambda *_: "")
        writer = Writer(api, seen, lambda _: None)
        running = asyncio.create_task(writer.run())
        writer.want(UID)
        await asyncio.wait_for(server.patched.wait(), 10)
        await act(writer, tasks)
        running.cancel()
    return tasks


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
        tasks = Tasks(Settings(), lambda _: None, lambda _: None)
        tasks.changed(document())
        record = tasks.get(UID)
        assert record is not None
        record.task = replace(record.task, template_error=before)
        async with served(answering(status, body)) as api:
            judge = Judge(api, lambda _: None)
            judge.consider(record)
            await judge._background.drain(10)  # noqa: SLF001 -- nobody else waits for it
        assert record.task.template_error == after

    asyncio.run(check())
