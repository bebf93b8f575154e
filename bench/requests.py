"""Requests to a lab's API server, over many connections, with as little of our own cost as Python allows.

Bodies are written before, answers are read and not parsed: what is measured is the server.
"""

import asyncio
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from lab.site import load
from torchtask import clock


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `body` is JSON."""

    method: str
    path: str
    body: bytes = b""

    def text(self, token: str = "") -> bytes:
        """Write it as HTTP/1.1 wants it."""
        kind = "application/merge-patch+json" if self.method == "PATCH" else "application/json"
        head = (
            f"{self.method} {self.path} HTTP/1.1",
            "Host: lab",
            f"Content-Type: {kind}",
            f"Content-Length: {len(self.body)}",
            *([f"Authorization: Bearer {token}"] if token else []),
        )
        return "\r\n".join((*head, "", "")).encode() + self.body


class RefusedError(Exception):
    """The API server did not do what it was asked for."""


async def send(
    lab: str, requests: Iterable[Request], connections: int = 64, begin: datetime | None = None, token: str = ""
) -> float:
    """Send all requests from `begin` on, each when a connection is free; return how many were done a second.

    As whom the token is of, or else as the lab's admin. Raises RefusedError with the first answer that is a refusal.
    """
    waiting = [request.text(token) for request in requests]
    count, server = len(waiting), _Server(lab, as_admin=not token)
    waiting.reverse()
    streams = await asyncio.gather(*(server.connect() for _ in range(min(connections, count))))
    if begin:
        await asyncio.sleep((begin - clock.now()).total_seconds())
    begun = clock.monotonic()
    await asyncio.gather(*(_serve(reader, writer, waiting) for reader, writer in streams))
    seconds = clock.monotonic() - begun
    for _, writer in streams:
        writer.close()
    return count / seconds


class _Server:
    def __init__(self, lab: str, *, as_admin: bool) -> None:
        site = load(lab)
        if site is None:
            raise RefusedError(f"lab {lab} is not up")
        self._port = site.api_port
        self._tls = ssl.create_default_context(cafile=str(site.pki / "ca.crt"))
        if as_admin:
            self._tls.load_cert_chain(site.pki / "admin.crt", site.pki / "admin.key")

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self._port, ssl=self._tls)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, waiting: list[bytes]) -> None:
    while waiting:
        writer.write(waiting.pop())
        head = await reader.readuntil(b"\r\n\r\n")
        body = await _body(reader, head)
        if not head.startswith(b"HTTP/1.1 2"):
            raise RefusedError(body[:500].decode(errors="replace"))


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    length = _header(head, b"\r\nContent-Length: ")
    if length is not None:
        return await reader.readexactly(int(length))
    chunks: list[bytes] = []
    while size := int(await reader.readline(), 16):
        chunks.append((await reader.readexactly(size + 2))[:-2])
    await reader.readline()
    return b"".join(chunks)


def _header(head: bytes, name: bytes) -> bytes | None:
    _, found, rest = head.partition(name)
    return rest.partition(b"\r\n")[0] if found else None
