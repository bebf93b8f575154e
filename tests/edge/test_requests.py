"""Requests of the dispatcher and the status writer, to a server that answers oddly on command."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from tests.edge.loopback import served, until
from tests.launches import START
from tests.scenario import UID, a_task, document
from tests.telling import Report, complaint
from torchtask.core.clearing import Prune
from torchtask.core.launch import Answer, Reply
from torchtask.core.model import Phase
from torchtask.core.spec import Spec
from torchtask.engine import clearer
from torchtask.engine.calm import Calm
from torchtask.engine.dispatcher import Dispatcher
from torchtask.engine.hurry import Hurry
from torchtask.engine.judge import Judge
from torchtask.engine.runs import Runs
from torchtask.engine.store import Record, Tasks
from torchtask.engine.told import Told
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
        (429, {"message": 'admission webhook "a" denied the request: later'}, Answer.REFUSED),
        (500, {"message": 'admission webhook "a" denied the request: oh'}, Answer.REFUSED),
        (503, {"message": 'admission webhook "a" denied the request: not now'}, Answer.REFUSED),
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
                api, shown.append, lambda _task, _unit, reply: told.append(reply), lambda *_: None, complaint(), Hurry()
            )
            task = a_task().task
            assert isinstance(task.spec, Spec)
            assert dispatcher.launch(task, task.spec, START, lambda: False), "what is sent at once is wanted"
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


def test_retry_after_is_heeded_at_once() -> None:
    """Also while answers wait for those whose time has come: these are what the server cannot cope with."""

    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.json_response({}, status=429, headers={"Retry-After": "5"})

    async def check() -> None:
        task, hurry, launched = a_task().task, Hurry(), list[Reply]()
        assert isinstance(task.spec, Spec)
        async with served(refuse) as api:
            dispatcher = Dispatcher(
                api, lambda _: None, lambda _, __, reply: launched.append(reply), lambda *_: None, complaint(), hurry
            )
            hurry.begin()
            assert dispatcher.launch(task, task.spec, START, lambda: True)
            await until(lambda: not dispatcher.window.in_flight)
            assert launched == [], "its answer waits"
            assert not dispatcher.window.enter("another")
            hurry.end()
            await dispatcher.drain(10)
        assert [reply.answer for reply in launched] == [Answer.UNKNOWN]

    asyncio.run(check())


@pytest.mark.parametrize("wanted", [True, False])
def test_who_waits_for_room_is_sent_only_if_that_is_wanted_when_the_turn_comes(*, wanted: bool) -> None:
    """It may have waited for long: it is too late by then, or held, or somebody else's to decide (L7)."""
    posts, launched, found = list[str](), list[Reply](), list[Reply]()

    async def answer(request: web.Request) -> web.StreamResponse:
        posts.append(request.path)
        return web.json_response({"metadata": {"resourceVersion": "7"}}, status=201)

    async def check() -> None:
        task = a_task().task
        assert isinstance(task.spec, Spec)
        async with served(answer) as api:
            dispatcher = Dispatcher(
                api,
                lambda _: None,
                lambda _, __, reply: launched.append(reply),
                lambda _, __, reply: found.append(reply),
                complaint(),
                Hurry(),
            )
            dispatcher.window.failed(retry_after=0.05)
            assert not dispatcher.launch(task, task.spec, START, lambda: wanted)
            await dispatcher.drain(10)
            assert dispatcher.window.in_flight == 0

    asyncio.run(check())
    assert len(posts) == wanted
    assert [r.answer for r in launched] == [Answer.CREATED] * wanted
    assert [r.answer for r in found] == [Answer.UNKNOWN] * (not wanted)


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
    report = Report()

    async def check() -> None:
        tasks = Tasks(Settings(), lambda _: None, lambda _: None, complaint())
        tasks.changed(document())
        record = tasks.get(UID)
        assert record is not None
        record.task = replace(record.task, template_error=before)
        async with served(answering(status, body)) as api:
            judge = Judge(api, lambda _: None, report, Calm())  # type: ignore[arg-type]
            judging = asyncio.create_task(judge.run())
            judge.consider(record)
            await until(lambda: bool(report.failures or report.successes))
            judging.cancel()
        assert record.task.template_error == after

    asyncio.run(check())


@pytest.mark.parametrize(
    ("message", "copes"),
    [
        ('Internal error occurred: failed calling webhook "a": context deadline exceeded', True),
        ("Internal error occurred: etcd is away", False),
    ],
)
def test_a_webhook_that_fails_makes_launches_elsewhere_no_fewer(message: str, *, copes: bool) -> None:
    """It is asked about its own namespace alone; the window is for what the server copes with."""

    async def check() -> None:
        async with served(answering(500, {"reason": "InternalError", "message": message})) as api:
            dispatcher = Dispatcher(api, lambda _: None, lambda *_: None, lambda *_: None, complaint(), Hurry())
            task, before = a_task().task, dispatcher.window.size
            assert isinstance(task.spec, Spec)
            dispatcher.launch(task, task.spec, START, lambda: True)
            await dispatcher.drain(10)
            assert (dispatcher.window.size == before) is copes

    asyncio.run(check())
