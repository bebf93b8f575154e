"""Kills of operators: many calls die at one point together, and the time until the next process is ready is known."""

import asyncio
from dataclasses import replace

import pytest

from tests.faults.actions import At, Silence, Then
from tests.faults.experiments.kills import Together
from tests.faults.operators import Exit, Operator, Sample
from tests.faults.proxy import Proxy
from tests.faults.rules import On
from tests.faults.small_server import Client, SmallServer, play


@pytest.mark.parametrize(("at", "committed"), [(At.SENT, 0), (At.COMMITTED, 3)])
def test_calls_wait_at_a_point_until_there_are_enough_to_kill_once(at: At, committed: int) -> None:
    """None has an answer by then; what was only sent is lost, what was committed is done."""

    async def scene(server: SmallServer, proxy: Proxy, client: Client) -> None:
        killed: list[int] = []
        together = Together(lambda: killed.append(len(server.created)), 3)
        with proxy.rule(Then(at, together, lost=True), On(verb="create", last=3)) as rule:
            asked = [asyncio.create_task(client.create(f"j{number}")) for number in range(2)]
            await rule.reached(2)
            assert (await asyncio.wait(asked, timeout=0.1))[0] == set()
            assert killed == []
            asked.append(asyncio.create_task(client.create("j2")))
            await asyncio.wait(asked)
        assert killed == [committed]
        assert len(server.created) == committed
        assert [task.exception() is None for task in asked] == [at is At.COMMITTED] * 3

    play(scene)


def test_another_call_takes_the_place_of_one_that_was_given_up() -> None:
    """Who asked may hang up before it is answered: else nobody would ever be killed at that point."""

    async def scene(_: SmallServer, proxy: Proxy, client: Client) -> None:
        killed = asyncio.Event()
        create = On(verb="create")
        with (
            proxy.rule(Silence(), replace(create, last=1)) as silence,
            proxy.rule(Then(At.ANSWERED, Together(killed.set, 1)), create),
        ):
            given_up = asyncio.create_task(client.create("j0"))
            await silence.reached(1)
            given_up.cancel()
            assert not killed.is_set()
            await client.create("j1")
            async with asyncio.timeout(10):
                await killed.wait()

    play(scene)


def test_who_dies_again_before_it_was_ready_was_away_once() -> None:
    """From its first death to the first moment in which it said that it was ready."""
    operator = Operator("a", 1, {})
    operator.exits = [Exit(time, -9, asked=True) for time in (5, 10, 12, 20)]
    operator.samples = [
        Sample(time, ready, True, 0, 0) for time, ready in ((9, True), (13, False), (14, True), (23, True))
    ]

    assert operator.absences(since=10) == [(10, 14), (20, 23)]
