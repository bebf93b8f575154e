"""A status writer for one task, and an API server that takes its statuses, or answers oddly on command."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from tests.edge.loopback import served, until
from tests.scenario import UID, a_task, document
from torchtask import clock
from torchtask.core.caps import Limits
from torchtask.engine.agenda import Agenda
from torchtask.engine.launches import Launches
from torchtask.engine.sight import Sight
from torchtask.engine.store import Tasks
from torchtask.engine.told import Told
from torchtask.engine.writer import Writer
from torchtask.settings import Settings


class Statuses:
    """An API server that takes statuses, but for the first `conflicts`; or gives another answer."""

    def __init__(self, status: int = 200, text: str = "", conflicts: int = 0) -> None:
        self.status, self.text, self.patches, self.conflicts = status, text, 0, conflicts
        self.patched = asyncio.Event()
        self.times: list[float] = []  # of the patches, monotonic

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a patch, or a look at the task."""
        if request.method == "PATCH":
            self.patches += 1
            self.times.append(clock.monotonic())
            self.patched.set()
            await asyncio.sleep(0.05)
        if self.text:
            return web.Response(status=self.status, text=self.text)
        answer = document() | {"reason": "NotFound"}
        answer["metadata"]["resourceVersion"] = str(self.patches + 1)
        conflict = request.method == "PATCH" and self.patches <= self.conflicts
        return web.json_response(answer, status=409 if conflict else self.status)


def for_ever() -> float:
    """Permit all."""
    return 60.0


async def written(
    server: Statuses,
    act: Callable[[Writer, Tasks], Awaitable[None]],
    permit: Callable[[], float] = for_ever,
    holds: Callable[[], bool] = lambda: True,
) -> Tasks:
    """Run a writer for one task that was just decided."""
    async with served(server.answer) as api:
        agenda, told = Agenda(), Told()
        sight = Sight(api, Settings(), agenda, agenda.drop, told.complaints)
        sight.tasks.changed(document())
        record = sight.tasks.get(UID)
        assert record is not None
        record.ledger = a_task().since("12:00:00").ledger
        launches = Launches(api, sight, agenda, Limits(), told)
        writer = Writer(api.lane(64, permit), sight, launches, agenda, told, holds)
        running = asyncio.create_task(writer.run())
        writer.want(UID)
        await until(lambda: server.patched.is_set() or permit() <= 0)
        await act(writer, sight.tasks)
        running.cancel()
        return sight.tasks
