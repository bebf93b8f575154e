"""The sockets of the proxy: doors that open and shut, and connections that break."""

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable

from aiohttp import web

from tests.faults.answers import BrokenOffError

_HOST = "127.0.0.1"
_LINGER_NOT = struct.pack("ii", 1, 0)  # a socket that is closed so sends RST instead of FIN
_ON_ITS_WAY_SECONDS = 0.02
_MOST_BYTES = 64 * 2**20

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Door:
    """A listener for one operator, and its connections."""

    def __init__(self, handle: Handle, identity: ssl.SSLContext | None) -> None:
        application = web.Application(client_max_size=_MOST_BYTES)
        application.router.add_route("*", "/{path:.*}", handle)
        self._runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        self._identity = identity
        self._site: web.TCPSite | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{'https' if self._identity else 'http'}://{_HOST}:{self.port}"

    async def open(self, port: int) -> None:
        """Listen, on this port or (0) on any that is free."""
        if not self._runner.server:
            await self._runner.setup()
        self._site = web.TCPSite(self._runner, _HOST, port, ssl_context=self._identity)
        await self._site.start()
        self.port = self._runner.addresses[0][1]

    async def shut(self) -> None:
        """Refuse connections from now on, and reset those there are."""
        if self._site:
            await self._site.stop()
            self._site = None
        self.reset()

    def reset(self) -> None:
        """Reset the connections there are."""
        for connection in self._runner.server.connections if self._runner.server else ():
            _reset(connection.transport)

    async def close(self) -> None:
        """Let go of everything."""
        await self.shut()
        await self._runner.cleanup()


async def break_off(
    request: web.Request, error: BrokenOffError, response: web.StreamResponse | None = None
) -> web.StreamResponse:
    """Say the error's part, and end the connection as it says."""
    if error.of:
        response = web.StreamResponse(status=error.of.status, headers=error.of.headers)
        response.content_length = len(error.of.body)
        await response.prepare(request)
    if response and error.part:
        await response.write(error.part)
    if response and error.clean:
        await response.write_eof()
        return response
    if error.part:
        await asyncio.sleep(_ON_ITS_WAY_SECONDS)
    _reset(request.transport)
    return response or web.Response()


def _reset(transport: asyncio.BaseTransport | None) -> None:
    if isinstance(transport, asyncio.Transport):
        end = transport.get_extra_info("socket")
        if end is not None:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        transport.abort()
