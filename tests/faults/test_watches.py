"""What a rule does to the events of a watch, and to no other; and what was delivered is written down."""

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.faults import wall
from tests.faults.actions import WatchSilence
from tests.faults.events import After, CutEvent, Drop, Duplicate, ErrorEvent, Garble, Lag
from tests.faults.proxy import Proxy
from tests.faults.rules import Action, On
from tests.faults.small_server import ALL_JOBS, ALL_TASKS, Client, Ending, SmallServer, play

WATCHED = {"watch": "true"}


async def following(stream: AsyncIterator[str], count: int) -> list[str]:
    """Read so many events."""
    return [await anext(stream) for _ in range(count)]


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (Drop(), ["j1", "j3", "j5", "j7"]),
        (Duplicate(), ["j1", "j2", "j2", "j3", "j4", "j4", "j5", "j6", "j6", "j7"]),
    ],
    ids=str,
)
def test_every_second_event_is_dropped_or_doubled(action: Action, expected: list[str]) -> None:
    """Of those with the name that the rule is for; the others neither count nor change."""

    async def scene(server: SmallServer, proxy: Proxy, client: Client) -> None:
        stream = client.watch()
        with proxy.rule(action, On(verb="watch", prefix="j", first=2, every=2)) as rule:
            server.feed("x1", "j1", "j2", "x2", "j3", "j4", "j5", "j6", "j7")
            found = await following(stream, len(expected) + 2)
        assert [name for name in found if name not in {"x1", "x2"}] == expected
        assert (rule.hits, len(rule.calls), proxy.calls[0].rule) == (3, 1, rule.name)
        assert [told.name for told in proxy.delivered] == found

    play(scene)


@pytest.mark.parametrize("code", [410, 500])
def test_an_error_goes_into_open_and_new_streams_and_ends_them(code: int) -> None:
    """At once, though nothing happens in the cluster; each watch once."""

    async def scene(server: SmallServer, proxy: Proxy, client: Client) -> None:
        async with client.session.get(client.url + ALL_JOBS, params=WATCHED) as opened:
            with proxy.rule(ErrorEvent(code), On(resource="jobs")) as rule:
                before = await opened.read()
                async with client.session.get(client.url + ALL_JOBS, params=WATCHED) as another:
                    after = await another.read()
            assert rule.hits == 2
        for line in (before, after):
            event = json.loads(line)
            assert (event["type"], event["object"]["kind"], event["object"]["code"]) == ("ERROR", "Status", code)

    play(scene)


@pytest.mark.parametrize("clean", [False, True])
def test_a_line_is_cut_in_the_middle(clean: bool) -> None:  # noqa: FBT001 -- pytest's
    """Half of it comes, and then the end: as of a whole stream, or as of a broken connection."""

    async def scene(server: SmallServer, proxy: Proxy, client: Client) -> None:
        async with client.session.get(client.url + ALL_JOBS, params=WATCHED) as response:
            server.feed("one", "two")
            with proxy.rule(CutEvent(clean=clean), On(first=2, last=2)):
                _, half = await response.content.readline(), b""
                try:
                    half = await response.content.readany()
                    await response.content.read()
                except aiohttp.ClientError:
                    assert not clean
                else:
                    assert clean
        assert half.startswith(b'{"type": "ADDED"')
        assert not half.endswith(b"\n")

    play(scene)


def test_only_watches_are_silent() -> None:
    """Open ones stand still, new ones open and say nothing; calls pass; afterwards all is said."""

    async def scene(server: SmallServer, proxy: Proxy, client: Client) -> None:
        async with client.session.get(client.url + ALL_JOBS, params=WATCHED) as response:
            with proxy.rule(WatchSilence()):
                server.feed("one")
                waiting = asyncio.ensure_future(response.content.readline())
                assert await client.create("passes") == 201
                assert not (await asyncio.wait([waiting], timeout=0.1))[0]
            assert b"one" in await waiting

    play(scene)


def test_an_event_waits_for_one_of_another_kind() -> None:
    """The order of two watches is turned round."""

    async def scene(server: SmallServer, proxy: Proxy, client: Client) -> None:
        jobs, tasks = client.watch(), client.watch(ALL_TASKS)
        with proxy.rule(After("torchtasks", at_most=5), On(resource="jobs")) as rule:
            first = asyncio.ensure_future(anext(jobs))
            server.feed("job")
            await rule.reached(1)
            server.feed("task", path=ALL_TASKS)
            second = asyncio.ensure_future(anext(tasks))
            assert (await second, await first) == ("task", "job")
        assert [told.name for told in proxy.delivered] == ["task", "job"]

    play(scene)


def test_a_collection_lags() -> None:
    """Events come later by so much, and LISTs are of the version that was there then."""

    async def scene(server: SmallServer, proxy: Proxy, client: Client) -> None:
        stream = client.watch()
        server.feed("old", version=10)
        assert await anext(stream) == "old"
        with proxy.rule(Lag(0.3), On(resource="jobs")):
            server.feed("new", version=20)
            fed = wall.now()
            await wall.until(lambda: proxy.versions.at(wall.now()) == 20, "the proxy to know of it", within=5)
            await client.list()
            assert server.asked[-1][2] == {
                "limit": "500", "resourceVersion": "10", "resourceVersionMatch": "Exact",
            }  # fmt: skip
            assert await anext(stream) == "new"
            assert wall.now() - fed >= 0.3

    play(scene)


def test_what_is_no_event_is_passed_on() -> None:
    """Garbage in place of an event, in a stream that goes on."""

    async def scene(server: SmallServer, proxy: Proxy, client: Client) -> None:
        async with client.session.get(client.url + ALL_JOBS, params=WATCHED) as response:
            with proxy.rule(Garble(b"<html>\n"), On(last=1)):
                server.feed("one", "two")
                assert await response.content.readline() == b"<html>\n"
                assert b"two" in await response.content.readline()

    play(scene)


def test_a_server_that_ends_or_breaks_a_watch_ends_or_breaks_it_here() -> None:
    """The operator sees the difference."""

    async def scene(server: SmallServer, proxy: Proxy, client: Client) -> None:
        async with client.session.get(client.url + ALL_JOBS, params=WATCHED) as response:
            server.end(Ending.WHOLE)
            assert await response.read() == b""
        async with client.session.get(client.url + ALL_JOBS, params=WATCHED) as response:
            server.end(Ending.BROKEN)
            with pytest.raises(aiohttp.ClientError):
                await response.read()

    play(scene)
