"""What comes to stay is not looked through again by the collector, which goes on with its work."""

import asyncio
import gc

from torchtask.engine.settling import settling


def test_what_came_meanwhile_is_left_alone_and_all_else_collected() -> None:
    """Also when what brings it fails."""

    async def check() -> None:
        before, kept = gc.get_freeze_count(), []
        try:
            with settling():
                kept += [[number] for number in range(1000)]
                assert not gc.isenabled()
                raise OSError  # noqa: TRY301 -- the API server went away
        except OSError:
            assert gc.isenabled()
            assert gc.get_freeze_count() >= before + len(kept)

    try:
        asyncio.run(check())
    finally:
        gc.unfreeze()
