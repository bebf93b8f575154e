"""One session to the API server: requests in, documents out, and errors of two kinds (`errors`).

The session is ours and not the official client's: its models drop fields that they do not know, and it blocks a thread.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import aiohttp

from torchtask.cluster.connection import Connection
from torchtask.cluster.errors import ApiError, NoAnswerError

TOTAL_SECONDS = 10
CONNECT_SECONDS = 5
MERGE_PATCH = "application/merge-patch+json"

Document = dict[str, Any]


class Api:
    """The API server. A context manager; every call raises `ApiError` or `NoAnswerError`, and nothing else."""

    def __init__(self, connection: Connection, connections: int = 64) -> None:
        self._connection = connection
        self._connector = aiohttp.TCPConnector(ssl=connection.tls, limit=0, limit_per_host=0, keepalive_timeout=25)
        self._session = aiohttp.ClientSession(connector=self._connector)
        self._room = asyncio.Semaphore(connections)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def get(self, path: str, **query: str) -> Document:
        """Read one object, or one page of a collection."""
        return await self._ask("GET", path, query=query)

    async def create(self, path: str, document: Mapping[str, Any], **query: str) -> Document:
        """Create an object in the collection at `path`."""
        return await self._ask("POST", path, document, query=query)

    async def merge(self, path: str, patch: Mapping[str, Any]) -> Document:
        """Apply a merge patch: None removes a field."""
        return await self._ask("PATCH", path, patch, media_type=MERGE_PATCH)

    async def delete(self, path: str, options: Mapping[str, Any]) -> Document:
        """Delete an object, under `DeleteOptions`."""
        return await self._ask("DELETE", path, options)

    async def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        media_type: str = "application/json",
    ) -> Document:
        data = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        async with self._room:
            try:
                async with self._session.request(
                    method,
                    self._connection.server + path,
                    params=query or {},
                    data=data,
                    headers={**self._connection.headers(), "Content-Type": media_type, "Accept": "application/json"},
                    timeout=aiohttp.ClientTimeout(total=TOTAL_SECONDS, connect=CONNECT_SECONDS),
                ) as response:
                    return _document(await response.read(), response)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise NoAnswerError(f"{method} {path}: {str(error) or type(error).__name__}") from error

    async def stream(self, path: str, silence_seconds: float, **query: str) -> AsyncIterator[bytes]:
        """Yield the lines of a watch as they come; ends when the server ends it, and after `silence_seconds`."""
        timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_read=silence_seconds)
        try:
            async with self._session.get(
                self._connection.server + path, params=query, headers=self._connection.headers(), timeout=timeout
            ) as response:
                if response.status != 200:
                    _document(await response.read(), response)
                rest = b""
                async for chunk in response.content.iter_any():
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines:
                        yield line
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NoAnswerError(f"WATCH {path}: {str(error) or type(error).__name__}") from error


def _document(body: bytes, response: aiohttp.ClientResponse) -> Document:
    """Read an answer; raises `ApiError` for a refusal, `NoAnswerError` for what is not Kubernetes' language."""
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if response.status >= 400:
        words = document if isinstance(document, dict) else {"message": body[:200].decode(errors="replace")}
        raise ApiError(
            response.status,
            str(words.get("reason") or response.reason or ""),
            str(words.get("message", "")),
            _seconds(response.headers.get("Retry-After")),
        )
    if not isinstance(document, dict):
        raise NoAnswerError(f"{response.method} {response.url.path}: the answer is no JSON object")
    return document


def _seconds(retry_after: str | None) -> float | None:
    with suppress(TypeError, ValueError):
        return max(0.0, float(retry_after or ""))
    return None
