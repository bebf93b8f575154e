"""One session to the API server: requests in, documents out, and errors of two kinds (`errors`).

The session is ours and not the official client's: its models drop fields that they do not know, and it blocks a thread.
Law: nothing is written when the permit has run out, and no write outlasts it.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson

from torchtask import clock
from torchtask.cluster import nesting
from torchtask.cluster.connection import Connection, words_of
from torchtask.cluster.errors import ApiError, NoAnswerError, NotLeadingError, TooLargeError
from torchtask.cluster.exchange import Exchange, retry_after, skew
from torchtask.cluster.lines import MOST_BYTES, lines

TOTAL_SECONDS = 10.0
CONNECT_SECONDS = 5
IDLE_SECONDS = 75  # for which a connection is kept, for what fires each minute; the API server keeps it for 90
RENEWAL_SECONDS = 1.0  # between two readings of credentials that the server will not have
JSON, MERGE_PATCH = "application/json", "application/merge-patch+json"
METADATA = f"{JSON};as=PartialObjectMetadata;g=meta.k8s.io;v=v1,{JSON}"  # who wrote an object knows the rest of it

Document = dict[str, Any]


def _for_ever() -> float:
    return TOTAL_SECONDS


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    query: Mapping[str, str]
    data: bytes | None = None
    media_type: str = JSON


class Api:
    """The API server. A context manager; every call raises a `ClusterError`, and nothing else.

    `permit()` says for how many seconds from now anything may be written. `observe(exchange)` is told of every request.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        connections: int = 64,
        permit: Callable[[], float] = _for_ever,
        observe: Callable[[Exchange], None] = lambda _: None,
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        self._connection, self._permit, self._observe = connection, permit, observe
        self._session = session or aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, limit_per_host=0, keepalive_timeout=IDLE_SECONDS),
            headers={"Accept-Encoding": "identity"},  # to pack a list and unpack it takes longer than to send it
        )
        self._room = asyncio.Semaphore(connections)
        self._renewed = float("-inf")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    def lane(self, connections: int, permit: Callable[[], float] | None = None) -> "Api":
        """Return the same server with room of its own, so that nobody else's requests keep these waiting."""
        permit, session = permit or self._permit, self._session
        return Api(self._connection, connections=connections, permit=permit, observe=self._observe, session=session)

    async def get(self, path: str, **query: str) -> Document:
        """Read one object, or one page of a collection."""
        return await self._ask(_Request("GET", path, query))

    async def create(self, path: str, document: Mapping[str, Any], **query: str) -> Document:
        """Create an object in the collection at `path`; return its kind and metadata, and no more of it."""
        return await self._ask(_Request("POST", path, query, orjson.dumps(document)))

    async def merge(self, path: str, patch: Mapping[str, Any]) -> Document:
        """Apply a merge patch: None removes a field. Return the object's kind and metadata, and no more of it."""
        return await self._ask(_Request("PATCH", path, {}, orjson.dumps(patch), MERGE_PATCH))

    async def delete(self, path: str, options: Mapping[str, Any]) -> Document:
        """Delete an object, under `DeleteOptions`."""
        return await self._ask(_Request("DELETE", path, {}, orjson.dumps(options)))

    async def _ask(self, request: _Request) -> Document:
        async with self._room:
            headers = await self._connection.headers()  # before the permit is looked at: it may take a while
            seconds = TOTAL_SECONDS
            if request.method != "GET" and (seconds := min(seconds, self._permit())) <= 0:
                raise NotLeadingError(f"{request.method} {request.path}: not the leader")
            sent, begun = clock.now(), clock.monotonic()
            try:
                async with self._session.request(
                    request.method,
                    self._connection.server + request.path,
                    params=request.query,
                    data=request.data,
                    headers=headers
                    | {"Content-Type": request.media_type, "Accept": JSON if request.method == "GET" else METADATA},
                    timeout=aiohttp.ClientTimeout(total=seconds, connect=min(CONNECT_SECONDS, seconds)),
                    ssl=self._connection.tls,
                ) as response:
                    body = await _body(response)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                self._observe(Exchange(request.method, request.path, None, clock.monotonic() - begun))
                await self._unanswered(error)
                raise NoAnswerError(f"{request.method} {request.path}: {words_of(error)}") from error
            await self._answered(request, response, sent, begun)
            return await _document(body, response)

    async def _answered(
        self, request: _Request, response: aiohttp.ClientResponse, sent: datetime, begun: float
    ) -> None:
        now = clock.monotonic()
        apart = skew(response.headers, sent, clock.now())
        self._observe(Exchange(request.method, request.path, response.status, now - begun, apart))
        if response.status == 401:
            await self._renew()

    async def _unanswered(self, error: Exception) -> None:
        """Read the authority anew that the server's certificate is not of: it may have been replaced."""
        if isinstance(error, aiohttp.ClientSSLError):
            await self._renew()

    async def _renew(self) -> None:
        if clock.monotonic() - self._renewed >= RENEWAL_SECONDS:
            self._renewed = clock.monotonic()
            await self._connection.renew()

    async def stream(self, path: str, silence_seconds: float, **query: str) -> AsyncGenerator[bytes, None]:
        """Yield the lines of a watch as they come; ends when the server ends it, and after `silence_seconds`."""
        timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_read=silence_seconds)
        request = _Request("WATCH", path, query)
        headers = await self._connection.headers()
        sent, begun = clock.now(), clock.monotonic()
        try:
            async with self._session.get(
                self._connection.server + path,
                params=query,
                headers=headers,
                timeout=timeout,
                ssl=self._connection.tls,
            ) as response:
                await self._answered(request, response, sent, begun)
                if response.status != 200:
                    await _document(await response.read(), response)
                async for line in lines(response.content.iter_any(), f"WATCH {path}"):
                    if line.endswith(b"\n"):  # else it was cut, and is told again
                        yield line
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            await self._unanswered(error)
            raise NoAnswerError(f"WATCH {path}: {words_of(error)}") from error


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """Read an answer; raises `TooLargeError` for more than may be taken."""
    if (response.content_length or MOST_BYTES) < MOST_BYTES:
        return await response.read()
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MOST_BYTES:
            raise TooLargeError(f"{response.method} {response.url.path}: an answer of more than {MOST_BYTES:,} bytes")
    return bytes(body)


async def _document(body: bytes, response: aiohttp.ClientResponse) -> Document:
    """Read an answer; raises `ApiError` for a refusal, `NoAnswerError` for what is not Kubernetes' language."""
    document = None
    with suppress(ValueError):
        document = await nesting.read(body)
    if response.status >= 400:
        words = document if isinstance(document, dict) else {"message": body[:200].decode(errors="replace")}
        raise ApiError(
            response.status,
            str(words.get("reason") or response.reason or ""),
            str(words.get("message", "")),
            retry_after(response.headers, clock.now()),
        )
    if not isinstance(document, dict):
        raise NoAnswerError(f"{response.method} {response.url.path}: the answer is no JSON object")
    return document
