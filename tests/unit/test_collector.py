"""What comes in is not looked through by the collector meanwhile, what stays never again; it goes on with its work."""

import asyncio
import gc

import pytest

from torchtask import collector


def test_nothing_is_collected_while_anybody_takes_in_a_list() -> None:
    """Lists overlap, and one may fail: the last of them lets the collector go on."""
    with collector.resting():
        try:
            with collector.resting():
                raise OSError  # noqa: TRY301 -- the API server went away
        except OSError:
            assert not gc.isenabled()
    assert gc.isenabled()


def test_what_came_to_stay_is_left_alone_once_it_has_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it has its lasting form nothing is collected at all."""
    monkeypatch.setattr(collector, "SETTLED_SECONDS", 0.05)

    async def check() -> None:
        before, kept = gc.get_freeze_count(), []
        with collector.settling():
            kept += [[number] for number in range(1000)]
        assert not gc.isenabled()
        async with asyncio.timeout(10):
            while not gc.isenabled():  # noqa: ASYNC110 -- the collector has no event to wait for
                await asyncio.sleep(0.01)
        assert gc.get_freeze_count() >= before + len(kept)

    try:
        asyncio.run(check())
    finally:
        gc.unfreeze()


def test_what_fails_leaves_the_collector_on_and_its_garbage_to_it() -> None:
    """An API server that is away is tried each second, for hours."""

    async def check() -> None:
        before = gc.get_freeze_count()
        for _ in range(3):
            with pytest.raises(OSError, match="away"), collector.settling():
                raise OSError("the API server went away")
            assert gc.isenabled()
        assert gc.get_freeze_count() == before

    asyncio.run(check())
