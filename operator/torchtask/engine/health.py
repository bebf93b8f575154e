"""What others ask: `/livez`, is the loop turning; `/readyz`, does the operator see and fire; `/metrics`, how much."""

from collections.abc import Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST


async def serve(
    port: int, live: Callable[[], bool], ready: Callable[[], bool], numbers: Callable[[], bytes]
) -> web.AppRunner:
    """Serve all three on all addresses, IPv4 and IPv6; the caller cleans the runner up."""

    def answer(check: Callable[[], bool]) -> Callable[[web.Request], object]:
        async def handle(_: web.Request) -> web.Response:
            return web.Response(text="ok\n") if check() else web.Response(status=503, text="no\n")

        return handle

    async def tell(_: web.Request) -> web.Response:
        return web.Response(body=numbers(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    application = web.Application()
    application.router.add_get("/metrics", tell)
    application.router.add_get("/livez", answer(live))  # type: ignore[arg-type]
    application.router.add_get("/readyz", answer(ready))  # type: ignore[arg-type]
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, port=port).start()
    return runner
