"""What the operator sees of the TorchTasks: the changes that are fed to it, and lists of all.

They are listed at a start, after a gap in the feed, when it is silent, and now and then.

Law: whatever the server sends or does not send, they are listed again.
Law: nothing is taken of a list that was begun before we took over (L10).
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus

from torchtask import clock
from torchtask.cluster import paths
from torchtask.cluster.api import Api, Document
from torchtask.cluster.errors import ApiError, pause_after
from torchtask.cluster.pages import Turn, at_once, let_others, pages
from torchtask.cluster.trust import Trust
from torchtask.engine.agenda import Agenda
from torchtask.engine.complaints import Complaints
from torchtask.engine.store import Tasks
from torchtask.settings import Settings

SWEEP_SECONDS = 300
SOON_SECONDS = 1.0
UNHEARD_SECONDS = 20  # of the change feed: then the tasks are listed meanwhile, so as not to go blind


class TaskSight:
    """Keeps `tasks` in step with the cluster. `listed()` is called when all were seen, also since we took over.

    `forgotten(uid)` is called when one is gone. `heard_time` is when something was heard of them last (monotonic).
    """

    def __init__(
        self,
        api: Api,
        chosen: Settings,
        agenda: Agenda,
        forgotten: Callable[[str], None],
        listed: Callable[[], None],
        complaints: Complaints,
    ) -> None:
        self._api, self._calm, self._listed, self._trust = api, agenda.hurry.calm, listed, Trust()
        self._complaint = complaints.about("listing the TorchTasks")
        self._reading = complaints.about("reading a TorchTask")
        self.tasks = Tasks(chosen, agenda.wake, forgotten, self._reading)
        self._wanted = asyncio.Event()
        self._version = self._times_begun = 0
        self._absent = False
        self.are_listed = False
        self.heard_time = float("-inf")
        self.served_again: Callable[[], None] = lambda: None
        """Called when the definition of TorchTasks is served again, having been away."""

    def take(self, kind: str | None, document: Document) -> None:
        """Take an event of the change feed; one that cannot be taken keeps no other from being seen."""
        try:
            if kind == "DELETED":
                self.tasks.gone(document["metadata"]["uid"])
            else:
                self.tasks.changed(document)
        except Exception as error:  # noqa: BLE001 -- see above
            self._reading.failed(error)

    def heard(self) -> None:
        """Take note that the change feed is connected at this moment."""
        self.heard_time = clock.monotonic()

    def sweep(self) -> None:
        """List them soon: there was a gap, and deletions during it are not reported."""
        self._wanted.set()

    def begin_anew(self) -> None:
        """Forget what was decided, and count on nothing that was listed until now."""
        self.tasks.begin_anew()
        self._times_begun += 1
        self.are_listed = False
        self.sweep()

    async def run(self) -> None:
        """List for ever."""
        is_urgent = True
        while True:
            self._wanted.clear()
            try:
                await self.go_through(at_once if is_urgent else self.leisure)
                self._complaint.well()
                if self._absent:
                    self._absent = False
                    self.served_again()
                is_urgent = await self._wait()
            except Exception as error:  # noqa: BLE001 -- see the law
                self._complaint.failed(error)
                self._absent = self._absent or (isinstance(error, ApiError) and error.status == HTTPStatus.NOT_FOUND)
                is_urgent = True
                await asyncio.sleep(max(SOON_SECONDS, pause_after(error)))

    async def go_through(self, turn: Turn) -> None:
        """List them once; `turn` is waited for before each page."""
        begun, times_begun = clock.monotonic(), self._times_begun
        self.tasks.begin_list()
        found, version = set[str](), 0
        async for page in pages(self._api, paths.TASKS, turn):
            version = int(page["metadata"]["resourceVersion"])
            if not self._trust.admits(version, self._version):
                self.tasks.forget_versions()
            self._version = version
            for number, document in enumerate(page["items"], start=1):
                if times_begun != self._times_begun:
                    return
                found.add(document["metadata"]["uid"])
                self.take("LISTED", document)
                await let_others(number)
        self.tasks.sweep(found, version)
        self.heard_time = max(self.heard_time, begun)
        if not self.are_listed and times_begun == self._times_begun:
            self.are_listed = True
            self._listed()

    async def leisure(self) -> None:
        """Take time before the next page of a list that nobody waits for."""
        if not self._is_urgent():
            await self._calm.leisure()

    async def _wait(self) -> bool:
        """Wait until the tasks are to be listed again; tell whether it is urgent: there was a gap, or silence."""
        until = clock.monotonic() + SWEEP_SECONDS
        while not self._is_urgent() and clock.monotonic() < until:
            with suppress(TimeoutError):
                async with asyncio.timeout(SOON_SECONDS):
                    await self._wanted.wait()
        return self._is_urgent()

    def _is_urgent(self) -> bool:
        return self._wanted.is_set() or clock.monotonic() - self.heard_time >= UNHEARD_SECONDS
