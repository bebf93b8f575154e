"""The change feed of TorchTasks: kopf, watching in a thread and a loop of its own.

Of kopf only `on.event` is used: its other handlers write finalizers and annotations on users' objects. It may end at
any time (an ERROR in the stream, a cut line, refused credentials) and is started again. In a thread, because on its way
out it cancels every task of its loop that is younger than itself, and because it takes the loop's signal handlers.
"""

import asyncio
import contextlib
import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import kopf

from torchtask import clock
from torchtask.cluster.api import Document
from torchtask.cluster.connection import Connection
from torchtask.core import names

RESTART_SECONDS = 2
LOGIN_PAUSE_SECONDS = 1
SETTLE_SECONDS = 2
AWAY_SECONDS = 60
MOST_BACKOFF_SECONDS = 3

Told = Callable[[str | None, Document], None]

log = logging.getLogger(__name__)


class _Backoffs:
    """kopf iterates anew for every request, and gives up where the iterable ends: this one never does."""

    def __iter__(self) -> Iterator[float]:
        return itertools.chain((0.1, 0.5, 1.0, 2.0), itertools.repeat(MOST_BACKOFF_SECONDS))


class _NoDiffBase(kopf.DiffBaseStorage):
    """kopf keeps no snapshots on users' objects."""

    def fetch(self, **_: Any) -> None:  # noqa: ANN401 -- kopf's signature
        """Know nothing."""

    def store(self, **_: Any) -> None:  # noqa: ANN401 -- kopf's signature
        """Write nothing."""


class _NoProgress(kopf.ProgressStorage):
    """kopf keeps no progress on users' objects."""

    def fetch(self, **_: Any) -> None:  # noqa: ANN401 -- kopf's signature
        """Know nothing."""

    def store(self, **_: Any) -> None:  # noqa: ANN401 -- kopf's signature
        """Write nothing."""

    def purge(self, **_: Any) -> None:  # noqa: ANN401 -- kopf's signature
        """Remove nothing."""

    def touch(self, **_: Any) -> None:  # noqa: ANN401 -- kopf's signature
        """Touch nothing."""

    def clear(self, *, essence: Any) -> Any:  # noqa: ANN401 -- kopf's signature
        """Leave everything as it is."""
        return essence


class Feed:
    """Tells `told(type, document)` of every change, in the loop that made it, and `restarted()` after every gap."""

    def __init__(self, connection: Connection, told: Told, restarted: Callable[[], None]) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._told, self._restarted = told, restarted
        self._stop = threading.Event()
        self._watching = threading.Event()
        self._end_kopf: Callable[[], object] = lambda: None
        self._begun_time = clock.monotonic()
        self._thread = threading.Thread(target=self._run, name="kopf", daemon=True)

    def start(self) -> None:
        """Start watching."""
        self._thread.start()

    def stop(self) -> None:
        """Ask kopf to end; it is not waited for: it holds nothing that could be lost."""
        self._stop.set()
        with contextlib.suppress(RuntimeError):  # its loop is closed already
            self._end_kopf()

    def is_live(self) -> bool:
        """Tell whether kopf runs, or is being started again, be it in vain: only one that hangs is dead."""
        moving = self.is_watching() or clock.monotonic() - self._begun_time < AWAY_SECONDS
        return self._thread.is_alive() and moving

    def is_watching(self) -> bool:
        """Tell whether kopf runs; it may still be waiting for an API server that does not answer."""
        return self._watching.is_set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._begun_time = clock.monotonic()
            try:
                asyncio.run(self._watch())
            except Exception as error:  # noqa: BLE001 -- whatever ends kopf must not end the feed
                log.warning("the change feed ended and is started again: %r", error)
            self._stop.wait(RESTART_SECONDS)

    async def _watch(self) -> None:
        # An event of this loop: for one of the thread's kopf would wait in an executor, and its end would hang there.
        ended, loop = asyncio.Event(), asyncio.get_running_loop()
        self._end_kopf = partial(loop.call_soon_threadsafe, ended.set)
        if self._stop.is_set():
            return
        ready = asyncio.Event()
        sweeping = asyncio.create_task(self._sweep_once_watching(ready))
        registry = kopf.OperatorRegistry()
        kopf.on.event(names.GROUP, names.VERSION, names.PLURAL, registry=registry)(self._on_event)
        kopf.on.login(registry=registry)(self._login)
        identity: Any = names.MANAGED_BY  # kopf would ask for the user's name, and a Pod's user has only a number
        try:
            await kopf.operator(
                registry=registry,
                settings=_settings(),
                identity=identity,
                clusterwide=True,
                stop_flag=ended,
                ready_flag=ready,
            )
        finally:
            self._begun_time = clock.monotonic()
            self._watching.clear()
            sweeping.cancel()

    async def _sweep_once_watching(self, ready: asyncio.Event) -> None:
        """Deletions before kopf's own first list are reported by nobody: have the tasks listed again after it."""
        await ready.wait()
        self._watching.set()
        await asyncio.sleep(LOGIN_PAUSE_SECONDS + SETTLE_SECONDS)
        self._loop.call_soon_threadsafe(self._restarted)

    async def _on_event(self, event: Any, **_: Any) -> None:  # noqa: ANN401 -- kopf's signature
        self._loop.call_soon_threadsafe(self._told, event["type"], dict(event["object"]))

    async def _login(self, **_: Any) -> kopf.ConnectionInfo:  # noqa: ANN401 -- kopf's signature
        """Hand over our credentials; with a new expiration each time, as kopf never again tries those it saw fail."""
        await asyncio.sleep(LOGIN_PAUSE_SECONDS)
        configuration = self._connection.configuration
        scheme, token = (*self._connection.headers().get("authorization", "").split(" ", 1), "", "")[:2]
        return kopf.ConnectionInfo(
            server=self._connection.server,
            ca_path=configuration.ssl_ca_cert,
            insecure=not configuration.verify_ssl,
            certificate_path=configuration.cert_file,
            private_key_path=configuration.key_file,
            scheme=scheme or None,
            token=token or None,
            expiration=clock.now() + timedelta(minutes=5),
        )


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.peering.standalone = True
    settings.posting.enabled = False
    settings.persistence.diffbase_storage = _NoDiffBase()
    settings.persistence.progress_storage = _NoProgress()
    settings.queueing.idle_timeout = 0.1
    settings.watching.chunk_size = 500
    settings.watching.server_timeout = 25
    settings.watching.inactivity_timeout = 30
    settings.networking.error_backoffs = _Backoffs()
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 5
    settings.process.ultimate_exiting_timeout = None
    return settings
