"""Who can wait does while somebody's time has come, in order, and not for ever."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.edge.loopback import until
from torchtask.engine import hurry
from torchtask.engine.calm import FEW
from torchtask.engine.hurry import Hurry
from torchtask.engine.stretch import AT_A_STRETCH


def run(work: Callable[[Hurry, list[int]], Awaitable[None]]) -> None:
    """Run a test with a hurry of its own, and those who went on in it."""

    async def begun() -> None:
        await work(Hurry(), [])

    asyncio.run(begun())


async def come(found: Hurry, gone: list[int], *numbers: int) -> None:
    """Let some come who can wait."""

    async def one(number: int) -> None:
        await found.over()
        gone.append(number)

    for number in numbers:
        asyncio.get_running_loop().create_task(one(number)).add_done_callback(lambda _: None)
    await asyncio.sleep(0)


def test_who_can_wait_does_until_those_have_gone_whose_time_has_come() -> None:
    """Then they go on in their order, and nobody who comes later goes before."""

    async def work(found: Hurry, gone: list[int]) -> None:
        await come(found, gone, 1)
        assert gone == [1]
        found.begin()
        await come(found, gone, 2, 3)
        assert gone == [1]
        found.end()
        await come(found, gone, 4)
        await asyncio.sleep(0)
        assert gone == [1, 2, 3, 4]

    run(work)


def test_they_go_on_a_few_at_a_time_and_wait_anew_when_there_is_a_hurry_again() -> None:
    """Many at once would keep the loop to themselves."""

    async def work(found: Hurry, gone: list[int]) -> None:
        found.begin()
        await come(found, gone, *range(3 * AT_A_STRETCH))
        found.end()
        found.begin()
        for _ in range(10):
            await asyncio.sleep(0)
        assert len(gone) == AT_A_STRETCH
        found.end()
        for _ in range(10):
            await asyncio.sleep(0)
        assert gone == list(range(3 * AT_A_STRETCH))

    run(work)


def test_those_who_come_at_once_go_on_a_few_at_a_time() -> None:
    """Nobody is in a hurry, but what comes meanwhile would be: hundreds of answers may come in one turn of the loop."""

    async def work(found: Hurry, gone: list[int]) -> None:
        await come(found, gone, *range(3 * AT_A_STRETCH))
        assert len(gone) == AT_A_STRETCH
        await asyncio.sleep(0)
        assert AT_A_STRETCH <= len(gone) <= 2 * AT_A_STRETCH
        for _ in range(5):
            await asyncio.sleep(0)
        assert gone == list(range(3 * AT_A_STRETCH))

    run(work)


def test_nobody_waits_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are whose time has come."""
    monkeypatch.setattr(hurry, "MOST_SECONDS", 0.0)

    async def work(found: Hurry, gone: list[int]) -> None:
        found.begin()
        await come(found, gone, 1)
        found.relax()
        await asyncio.sleep(0)
        assert gone == [1]

    run(work)


def test_they_wait_until_few_launches_are_under_way() -> None:
    """What follows from the first answers takes nothing from those whose requests are still to be taken in."""

    async def work(found: Hurry, gone: list[int]) -> None:
        found.begin()
        found.calm.under_way(FEW)
        found.end()
        await come(found, gone, 1)
        found.begin()
        found.end()
        assert gone == []
        found.calm.expect(FEW)
        found.calm.under_way(FEW - 1)
        await come(found, gone, 2)
        assert gone == [1, 2]

    run(work)


def test_they_do_not_wait_for_launches_that_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody says that they are answered, and nobody looks at anybody."""
    monkeypatch.setattr(hurry, "MOST_SECONDS", 0.02)

    async def work(found: Hurry, gone: list[int]) -> None:
        found.begin()
        found.calm.under_way(FEW)
        found.end()
        await come(found, gone, 1)
        await until(lambda: bool(gone))

    run(work)


def test_who_goes_away_holds_up_nobody() -> None:
    """Its turn is passed over."""

    async def work(found: Hurry, gone: list[int]) -> None:
        found.begin()
        waiting = asyncio.create_task(found.over())
        await come(found, gone, 1)
        waiting.cancel()
        found.end()
        await asyncio.sleep(0.001)
        assert gone == [1]

    run(work)
