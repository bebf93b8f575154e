"""The change feed: what kopf is shown and told, and what is told of it."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web
from kopf._cogs.clients.api import iter_jsonlines

from tests.edge.feeding import Taker, feeding
from tests.edge.loopback import served, until
from tests.telling import Report, complaint
from torchtask.cluster import paths
from torchtask.core import names
from torchtask.engine import feed


def group(name: str, version: str) -> dict[str, Any]:
    """Write a group of kinds."""
    served_as = {"groupVersion": f"{name}/{version}", "version": version}
    return {"name": name, "versions": [served_as], "preferredVersion": served_as}


def kinds(plural: str) -> dict[str, Any]:
    """Write what a group holds: one kind."""
    words = {"name": plural, "singularName": "", "shortNames": [], "categories": [], "kind": plural}
    return {"resources": [words | {"namespaced": False, "verbs": ["list", "watch"]}]}


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
