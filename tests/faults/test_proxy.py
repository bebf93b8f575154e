"""The proxy does to each call what its rules say, to no other, and writes down what became of it."""

import asyncio
import os
import signal
import ssl
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

import aiohttp
import pytest

from lab import certificates
from tests.faults import wall
from tests.faults.actions import At, CutAnswer, Delay, Pages, Refuse, Reset, Silence, Swallow, Then
from tests.faults.connections import Door
from tests.faults.proxy import Proxy
from tests.faults.rules import On
from tests.faults.small_server import JOBS, Client, SmallServer, play

CREATES = On(verb="create", resource="jobs")


def test_a_call_without_a_rule_passes_as_it_is_and_is_written_down() -> None:
    """Who asked for what, in Kubernetes' words; when it came, went on and was answered."""

    async def scene(server: SmallServer, proxy: Proxy, client: Client) -> None:
        assert await client.create("one") == 201
        assert (await client.list())["kind"] == "JobList"
        created, listed = proxy.calls
        assert (created.operator, created.verb, created.resource) == ("a", "create", "jobs")
        assert (created.namespace, created.name, created.rule) == ("team", "one", "")
        assert (created.status, created.server_status, b'"one"' in created.server_body) == (201, 201, True)
        assert created.arrived <= (created.forwarded or 0) <= (created.server_answered or 0) <= (created.answered or 0)
        assert (listed.verb, listed.namespace, listed.query) == ("list", "", {"limit": "500"})
        assert [path for _, path, _ in server.asked] == [created.path, listed.path]

    play(scene)


def test_a_rule_hits_those_that_it_names_and_counts_them() -> None:
    """By verb, name, place in the row and any predicate; while it is on, and no longer."""

    async def scene(server: SmallServer, proxy: Proxy, client: Client) -> None:
        on = On(verb="create", prefix="b", first=2, last=4, every=2, where=lambda call: call.namespace == "team")
        with proxy.rule(Refuse(503), on, name="some") as rule:
            await client.list()
            assert [await client.create(name) for name in ("a", "b1", "b2", "b3", "b4", "b5", "b6")] == [
                201, 201, 503, 201, 503, 201, 201,
            ]  # fmt: skip
        assert await client.create("b7") == 201
        assert (rule.hits, [call.name for call in rule.calls]) == (2, ["b2", "b4"])
        assert [call.name for call in proxy.calls if call.rule == "some"] == ["b2", "b4"]
        assert server.created == ["a", "b1", "b3", "b5", "b6", "b7"]

    play(scene)


@pytest.mark.parametrize("as_date", [False, True])
def test_a_refusal_is_kubernetes_own(as_date: bool) -> None:  # noqa: FBT001 -- pytest's
    """A Status document with code, reason and message; Retry-After as a number or as a date."""

    async def scene(server: SmallServer, proxy: Proxy, client: Client) -> None:
        action = Refuse(429, "slow down", retry_after=3, as_date=as_date)
        with proxy.rule(action):
            async with client.session.get(client.url + JOBS) as response:
                document = await response.json()
        assert (document["kind"], document["code"], document["reason"]) == ("Status", 429, "TooManyRequests")
        assert document["message"] == "slow down"
        assert response.headers["Retry-After"].endswith("GMT" if as_date else "3")
        assert (server.asked, proxy.calls[0].status, proxy.calls[0].server_status) == ([], 429, None)

    play(scene)


@pytest.mark.parametrize(("action", "acted"), [(Reset(), False), (Swallow(), True), (CutAnswer(), True)], ids=str)
def test_a_broken_connection_breaks_before_or_after_the_server_acted(
    action: Reset | Swallow | CutAnswer, *, acted: bool
) -> None:
    """The operator has no answer in each case; whether the server acted is the difference, and is written down."""

    async def scene(server: SmallServer, proxy: Proxy, client: Client) -> None:
        with proxy.rule(action, CREATES), pytest.raises(aiohttp.ClientError):
            await client.create("one")
        (call,) = [call for call in proxy.calls if call.rule]
        assert (call.status, call.answered, call.server_status) == (None, None, 201 if acted else None)
        assert server.created == (["one"] if acted else [])
        assert await client.create("two") == 201

    play(scene)


def test_half_an_answer_is_half_of_it() -> None:
    """The head of a cut answer comes whole, and half the body."""

    async def scene(server: SmallServer, proxy: Proxy, client: Client) -> None:
        with proxy.rule(CutAnswer()):
            async with client.session.get(client.url + JOBS) as response:
                found = await response.content.read(10)
                with pytest.raises(aiohttp.ClientError):
                    await response.read()
        assert (response.status, found) == (200, b'{"kind": "')

    play(scene)


def test_a_delay_is_before_the_server_is_asked() -> None:
    """The call is later by so much, there and back."""

    async def scene(server: SmallServer, proxy: Proxy, client: Client) -> None:
        with proxy.rule(Delay(0.2)):
            await client.create("one")
        (call,) = proxy.calls
        assert 0.2 <= (call.forwarded or 0) - call.arrived < 1

    play(scene)


@pytest.mark.parametrize("late", [False, True])
def test_silence_holds_everything_until_it_is_over(late: bool) -> None:  # noqa: FBT001 -- pytest's
    """Calls and open watches; what was given up meanwhile still arrives only if it is to be late."""

    async def scene(server: SmallServer, proxy: Proxy, client: Client) -> None:
        stream = client.watch()
        server.feed("one")
        assert await anext(stream) == "one"
        following = asyncio.ensure_future(anext(stream))
        with proxy.rule(Silence(late=late)) as rule:
            server.feed("two")
            waiting = asyncio.create_task(client.create("waits"))
            leaving = asyncio.create_task(client.create("leaves"))
            await rule.reached(2)
            leaving.cancel()
            assert not (await asyncio.wait([following, waiting], timeout=0.1))[0]
            assert server.created == []
        assert (await following, await waiting) == ("two", 201)
        assert sorted(server.created) == (["leaves", "waits"] if late else ["waits"])

    play(scene)


def test_connections_are_refused_and_the_open_ones_reset() -> None:
    """Nobody listens for as long as it lasts, and the same port is there again afterwards."""

    async def scene(server: SmallServer, proxy: Proxy, client: Client) -> None:
        stream = client.watch()
        server.feed("one")
        assert await anext(stream) == "one"
        async with proxy.refusing("a"):
            with pytest.raises(aiohttp.ClientError):
                await anext(stream)
            with pytest.raises(aiohttp.ClientConnectorError):
                await client.create("refused")
        assert await client.create("taken") == 201
        assert server.created == ["taken"]

    play(scene)


def test_pages_can_be_made_small() -> None:
    """The API server is asked for fewer than the operator wanted."""

    async def scene(server: SmallServer, proxy: Proxy, client: Client) -> None:
        with proxy.rule(Pages(3)):
            await client.list()
        assert server.asked[-1][2] == {"limit": "3"}
        assert proxy.calls[-1].query == {"limit": "500"}

    play(scene)


DEAD_CLIENT = """
import sys, urllib.request
document = b'{"metadata": {"name": "one"}}'
print(urllib.request.urlopen(urllib.request.Request(sys.argv[1], document)).status, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("at", list(At))
def test_a_process_is_killed_at_each_point_of_a_call(at: At) -> None:
    """What it had sent is done none the less; it has its answer only when that was given before."""

    async def scene(server: SmallServer, proxy: Proxy, client: Client) -> None:
        command = [sys.executable, "-c", DEAD_CLIENT, client.url + JOBS]
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
        killed_at: list[int] = []

        def kill(_: object) -> None:
            killed_at.append(len(server.created))
            os.kill(process.pid, signal.SIGKILL)

        with proxy.rule(Then(at, kill), CREATES) as rule:
            said, _ = await process.communicate()
            await wall.until(lambda: server.created, "the call to be seen through", within=5)
        assert process.returncode == -signal.SIGKILL
        assert (killed_at, server.created, rule.hits) == ([0 if at is At.SENT else 1], ["one"], 1)
        await wall.until(lambda: proxy.calls[0].server_status, "the answer to be written down", within=5)
        assert said in ({b"", b"201\n"} if at is At.ANSWERED else {b""})

    play(scene)


def test_tls_and_credentials_pass(tmp_path: Path) -> None:
    """The proxy shows a certificate of its own authority, and hands the operator's token on."""
    authority = certificates.new_authority(tmp_path)
    authority.server("proxy", "proxy", ["127.0.0.1"])
    identity = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    identity.load_cert_chain(tmp_path / "proxy.crt", tmp_path / "proxy.key")
    trust = ssl.create_default_context(cafile=tmp_path / "ca.crt")

    async def whole() -> None:
        server = SmallServer()
        door = Door(server.handle, identity)
        await door.open(0)
        async with Proxy(door.url, trust, identity) as proxy, aiohttp.ClientSession() as session:
            url = (await proxy.open("a")).url
            headers = {"Authorization": "Bearer secret"}
            async with session.get(url + JOBS, ssl=trust, headers=headers) as response:
                assert (url[:8], response.status) == ("https://", 200)
        await door.close()
        assert server.tokens == ["Bearer secret"]

    asyncio.run(whole())


def test_hundreds_of_calls_a_second_are_no_burden() -> None:
    """Five hundred calls, sixteen at a time, take less than five seconds on a busy machine."""

    async def scene(server: SmallServer, proxy: Proxy, client: Client) -> None:
        begun = wall.now()
        for batch in range(0, 500, 16):
            await asyncio.gather(*(client.create(f"j{batch + number}") for number in range(16)))
        assert wall.now() - begun < 5
        assert len(proxy.calls) >= 500

    play(scene)
