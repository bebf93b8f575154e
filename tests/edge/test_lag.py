"""What blocks the event loop is seen, whatever it is."""

import asyncio

from tests.edge.loopback import until
from torchtask.engine import lag


def test_a_loop_that_is_blocked_is_seen() -> None:
    """The delay is measured from outside of what is done."""

    async def block() -> list[float]:
        found: list[float] = []
        measuring = asyncio.create_task(lag.measure(found.append))
        await until(lambda: bool(found))
        begun = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() < begun + 0.2:
            pass
        count = len(found)
        await until(lambda: len(found) > count)
        measuring.cancel()
        return found

    assert max(asyncio.run(block())) > 0.1
