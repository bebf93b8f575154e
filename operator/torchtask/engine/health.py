"""What others ask: `/livez`, is the loop turning; `/readyz`, do tasks fire, or why not; `/metrics`, how much."""

from collections.abc import Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST


async def serve(
    port: int, ails: Callable[[], str], obstacle: Callable[[], str], numbers: Callable[[], bytes]
) -> web.AppRunner:
    """Serve all three on all addresses, IPv4 and IPv6; the caller cleans the runner up.

    `ails` and `obstacle` say what keeps the operator from being live, and ready; empty: nothing.
    """

    def answer(ask: Callable[[], str]) -> Callable[[web.Request], object]:
        async def handle(_: web.Request) -> web.Response:
            why_not = ask()
            return web.Response(status=503, text=f"no: {why_not}\n") if why_not else web.Response(text="ok\n")

        return handle

    async def tell(_: web.Request) -> web.Response:
        return web.Response(body=numbers(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    application = web.Application()
    application.router.add_get("/metrics", tell)
    application.router.add_get("/livez", answer(ails))  # type: ignore[arg-type]
    application.router.add_get("/readyz", answer(obstacle))  # type: ignore[arg-type]
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, port=port).start()
    return runner
