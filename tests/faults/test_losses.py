"""What is lost on its way stays lost: the API server never hears of it, though the operator is gone or gives it up."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE

import aiohttp
import pytest

from tests.faults import wall
from tests.faults.actions import At, Lose, Then
from tests.faults.proxy import Proxy
from tests.faults.rules import On
from tests.faults.small_server import JOBS, Client, SmallServer, play

CREATES = On(verb="create", resource="jobs", last=1)
SENDER = """
import sys, urllib.request
urllib.request.urlopen(urllib.request.Request(sys.argv[1], b'{"metadata": {"name": "lost"}}'))
"""


def test_a_call_that_is_given_up_is_not_made_after_all() -> None:
    """Neither while the rule is on nor later; the one that repeats it is."""

    async def scene(server: SmallServer, proxy: Proxy, client: Client) -> None:
        timeout = aiohttp.ClientTimeout(total=0.2)
        with proxy.rule(Lose(), CREATES) as rule, pytest.raises(TimeoutError):
            await client.session.post(client.url + JOBS, json={"metadata": {"name": "lost"}}, timeout=timeout)
        assert await client.create("again") == 201
        assert [(call.forwarded, call.status) for call in rule.calls] == [(None, None)]
        assert server.created == ["again"]

    play(scene)


def test_what_a_killed_process_had_sent_is_lost_with_it() -> None:
    """It was killed before the API server heard of the call, and nobody makes it in its place."""

    async def scene(server: SmallServer, proxy: Proxy, client: Client) -> None:
        command = [sys.executable, "-c", SENDER, client.url + JOBS]
        process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL)
        kill = lambda _: os.kill(process.pid, signal.SIGKILL)  # noqa: E731
        with proxy.rule(Then(At.SENT, kill, lost=True), CREATES) as rule:
            await wall.until(lambda: rule.hits, "the call", within=5)
            assert await process.wait() == -signal.SIGKILL
        assert await client.create("another") == 201
        assert (proxy.calls[0].forwarded, server.created) == (None, ["another"])

    play(scene)
