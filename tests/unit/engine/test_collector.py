"""What is known is not looked through by the collector of its own accord, and garbage goes all the same."""

import asyncio
import gc
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from tests.edge.loopback import until
from torchtask import clock
from torchtask.engine import collector


class Knot:
    """Refers to itself: only the collector can free it."""

    freed = 0

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        Knot.freed += 1


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    thresholds, Knot.freed = gc.get_threshold(), 0
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


async def looking(looks: int, knots: int = 0) -> None:
    """Let the collector look so often, once it has settled; make garbage then."""
    settled, done = gc.get_freeze_count(), 0

    def told(phase: str, about: dict[str, int]) -> None:
        nonlocal done
        done += phase == "stop" and about["generation"] == 2

    work = asyncio.create_task(collector.collect())
    await until(lambda: gc.get_freeze_count() != settled)
    for _ in range(knots):
        Knot()
    gc.callbacks.append(told)
    await until(lambda: done >= looks)
    gc.callbacks.remove(told)
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look soon, and often."""
    monkeypatch.setattr(collector, "SETTLED_SECONDS", 0.01)
    monkeypatch.setattr(collector, "EVERY_SECONDS", 0.01)
    monkeypatch.setattr(clock, "now", lambda: datetime.fromtimestamp(0.5, UTC))


@pytest.mark.usefixtures("hasty")
def test_garbage_goes_at_the_next_look_and_what_stays_is_left_alone() -> None:
    """Each look goes through what is new alone: it costs nobody his time, however much is known."""
    kept = [[number] for number in range(10_000)]
    asyncio.run(looking(1, knots=100))

    assert Knot.freed == 100
    assert gc.get_freeze_count() > len(kept)
    assert gc.get_threshold()[2] == collector.NEVER


@pytest.mark.usefixtures("hasty")
def test_what_was_left_alone_and_is_garbage_now_goes_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else an outage of hours would fill the memory with what its requests left behind."""
    monkeypatch.setattr(collector, "ALL_EACH", 3)
    kept = [Knot() for _ in range(100)]
    gc.freeze()
    kept.clear()
    asyncio.run(looking(2))
    assert Knot.freed == 0

    asyncio.run(looking(3))
    assert Knot.freed == 100


def test_a_look_comes_in_the_middle_of_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """No fire time is near."""
    monkeypatch.setattr(collector, "SETTLED_SECONDS", 0.01)
    monkeypatch.setattr(collector, "EVERY_SECONDS", 0.01)
    times: list[float] = []
    collect = gc.collect

    def noted() -> int:
        times.append(clock.now().timestamp() % 1)
        return collect()

    monkeypatch.setattr(gc, "collect", noted)
    asyncio.run(looking(2))

    assert all(0.5 <= time < 0.75 for time in times)
