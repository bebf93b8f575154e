"""Keeps a listener in step with one collection: LIST, then WATCH, and from the start again after whatever goes wrong.

Law: whatever the server sends or does not send, the loop goes on, with at most `MOST_DELAY` between two attempts.
Law: what vanished during a gap is reported as gone: each LIST marks what exists, and the rest is swept.
Law: a server that keeps an event to itself is not believed for long: now and then all is listed beside the watch.
"""

import asyncio
import random
from collections import deque
from contextlib import aclosing

from torchtask import clock
from torchtask.cluster import nesting
from torchtask.cluster.api import Api, Document
from torchtask.cluster.errors import ApiError, NoAnswerError, pause_after
from torchtask.cluster.listener import Listener, Report
from torchtask.cluster.pages import Turn, at_once, let_others, pages
from torchtask.cluster.trust import Trust

WATCH_SECONDS = "25"
SILENCE_SECONDS = 30
LEAST_DELAY, MOST_DELAY = 0.1, 3.0
LASTING_SECONDS = 10.0  # what held for so long is tried again at once
SHORT_SECONDS = 0.5  # a watch that ends sooner is not opened again at once
GONE_LATELY = 1000  # objects that may be gone before the answer to their creation was read
RELIST_SECONDS = 300.0  # between the end of a list and the next one


class Reflector:
    """One collection, seen through LIST and WATCH. `fresh_time` is when it last heard from the server (monotonic).

    Before each event is told `turn` is waited for, and `leisure` before each page of a list that nobody waits for.
    """

    def __init__(
        self,
        api: Api,
        path: str,
        listener: Listener,
        report: Report,
        turn: Turn = at_once,
        leisure: Turn = at_once,
        **query: str,
    ) -> None:
        self._api, self._path, self._listener, self._query = api, path, listener, query
        self._report, self._turn, self._leisure = report, turn, leisure
        self._known: dict[str, int] = {}  # by UID, the version in which it was seen last
        self._in_part: set[str] = set()  # those of which only an answer told so far
        self._gone_lately: deque[str] = deque(maxlen=GONE_LATELY)
        self._gone_meanwhile: set[str] | None = None  # while all is listed beside the watch
        self._trust = Trust()
        self._version = self._listed = 0
        self._anew = asyncio.Event()
        self.sighted = asyncio.Event()
        self.fresh_time = float("-inf")

    async def run(self) -> None:
        """Reflect for ever; ends only when cancelled."""
        delay = LEAST_DELAY
        while True:
            begun, pause = clock.monotonic(), 0.0
            self._anew.clear()
            try:
                await self._reflect()
                continue
            except Exception as error:  # noqa: BLE001 -- whatever the server sent, the law is to go on
                self._lost(error)
                pause = pause_after(error)
            if clock.monotonic() - begun > LASTING_SECONDS:  # else list and watch would take turns without a pause
                delay = LEAST_DELAY
            await asyncio.sleep(max(pause, delay * random.uniform(0.5, 1)))  # noqa: S311 -- jitter, not a secret
            delay = min(delay * 2, MOST_DELAY)

    def begin_anew(self) -> None:
        """Be out of sight until the collection was listed once more."""
        self.sighted.clear()
        self._anew.set()

    def learned(self, document: Document) -> None:
        """Take an object as an answer shows it, unless it was told: a watch may be late, or keep it to itself."""
        uid, version = document["metadata"]["uid"], int(document["metadata"]["resourceVersion"])
        passed_over = version > self._listed and uid not in self._known and uid not in self._gone_lately
        if version > self._known.get(uid, 0) and (version > self._version or passed_over):
            self._changed(document, version)
            self._in_part.add(uid)

    async def _reflect(self) -> None:
        """List, then watch, until something goes wrong or all is to begin anew."""
        works = [asyncio.ensure_future(work) for work in (self._follow(), self._check(), self._anew.wait())]
        try:
            await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
            for work in works:
                if work.done():
                    work.result()
        finally:
            for work in works:
                work.cancel()
            del works, work  # an error refers to this frame, and the frame would to it

    async def _follow(self) -> None:
        version = await self._list()
        while True:
            begun = clock.monotonic()
            version = await self._watch(version)
            if clock.monotonic() - begun < SHORT_SECONDS:
                await asyncio.sleep(SHORT_SECONDS)

    async def _check(self) -> None:
        while True:
            await self.sighted.wait()
            await asyncio.sleep(RELIST_SECONDS)
            await self._look_again()

    async def _look_again(self) -> None:
        """List all beside the watch, which goes on: what it did not tell comes to light."""
        self._gone_meanwhile = set()
        try:
            found, version = await self._go_through(self._leisure)
        finally:
            self._gone_meanwhile = None
        self._sweep(found, version)

    def _lost(self, error: Exception) -> None:
        self.sighted.clear()
        self._report.failed(error)

    async def _list(self) -> int:
        found, version = await self._go_through(at_once)
        self._sweep(found, max(version, self._version))
        self._report.well()
        self._listed = version
        self._heard(version)
        return version

    async def _go_through(self, turn: Turn) -> tuple[set[str], int]:
        """Take what a list shows; return whom it shows, and its version."""
        found, told, version = set[str](), self._version, 0
        async for page in pages(self._api, self._path, turn, **self._query):
            version = int(page["metadata"]["resourceVersion"])
            self._trust.admits(version, told)
            if self._listed and self._gone_meanwhile is None:  # it may take long, and nothing else is heard meanwhile
                self.fresh_time = clock.monotonic()
            found.update(document["metadata"]["uid"] for document in page["items"])
            await self._compare(page["items"])
        return found, version

    def _sweep(self, found: set[str], version: int) -> None:
        """Let go of what a list did not show, unless it was told or learned since."""
        for uid in [u for u, seen in self._known.items() if u not in found and seen <= version]:
            self._gone(uid)

    async def _compare(self, documents: list[Document]) -> None:
        """Take objects of a list; of most of them it was told before."""
        news = 0
        for document in documents:
            uid, version = document["metadata"]["uid"], int(document["metadata"]["resourceVersion"])
            if self._is_news(uid, version):
                self._changed(document, version)
                news += 1
                await let_others(news)

    def _is_news(self, uid: str, version: int) -> bool:
        """Tell whether an object of a list is not known like that, and the watch has not told what came after."""
        known, gone = self._known.get(uid), self._gone_meanwhile
        if gone is not None and (uid in gone or (known is not None and known > version)):
            return False
        return known != version or uid in self._in_part

    def _heard(self, version: int) -> None:
        self.fresh_time, self._version = clock.monotonic(), version
        self._listener.reached(version)
        if not self._anew.is_set():  # else it is what is about to end that was heard
            self.sighted.set()

    async def _watch(self, version: int) -> int:
        query = self._query | {"allowWatchBookmarks": "true", "timeoutSeconds": WATCH_SECONDS}
        stream = self._api.stream(self._path, SILENCE_SECONDS, watch="true", resourceVersion=str(version), **query)
        told = 0
        async with aclosing(stream) as lines:
            async for line in lines:
                await self._turn()
                version = self._tell(*await _event(line))
                self._heard(version)
                told += 1
                await let_others(told)  # many may have come at once
        self.fresh_time = clock.monotonic()
        return version

    def _tell(self, kind: str, document: Document, version: int) -> int:
        if kind in {"ADDED", "MODIFIED"}:
            if version >= self._known.get(document["metadata"]["uid"], 0):  # else a list has shown what came after
                self._changed(document, version)
        elif kind == "DELETED":
            self._gone(document["metadata"]["uid"])
        elif kind != "BOOKMARK":
            raise NoAnswerError(f"an event of the unknown type {kind!r}")
        return version

    def _changed(self, document: Document, version: int) -> None:
        self._listener.changed(document)
        self._known[document["metadata"]["uid"]] = version
        self._in_part.discard(document["metadata"]["uid"])

    def _gone(self, uid: str) -> None:
        self._in_part.discard(uid)
        if self._known.pop(uid, None) is not None:
            self._gone_lately.append(uid)
        if self._gone_meanwhile is not None:
            self._gone_meanwhile.add(uid)
        self._listener.gone(uid)


async def _event(line: bytes) -> tuple[str, Document, int]:
    """Read an event's type, object and version; raises ApiError for an ERROR, NoAnswerError for what is no event."""
    try:
        event = await nesting.read(line)
        kind, document = event["type"], event["object"]
        if kind != "ERROR":
            return kind, document, int(document["metadata"]["resourceVersion"])
        refusal = ApiError(document.get("code", 0), document.get("reason", ""), document.get("message", ""))
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise NoAnswerError(f"no event of a watch: {line[:200]!r}") from error
    raise refusal
