"""How many launches are asked for at once: more while the API server copes, fewer when it does not."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from torchtask import clock
from torchtask.engine.calm import Calm
from torchtask.engine.stretch import AT_A_STRETCH
from torchtask.engine.window import FEWEST, FIRST, MOST, Window

MANY = "".join(map(chr, range(0x4E00, 0x4E00 + 2 * FIRST)))
"""So many namespaces that each has one request."""


def run(work: Callable[[Window], Awaitable[None]]) -> None:
    """Run a test with a window of its own."""

    async def begun() -> None:
        await work(Window(Calm()))

    asyncio.run(begun())


async def asked(window: Window, number: int, namespaces: str = MANY) -> list[asyncio.Task[None]]:
    """Ask for `number` requests that take long, in turn of each namespace; returns when each is under way or waits."""

    async def request(namespace: str) -> None:
        async with window.of(namespace):
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(request(namespaces[n % len(namespaces)])) for n in range(number)]
    await asyncio.sleep(0)
    return tasks


def test_no_more_go_at_once_than_the_window_has_room_for() -> None:
    """The others wait, and go when there is room, one for one."""

    async def work(window: Window) -> None:
        tasks = await asked(window, FIRST + 10)
        assert window.in_flight == FIRST
        assert not window.calm.is_reached
        for task in tasks[:15]:
            task.cancel()
        await asyncio.sleep(0.01)
        assert window.in_flight == FIRST - 5
        for task in tasks:
            task.cancel()
        await asyncio.sleep(0.01)
        assert window.in_flight == 0
        assert window.calm.is_reached

    run(work)


def test_namespaces_whose_requests_take_long_leave_room_for_others() -> None:
    """A webhook that is slow in one or in five, however much is launched there, delays nobody else."""

    async def work(window: Window) -> None:
        slow = await asked(window, 3 * FIRST, "a")
        assert window.in_flight == FIRST / 2
        assert window.calm.is_reached, "others need not wait for it either"
        async with asyncio.timeout(1), window.of("b"):
            pass
        slow += await asked(window, 5 * FIRST, "bcde")
        assert not window.calm.is_reached
        assert window.in_flight < FIRST
        async with asyncio.timeout(1), window.of("f"):
            pass
        for task in slow:
            task.cancel()
        await asyncio.sleep(0.01)
        assert window.in_flight == 0
        assert window.calm.is_reached

    run(work)


def test_those_who_wait_take_turns() -> None:
    """None has all that comes free, whoever asked first."""

    async def work(window: Window) -> None:
        first = await asked(window, FIRST, "a")
        others = await asked(window, FIRST, "bc")
        before = window._inside.copy()  # noqa: SLF001 -- who has how much of it
        for task in first[:20]:
            task.cancel()
        await asyncio.sleep(0.01)
        more = window._inside - before  # noqa: SLF001
        assert min(more["b"], more["c"]) >= 5
        for task in (*first, *others):
            task.cancel()
        await asyncio.sleep(0.01)
        assert window.in_flight == 0

    run(work)


def test_who_stops_waiting_takes_no_room() -> None:
    """Also one that is let in at the moment in which it goes."""

    async def work(window: Window) -> None:
        tasks = await asked(window, FIRST + 2)
        tasks[0].cancel()
        await asyncio.sleep(0)  # its room is given to the first that waits,
        tasks[FIRST].cancel()  # which goes before it comes to it
        await asyncio.sleep(0.01)
        assert window.in_flight == FIRST

    run(work)


def test_the_window_opens_while_the_server_copes_and_no_wider_than_is_used() -> None:
    """One more for every answer; after a failure, from the half on, for every full window of them; up to the most.

    A window that is hardly used stays as it is.
    """

    async def work(window: Window) -> None:
        window.coped()
        assert window.size == FIRST
        window.in_flight = MOST
        for _ in range(10):
            window.coped()
        assert window.size == FIRST + 10
        window.failed()
        assert window.size == FIRST / 2 + 5
        for _ in range(FIRST // 2 + 5):
            window.coped()
        assert FIRST / 2 + 5.9 < window.size <= FIRST / 2 + 6
        for _ in range(100_000):
            window.coped()
        assert window.size == MOST

    run(work)


def test_the_window_is_halved_once_for_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many answers of one moment tell one thing; it never closes below the fewest."""
    now = [0.0]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])

    async def work(window: Window) -> None:
        for _ in range(50):
            window.failed()
        assert window.size == FIRST / 2
        for second in range(1, 10):
            now[0] = second
            window.failed()
        assert window.size == FEWEST

    run(work)


def test_nothing_goes_before_retry_after_has_passed() -> None:
    """The server's word counts for all; then they go by themselves."""

    async def work(window: Window) -> None:
        window.failed(0.2)
        begun = clock.monotonic()
        tasks = await asked(window, 3)
        assert window.in_flight == 0
        async with window.of("a"):
            assert clock.monotonic() - begun >= 0.2
            assert window.in_flight == 4
        for task in tasks:
            task.cancel()

    run(work)


def test_those_who_waited_go_a_few_at_a_time() -> None:
    """Hundreds of requests that are sent in one turn of the loop would keep it to themselves."""

    async def work(window: Window) -> None:
        tasks = await asked(window, FIRST + 3 * AT_A_STRETCH)
        for task in tasks[: 3 * AT_A_STRETCH]:
            task.cancel()
        seen = []
        for _ in range(4):
            await asyncio.sleep(0)
            seen.append(window.in_flight)
        full = FIRST - 3 * AT_A_STRETCH
        assert seen == [full + AT_A_STRETCH, full + 2 * AT_A_STRETCH, FIRST, FIRST]
        for task in tasks:
            task.cancel()

    run(work)
