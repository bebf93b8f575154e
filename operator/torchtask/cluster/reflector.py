"""Keeps a listener in step with one collection: LIST, then WATCH, and from the start again after whatever goes wrong.

Law: whatever the server sends or does not send, the loop goes on, with at most `MOST_DELAY` between two attempts.
Law: what vanished during a gap is reported as gone: each LIST marks what exists, and the rest is swept.
"""

import asyncio
import json
import logging
import random
from collections.abc import AsyncIterator
from typing import Protocol

from torchtask import clock
from torchtask.cluster.api import Api, Document
from torchtask.cluster.errors import ApiError, NoAnswerError

PAGE = "500"
WATCH_SECONDS = "25"
SILENCE_SECONDS = 30
MOST_DELAY = 3.0
SHORT_SECONDS = 0.5  # a watch that ends sooner is not opened again at once

log = logging.getLogger(__name__)


class Listener(Protocol):
    """Who wants to know. `version` is the resourceVersion up to which everything has been told."""

    def changed(self, document: Document) -> None:
        """Take an object as it is now."""

    def gone(self, uid: str) -> None:
        """Forget an object."""

    def reached(self, version: int) -> None:
        """Take note that nothing up to `version` is still untold."""


async def pages(api: Api, path: str, **query: str) -> AsyncIterator[Document]:
    """Yield the pages of a collection, as of one moment."""
    token = ""
    while True:
        more = {"continue": token} if token else {}
        page = await api.get(path, limit=PAGE, **query, **more)
        yield page
        token = page["metadata"].get("continue") or ""
        if not token:
            return


class Reflector:
    """One collection, seen through LIST and WATCH. `fresh_time` is when it last heard from the server (monotonic)."""

    def __init__(self, api: Api, path: str, listener: Listener, **query: str) -> None:
        self._api, self._path, self._listener, self._query = api, path, listener, query
        self._known: set[str] = set()
        self.sighted = asyncio.Event()
        self.fresh_time = float("-inf")

    async def run(self) -> None:
        """Reflect for ever; ends only when cancelled."""
        delay = 0.1
        while True:
            try:
                version = await self._list()
                delay = 0.1
                while True:
                    begun = clock.monotonic()
                    version = await self._watch(version)
                    if clock.monotonic() - begun < SHORT_SECONDS:
                        await asyncio.sleep(SHORT_SECONDS)
            except Exception as error:  # noqa: BLE001 -- whatever the server sent, the law is to go on
                self.sighted.clear()
                log.warning("lost sight of %s, listing it again: %s", self._path, error)
            await asyncio.sleep(delay * random.uniform(0.5, 1))  # noqa: S311 -- jitter, not a secret
            delay = min(delay * 2, MOST_DELAY)

    async def _list(self) -> int:
        found: set[str] = set()
        version = 0
        async for page in pages(self._api, self._path, **self._query):
            version = int(page["metadata"]["resourceVersion"])
            for document in page["items"]:
                found.add(document["metadata"]["uid"])
                self._listener.changed(document)
        for uid in self._known - found:
            self._listener.gone(uid)
        self._known = found
        self._heard(version)
        return version

    def _heard(self, version: int) -> None:
        self.fresh_time = clock.monotonic()
        self._listener.reached(version)
        self.sighted.set()

    async def _watch(self, version: int) -> int:
        query = self._query | {"allowWatchBookmarks": "true", "timeoutSeconds": WATCH_SECONDS}
        lines = self._api.stream(self._path, SILENCE_SECONDS, watch="true", resourceVersion=str(version), **query)
        async for line in lines:
            version = self._tell(json.loads(line))
            self._heard(version)
        self.fresh_time = clock.monotonic()
        return version

    def _tell(self, event: Document) -> int:
        document = event["object"]
        if event["type"] == "ERROR":
            raise ApiError(document.get("code", 0), document.get("reason", ""), document.get("message", ""))
        metadata = document["metadata"]
        if event["type"] in {"ADDED", "MODIFIED"}:
            self._known.add(metadata["uid"])
            self._listener.changed(document)
        elif event["type"] == "DELETED":
            self._known.discard(metadata["uid"])
            self._listener.gone(metadata["uid"])
        elif event["type"] != "BOOKMARK":
            raise NoAnswerError(f"an event of the unknown type {event['type']!r}")
        return int(metadata["resourceVersion"])
