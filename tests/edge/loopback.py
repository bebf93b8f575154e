"""An API server of our own making on loopback, to misbehave on command."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from torchtask.cluster.api import Api
from torchtask.cluster.connection import Connection

EARLY = 0.002  # seconds by which a timer of the event loop may be
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def until(met: Callable[[], bool]) -> None:
    """Wait for what nobody tells, as what happens in another thread."""
    async with asyncio.timeout(10):
        while not met():  # noqa: ASYNC110 -- see above
            await asyncio.sleep(0.001)


def paced(times: Sequence[float], since: float, at_once: int, per_second: int) -> bool:
    """Tell whether so many at once were followed by as many only when those had rested, all of them after `since`."""
    rest = at_once / per_second
    return all(time - since >= number // at_once * rest - EARLY for number, time in enumerate(times))


class Anybody:
    """The configuration of somebody who needs no credentials."""

    @staticmethod
    def auth_settings() -> dict[str, Any]:
        """Have none."""
        return {}


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[Api]:
    """Serve on loopback, and give an API that speaks to it."""
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", handler)
    runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        async with Api(Connection(f"http://127.0.0.1:{port}", tls=False, configuration=Anybody)) as api:
            yield api
    finally:
        await runner.cleanup()
