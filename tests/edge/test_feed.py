"""The change feed: whatever ends kopf, it is started again, and the tasks are listed anew."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from kopf._cogs.clients.api import iter_jsonlines

from tests.edge.loopback import Anybody, served, until
from tests.telling import Report, complaint
from torchtask.cluster import paths
from torchtask.cluster.connection import Connection
from torchtask.core import names
from torchtask.engine import feed
from torchtask.engine.complaints import Complaint

NOWHERE = Connection("http://127.0.0.1:1", tls=False, configuration=Anybody)


class Taker:
    """Waits for a gap."""

    def __init__(self, swept: asyncio.Event) -> None:
        self._swept = swept

    def take(self, kind: str | None, document: dict[str, Any]) -> None:
        """Take an event."""

    def heard(self) -> None:
        """Take note."""

    def sweep(self) -> None:
        """Take note of a gap."""
        self._swept.set()


@asynccontextmanager
async def feeding(report: Complaint | Report, connection: Connection = NOWHERE) -> AsyncIterator[feed.Feed]:
    """Run a feed; it ends when it is to."""
    fed = feed.Feed(connection, Taker(asyncio.Event()), report)  # type: ignore[arg-type]
    fed.start()
    try:
        yield fed
    finally:
        fed.stop()
        await until(lambda: not fed._thread.is_alive())  # noqa: SLF001


def group(name: str, version: str) -> dict[str, Any]:
    """Write a group of kinds."""
    served_as = {"groupVersion": f"{name}/{version}", "version": version}
    return {"name": name, "versions": [served_as], "preferredVersion": served_as}


def kinds(plural: str) -> dict[str, Any]:
    """Write what a group holds: one kind."""
    words = {"name": plural, "singularName": "", "shortNames": [], "categories": [], "kind": plural}
    return {"resources": [words | {"namespaced": False, "verbs": ["list", "watch"]}]}


def test_kopf_is_started_again_when_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """However it ends; and it ends when it is to."""
    begun: list[int] = []
    monkeypatch.setattr(feed, "RESTART_SECONDS", 0.1)

    async def operator(**_: Any) -> None:
        begun.append(1)
        await asyncio.sleep(0.05)
        if len(begun) < 3:
            raise RuntimeError("an ERROR in the stream")
        await asyncio.Event().wait()

    monkeypatch.setattr("kopf.operator", operator)

    async def check() -> None:
        async with feeding(complaint()) as fed:
            await until(lambda: len(begun) == 3)
            fed._heard_of(paths.TASKS, None)  # noqa: SLF001 -- as its session does
            assert not fed.obstacle()
            assert not fed.ails()
        assert fed.ails()

    asyncio.run(check())


def test_what_kopf_leaves_behind_when_it_ends_is_told_without_a_trace(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Two of its watches may fail at once, and it asks one of them why: the other would look like a bug of ours."""
    monkeypatch.setattr(feed, "RESTART_SECONDS", 0.01)
    report, watches = Report(), list[asyncio.Task[None]]()

    async def other_watch() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise RuntimeError("an ERROR in the other stream")

    async def operator(**_: Any) -> None:
        watches.append(asyncio.create_task(other_watch()))
        await asyncio.sleep(0)
        raise RuntimeError("an ERROR in the stream")

    monkeypatch.setattr("kopf.operator", operator)

    async def check() -> None:
        async with feeding(report):
            await until(lambda: any("the other stream" in str(error) for error in report.failures))

    asyncio.run(check())
    assert not [record for record in caplog.records if record.exc_info]


def test_a_kopf_that_hangs_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """It watches, for all it says, and asks for nothing any more: only a new process helps."""
    monkeypatch.setattr(feed, "STUCK_SECONDS", 0.2)

    async def operator(**_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("kopf.operator", operator)

    async def check() -> None:
        async with feeding(complaint()) as fed:
            fed._heard_of(paths.TASKS, None)  # noqa: SLF001 -- as its session does
            assert not fed.ails()
            await until(lambda: bool(fed.ails()))
            assert not fed.obstacle()

    asyncio.run(check())


def test_who_was_granted_no_watch_since_kopf_began_is_not_watching(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kopf also runs where the definition of TorchTasks is gone: then nothing is seen, and nobody may say otherwise."""
    monkeypatch.setattr(feed, "RESTART_SECONDS", 0.01)
    begun = list[int]()

    async def operator(**_: Any) -> None:
        begun.append(1)
        await asyncio.Event().wait()

    monkeypatch.setattr("kopf.operator", operator)

    async def check() -> None:
        async with feeding(complaint()) as fed:
            await until(lambda: len(begun) == 1)
            assert fed.obstacle()
            fed._heard_of(paths.TASKS, None)  # noqa: SLF001 -- as its session does
            assert not fed.obstacle()
            fed.begin_anew()
            await until(lambda: len(begun) == 2)
            assert fed.obstacle()

    asyncio.run(check())


def test_a_kopf_that_is_granted_no_watch_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server told it to come back in an hour, or it does not know that there are TorchTasks: it would stay deaf."""
    monkeypatch.setattr(feed, "DEAF_SECONDS", 0.2)
    monkeypatch.setattr(feed, "RESTART_SECONDS", 0.01)
    begun, report = list[int](), Report()

    async def operator(**_: Any) -> None:
        begun.append(1)
        await asyncio.Event().wait()

    monkeypatch.setattr("kopf.operator", operator)

    async def check() -> None:
        async with feeding(report) as fed:
            await until(lambda: len(begun) == 3 and len(report.failures) >= 2)
            assert not fed.ails()

    asyncio.run(check())
    assert "no watch" in str(report.failures[0])


def test_kopf_is_shown_no_list_and_all_of_the_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """It watches from the list's version on; when it has that, we list, so that nothing falls in between."""
    monkeypatch.setattr(feed, "LOGIN_PAUSE_SECONDS", 0)
    asked: list[dict[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(dict(request.query))
        return web.json_response({})

    async def check() -> None:
        swept = asyncio.Event()
        async with served(answer) as api:
            connection = api._connection  # noqa: SLF001
            fed = feed.Feed(connection, Taker(swept), complaint())
            kopfs = (await fed._login()).aiohttp_session  # noqa: SLF001
            for path, query in ((paths.JOBS, {}), (paths.TASKS, {"watch": "true"}), (paths.TASKS, {"limit": "500"})):
                await asyncio.sleep(0)
                assert not swept.is_set()
                async with kopfs.get(connection.server + path, params=query):
                    pass
            async with asyncio.timeout(10):
                await swept.wait()
            await kopfs.close()

    asyncio.run(check())

    assert asked == [{}, {"watch": "true"}, {"limit": "500", "labelSelector": "nothing,!nothing"}]


def test_kopf_is_shown_no_event_that_it_could_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody may nest an object too deeply: it would end kopf, and nobody's changes would be seen."""
    monkeypatch.setattr(feed, "LOGIN_PAUSE_SECONDS", 0)
    events = [b'{"object":' + b'{"a":' * levels + b"1" + b"}" * levels + b"}" for levels in (1, 5_000, 2)]

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=b"\n".join(events))

    async def check() -> list[Any]:
        async with served(answer) as api:
            fed = feed.Feed(api._connection, Taker(asyncio.Event()), complaint())  # noqa: SLF001
            kopfs = (await fed._login()).aiohttp_session  # noqa: SLF001
            async with kopfs, kopfs.get(fed._connection.server + paths.TASKS, params={"watch": "true"}) as response:  # noqa: SLF001
                return [json.loads(line) async for line in iter_jsonlines(response.content)]

    shallow, deep, other = asyncio.run(check())

    assert (shallow, other) == ({"object": {"a": 1}}, {"object": {"a": {"a": 1}}})
    assert deep["object"]["a"]["a"]


DISCOVERY = {
    "/api": {"versions": ["v1"]},
    "/apis": {"groups": [group(names.GROUP, names.VERSION), group("apiextensions.k8s.io", "v1")]},
    "/api/v1": kinds("namespaces"),
    f"/apis/{names.API_VERSION}": kinds(names.PLURAL),
    "/apis/apiextensions.k8s.io/v1": kinds("customresourcedefinitions"),
}


def test_a_refusal_of_credentials_is_told_as_that_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kopf closes the session that was refused, under whatever else it asked for: that is no fault of the server's."""
    monkeypatch.setattr(feed, "LOGIN_PAUSE_SECONDS", 0.05)
    report, others = Report(), list[str]()

    async def answer(request: web.Request) -> web.Response:
        if request.path in DISCOVERY:
            return web.json_response(DISCOVERY[request.path])
        if "watch" not in request.query:
            return web.json_response({"items": [], "metadata": {"resourceVersion": "1"}})
        if request.path != paths.TASKS:
            others.append(request.path)
            await asyncio.Event().wait()
        return web.json_response({}, status=401)

    async def check() -> None:
        async with served(answer) as api, feeding(report, api._connection):  # noqa: SLF001
            await until(lambda: len(others) > 3)

    asyncio.run(check())

    assert len(report.failures) >= 3
    assert {str(error) for error in report.failures} == {f"401 Unauthorized: GET {paths.TASKS}"}
