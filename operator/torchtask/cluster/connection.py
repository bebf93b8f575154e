"""Where the API server is and how to be let in: the official client's configuration, put into aiohttp's terms.

Law: no event loop waits for a credential plugin, which may ask whom it likes: it runs in a thread, once for all who
wait for it. One that hangs is given up, and keeps neither the next one from being asked nor the process from its end.
"""

import asyncio
import os
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import aiohttp
from kubernetes import client, config

from torchtask import clock
from torchtask.cluster.errors import ApiError, ClusterError, NoAnswerError, NoClusterError
from torchtask.cluster.nesting import ShallowLines

SERVICE_HOST = "KUBERNETES_SERVICE_HOST"
NOTHING = "nothing,!nothing"  # the selector of objects that have a label and do not have it
PLUGIN_SECONDS = 10.0  # for which a credential plugin is waited for; it goes on
HUNG_SECONDS = 60.0  # after which one that goes on is given up, and asked again
MOST_HANGING = 3  # given up, and not at an end
FRESH_SECONDS = 1.0  # for which what a plugin may have told is not asked for again; the client renews it minutes early

T = TypeVar("T")


class _Apart(Generic[T]):
    """Work that is done in a thread; what it told is told again for `lasts` seconds from its begin."""

    def __init__(self, work: Callable[[], T], lasts: float) -> None:
        self._work, self._lasts = work, lasts
        self._under_way: Future[T] | None = None
        self._hanging: list[Future[T]] = []
        self._begun = 0.0

    async def result(self) -> T:
        """Wait for what it tells, and let it go on where nobody waits any more. Raises `TimeoutError`, and its own."""
        under_way, now = self._under_way, clock.monotonic()
        if under_way is None or (self._is_old(now) and self._is_given_up(under_way)):
            under_way, self._begun = Future[T](), now
            self._under_way = under_way
            threading.Thread(target=self._do, args=(under_way,), name="credentials", daemon=True).start()
        if under_way.done():
            return under_way.result()
        async with asyncio.timeout(PLUGIN_SECONDS):
            return await asyncio.shield(asyncio.wrap_future(under_way))

    def _is_old(self, now: float) -> bool:
        done = self._under_way is not None and self._under_way.done()
        return now - self._begun >= (self._lasts if done else HUNG_SECONDS)

    def _is_given_up(self, work: Future[T]) -> bool:
        """Give up work that hangs, unless so much does already that one more thread would help nobody."""
        if work.done():
            return True
        self._hanging = [one for one in self._hanging if not one.done()]
        if len(self._hanging) >= MOST_HANGING:
            return False
        self._hanging.append(work)
        return True

    def forget(self) -> None:
        """Tell nothing again of what was told."""
        self._under_way = None

    def _do(self, under_way: Future[T]) -> None:
        try:
            under_way.set_result(self._work())
        except Exception as error:  # noqa: BLE001 -- it is who waits for it that it concerns
            under_way.set_exception(error)


@dataclass(slots=True)
class Connection:
    """The server's URL, the TLS context, and who we are. The official client knows when a token is to be read anew.

    `slow`: the credentials are those of a kubeconfig, in which a plugin may be named that has to run first.
    """

    server: str
    tls: ssl.SSLContext | bool
    configuration: Any
    certificates: tuple[bytes, ...] = ()
    slow: bool = False
    _reading: _Apart[dict[str, str]] = field(init=False)
    _renewing: _Apart[None] = field(init=False)

    def __post_init__(self) -> None:
        self._reading, self._renewing = _Apart(self._headers, FRESH_SECONDS), _Apart(self._renew, 0.0)

    async def headers(self) -> dict[str, str]:
        """Return the credentials that are valid now; may read a file, or run the kubeconfig's credential plugin.

        Raises `NoAnswerError` when they cannot be had.
        """
        if not self.slow:
            return self._headers()
        try:
            return await self._reading.result()
        except TimeoutError as error:
            raise NoAnswerError("reading the credentials: the plugin takes its time") from error

    async def renew(self) -> None:
        """Read the credentials anew, since the server will not have them; what cannot be read stays as it is.

        The TLS context too, unless its files say what they said: each new one would need connections of its own.
        """
        with suppress(Exception):  # the client lets through whatever its parsers raise of a file that is half written
            await self._renewing.result()

    def _headers(self) -> dict[str, str]:
        try:
            bearer = self.configuration.auth_settings().get("BearerToken")
        except Exception as error:
            raise NoAnswerError(f"reading the credentials: {error!r}") from error
        return {bearer["key"]: bearer["value"]} if bearer and bearer["value"] else {}

    def _renew(self) -> None:
        configuration = _configuration()
        if _certificates(configuration) != self.certificates:
            self.tls, self.certificates = _tls(configuration), _certificates(configuration)
        self.configuration, self.slow = configuration, _is_slow(configuration)
        self._reading.forget()


def connect() -> Connection:
    """Read the Pod's service account, or else the kubeconfig (KUBECONFIG, current context).

    Raises `NoClusterError` when there is neither.
    """
    configuration = _configuration()
    tls, certificates = _tls(configuration), _certificates(configuration)
    return Connection(configuration.host.rstrip("/"), tls, configuration, certificates, _is_slow(configuration))


async def session(
    connection: Connection, path: str, heard: Callable[[str, ClusterError | None], None], listed: Callable[[], None]
) -> aiohttp.ClientSession:
    """Return a session with the credentials of this moment, in which every list of the collection at `path` is empty.

    No event is nested too deeply to be read. Who uses it is to watch, from the version of the list on: what exists
    already, others list. `heard(path, error)` is told how each request went, `listed()` of each list of that collection
    that was granted. Raises `NoAnswerError`.
    """

    async def harmless(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        is_watch = "watch" in request.url.query
        if request.url.path == path and not is_watch:
            request.url = request.url.update_query(labelSelector=NOTHING)
        response = await send(request)
        if is_watch:
            response.content = cast("aiohttp.StreamReader", ShallowLines(response.content))
        return response

    async def ended(_: object, __: object, told: aiohttp.TraceRequestEndParams) -> None:
        status, reason = told.response.status, told.response.reason or ""
        words = f"{told.method} {told.url.path}"
        heard(told.url.path, None if status < 400 else ApiError(status, reason, words))
        if status == 200 and told.url.path == path and "watch" not in told.url.query:
            listed()

    async def failed(session: aiohttp.ClientSession, _: object, told: aiohttp.TraceRequestExceptionParams) -> None:
        if session.closed or isinstance(told.exception, asyncio.CancelledError):
            return  # by who uses it, under this request: after a 401, which was told, or at the end
        heard(told.url.path, NoAnswerError(f"{told.method} {told.url.path}: {words_of(told.exception)}"))

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(ended)
    trace.on_request_exception.append(failed)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ssl=connection.tls),
        headers=await connection.headers(),
        middlewares=(harmless,),
        trace_configs=[trace],
    )


def words_of(error: BaseException) -> str:
    """Say why there was no connection, or no answer; aiohttp's own words tell of TLS contexts too."""
    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.strerror:
        return f"cannot connect to {error.host}:{error.port}: {error.os_error.strerror}"
    return str(error) or type(error).__name__


def _is_in_pod() -> bool:
    return SERVICE_HOST in os.environ and "KUBECONFIG" not in os.environ


def _is_slow(configuration: Any) -> bool:  # noqa: ANN401 -- the client ships no types
    """Tell whether there is a token that may have to be fetched; a Pod's is in a file."""
    return configuration.refresh_api_key_hook is not None and not _is_in_pod()


def _configuration() -> Any:  # noqa: ANN401 -- the client ships no types
    configuration: Any = client.Configuration()
    try:
        if _is_in_pod():
            config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        else:
            config.load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    except config.ConfigException as error:
        raise NoClusterError(str(error)) from error
    return configuration


def _certificates(configuration: Any) -> tuple[bytes, ...]:  # noqa: ANN401 -- the client ships no types
    """Return what a TLS context is made of."""
    files = (configuration.ssl_ca_cert, configuration.cert_file, configuration.key_file)
    return tuple(Path(file).read_bytes() if file else b"" for file in files)


def _tls(configuration: Any) -> ssl.SSLContext | bool:  # noqa: ANN401 -- the client ships no types
    if not configuration.host.startswith("https:"):
        return False
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
