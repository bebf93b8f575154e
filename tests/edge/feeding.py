"""A change feed that runs for a while, and who it tells."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.edge.loopback import Anybody, until
from tests.telling import Report
from torchtask.cluster.connection import Connection
from torchtask.engine import feed
from torchtask.engine.complaints import Complaint

NOWHERE = Connection("http://127.0.0.1:1", tls=False, configuration=Anybody)


class Taker:
    """Waits for a gap."""

    def __init__(self, swept: asyncio.Event) -> None:
        self._swept = swept

    def take(self, kind: str | None, document: dict[str, Any]) -> None:
        """Take an event."""

    def heard(self) -> None:
        """Take note."""

    def sweep(self) -> None:
        """Take note of a gap."""
        self._swept.set()


@asynccontextmanager
async def feeding(report: Complaint | Report, connection: Connection = NOWHERE) -> AsyncIterator[feed.Feed]:
    """Run a feed; it ends when it is to."""
    fed = feed.Feed(connection, Taker(asyncio.Event()), report)  # type: ignore[arg-type]
    fed.start()
    try:
        yield fed
    finally:
        fed.stop()
        await until(lambda: not fed._thread.is_alive())  # noqa: SLF001
