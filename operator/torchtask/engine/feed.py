"""The change feed of TorchTasks: kopf, watching in a thread and a loop of its own.

Of kopf only `on.event` is used: its other handlers write finalizers and annotations on users' objects. It may end at
any time (an ERROR in the stream, a cut line, refused credentials) and is started again. In a thread, because on its way
out it cancels every task of its loop that is younger than itself, and because it takes the loop's signal handlers.
It is shown no list: going through thousands of objects it would hold the interpreter for seconds, when everybody else
is in a hurry too. `sight` lists them, after kopf has begun to watch, so that nothing falls in between.
"""

import asyncio
import contextlib
import itertools
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

import kopf

from torchtask import clock
from torchtask.cluster import paths
from torchtask.cluster.api import Document
from torchtask.cluster.connection import Connection, session
from torchtask.cluster.errors import ClusterError, NoAnswerError
from torchtask.core import names
from torchtask.engine.complaints import Complaint

WATCH_SECONDS = 15  # less than what `sight` waits for: a watch that is granted is all it hears when nothing happens
RESTART_SECONDS = 1
SWITCH_SECONDS = 0.0005  # the operator's loop lets go of the interpreter at each request; Python's 5 ms would add up
LOGIN_PAUSE_SECONDS = 1
DEAF_SECONDS = 45  # without a watch that was granted: a request may take 30, and so may a watch that is silent
STUCK_SECONDS = 2 * DEAF_SECONDS
MOST_BACKOFF_SECONDS = 3


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

    def build(self, **_: Any) -> Any:  # noqa: ANN401 -- kopf's signature
        """Compare nothing: kopf would copy each object for that."""
        return {}


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


class Taker(Protocol):
    """Who is told, in the loop that made the feed."""

    def take(self, kind: str | None, document: Document) -> None:
        """Take an event."""

    def sweep(self) -> None:
        """There was a gap, and kopf watches again."""

    def heard(self) -> None:
        """The API server granted a watch or a list."""


class Feed:
    """Tells `taker` of every change."""

    def __init__(self, connection: Connection, taker: Taker, complaint: Complaint) -> None:
        self._connection, self._taker, self._complaint = connection, taker, complaint
        self._loop = asyncio.get_running_loop()
        self._stop = threading.Event()
        self._watching = threading.Event()
        self._end_kopf: Callable[[], object] = lambda: None
        self._moved_time = clock.monotonic()  # when kopf began, ended, or was granted a list or watch
        self._thread = threading.Thread(target=self._run, name="kopf", daemon=True)

    def start(self) -> None:
        """Start watching."""
        sys.setswitchinterval(SWITCH_SECONDS)
        self._thread.start()

    def stop(self) -> None:
        """Ask kopf to end; it is not waited for: it holds nothing that could be lost."""
        self._stop.set()
        self.begin_anew()

    def begin_anew(self) -> None:
        """End kopf, to have it look anew for what there is: it may have looked for a definition a moment too early."""
        with contextlib.suppress(RuntimeError):  # its loop is closed already
            self._end_kopf()

    def ails(self) -> str:
        """Say whether kopf hangs; empty: it watches, or is begun anew now and then, be it in vain."""
        moves = self._thread.is_alive() and clock.monotonic() - self._moved_time < STUCK_SECONDS
        return "" if moves else "the change feed hangs"

    def obstacle(self) -> str:
        """Say whether kopf was granted no list or watch since it began, as without a definition; empty: it was."""
        return "" if self._watching.is_set() else "no watch of TorchTasks was granted yet: are they defined?"

    def _run(self) -> None:
        while not self._stop.is_set():
            self._moved_time = clock.monotonic()
            try:
                asyncio.run(self._watch())
            except Exception as error:  # noqa: BLE001 -- whatever ends kopf must not end the feed
                self._call(self._complaint.failed, NoAnswerError(f"kopf ended, and begins anew: {error!r}"))
            self._stop.wait(RESTART_SECONDS)

    async def _watch(self) -> None:
        """Run kopf until it ends, or is ended by cancelling it.

        Not by a flag that stops it: when kopf ends of itself it would wait 5 s for whoever waits for that flag.
        """
        loop, registry = asyncio.get_running_loop(), kopf.OperatorRegistry()
        loop.set_exception_handler(self._left_behind)
        kopf.on.event(names.GROUP, names.VERSION, names.PLURAL, registry=registry)(self._on_event)
        kopf.on.login(registry=registry, backoff=LOGIN_PAUSE_SECONDS)(self._login)
        identity: Any = names.MANAGED_BY  # kopf would ask for the user's name, and a Pod's user has only a number
        minding = asyncio.create_task(self._mind())
        running = asyncio.create_task(
            kopf.operator(registry=registry, settings=_settings(), identity=identity, clusterwide=True)
        )
        self._end_kopf = partial(loop.call_soon_threadsafe, running.cancel)
        minding.add_done_callback(lambda _: running.cancel())
        if self._stop.is_set():
            running.cancel()
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await running
        finally:
            self._moved_time = clock.monotonic()
            self._watching.clear()
            minding.cancel()

    async def _mind(self) -> None:
        """Return when kopf was granted no watch of TorchTasks for long: then it is begun anew.

        It may be doing what a server told it, that wants to be left alone for an hour, or not know that there are any.
        """
        while (rest := self._moved_time + DEAF_SECONDS - clock.monotonic()) > 0:  # noqa: ASYNC110 -- for time to pass
            await asyncio.sleep(rest)
        self._call(self._complaint.failed, NoAnswerError("kopf was granted no watch, and begins anew"))

    def _left_behind(self, _: asyncio.AbstractEventLoop, told: dict[str, Any]) -> None:
        """Tell of a fault that kopf asked nobody for: when two of its watches fail at once, it asks one of them why."""
        self._call(self._complaint.failed, NoAnswerError(f"kopf: {told['message']}: {told.get('exception')!r}"))

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        """Call in the loop that made the feed, unless that one is over."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, *arguments)

    async def _on_event(self, event: Any, **_: Any) -> None:  # noqa: ANN401 -- kopf's signature
        self._call(self._taker.take, event["type"], dict(event["object"]))

    async def _login(self, **_: Any) -> kopf.AiohttpSession:  # noqa: ANN401 -- kopf's signature
        """Hand over a session with our credentials; a new one each time: kopf never again tries what it saw fail."""
        await asyncio.sleep(LOGIN_PAUSE_SECONDS)
        return kopf.AiohttpSession(
            server=self._connection.server,
            aiohttp_session=await session(
                self._connection, paths.TASKS, self._heard_of, partial(self._call, self._taker.sweep)
            ),
            expiration=clock.now() + timedelta(minutes=5),
        )

    def _heard_of(self, path: str, error: ClusterError | None) -> None:
        """Take note of how a request of kopf's went: a watch is opened anew after `WATCH_SECONDS`."""
        if error is not None:
            self._call(self._complaint.failed, error)
        elif path == paths.TASKS:
            self._moved_time = clock.monotonic()
            self._watching.set()
            self._call(self._complaint.well)
            self._call(self._taker.heard)


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.peering.standalone = True
    settings.posting.enabled = False
    settings.persistence.diffbase_storage = _NoDiffBase()
    settings.persistence.progress_storage = _NoProgress()
    settings.queueing.idle_timeout = 0.1
    settings.watching.chunk_size = 500
    settings.watching.server_timeout = WATCH_SECONDS
    settings.watching.inactivity_timeout = 30
    settings.networking.error_backoffs = _Backoffs()
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 5
    settings.process.ultimate_exiting_timeout = None
    return settings
