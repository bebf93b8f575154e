"""What can wait does while many launches are under way or about to come, and not for ever."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from torchtask.engine import calm
from torchtask.engine.calm import FEW, Calm

Act = Callable[[Calm], None]


def run(work: Callable[[Calm], Awaitable[None]]) -> None:
    """Run a test in an event loop."""

    async def begun() -> None:
        await work(Calm())

    asyncio.run(begun())


@pytest.mark.parametrize(
    ("busy", "over"),
    [
        (lambda found: found.under_way(FEW), lambda found: found.under_way(FEW - 1)),
        (lambda found: found.expect(FEW), lambda found: found.expect(0)),
        (lambda found: (found.under_way(FEW - 1), found.expect(1)), lambda found: found.expect(0)),
    ],
    ids=["under way", "about to come", "both together"],
)
def test_who_can_wait_does_while_there_are_many_launches(busy: Act, over: Act) -> None:
    """Those that are under way, and those that are about to come, count alike."""

    async def work(found: Calm) -> None:
        async with asyncio.timeout(1):
            await found.wait()
        busy(found)
        waiting = asyncio.create_task(found.wait())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        over(found)
        async with asyncio.timeout(1):
            await waiting

    run(work)


def test_nobody_waits_once_it_has_not_been_calm_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are always many launches what can wait is done beside them, all of it, until it is calm again."""
    monkeypatch.setattr(calm, "MOST_SECONDS", 0.02)

    async def work(found: Calm) -> None:
        found.under_way(FEW)
        assert found.is_launching
        async with asyncio.timeout(1):
            await found.wait()
        assert not found.is_launching, "those who wait for answers do so no longer either"
        found.expect(FEW)
        async with asyncio.timeout(0.01):
            await found.wait()
        found.expect(0)
        found.under_way(0)
        found.under_way(FEW)
        assert found.is_launching

    run(work)


def test_it_is_told_when_few_are_under_way_again() -> None:
    """Once each time, whatever is about to come."""

    async def work(_: Calm) -> None:
        told: list[str] = []
        found = Calm(lambda: told.append("few"))
        for number in (3, FEW, FEW + 5, FEW - 1, FEW - 2):
            found.under_way(number)
            found.expect(number)
        assert told == ["few"]

    run(work)
