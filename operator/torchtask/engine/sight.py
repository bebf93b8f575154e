"""What the operator sees of the cluster: all TorchTasks, Jobs and Nodes, and the hold; and whether it sees them."""

import asyncio
import logging
from collections.abc import Callable, Collection
from enum import Enum
from functools import partial

from torchtask import clock
from torchtask.cluster import paths
from torchtask.cluster.api import Api, Document
from torchtask.cluster.reflector import Reflector, pages
from torchtask.core import hold, names
from torchtask.core.nodes import Node
from torchtask.engine.hold import CurrentHold
from torchtask.engine.nodes import Nodes
from torchtask.engine.runs import Runs
from torchtask.engine.store import Tasks

SWEEP_SECONDS = 300
BLIND_SECONDS = 30

log = logging.getLogger(__name__)


class News(Enum):
    """What many tasks depend on, and changed."""

    HOLD = "hold"  # all tasks; also that it is known at all
    NODES = "nodes"  # those that name nodes, or run on each


class Sight:
    """Keeps the stores in step with the cluster. `tell` is called when what many tasks depend on is another."""

    def __init__(self, api: Api, namespace: str, tasks: Tasks, runs: Runs, tell: Callable[[News], None]) -> None:
        self._api, self._tasks, self._tell = api, tasks, tell
        self._hold, self._nodes = CurrentHold(partial(tell, News.HOLD)), Nodes(partial(tell, News.NODES))
        self._jobs = Reflector(api, paths.JOBS, runs, labelSelector=names.TASK_UID_LABEL)
        self._node_watch = Reflector(api, paths.NODES, self._nodes)
        selector = f"metadata.name={hold.CONFIG_MAP}"
        self._hold_watch = Reflector(api, paths.config_maps(namespace), self._hold, fieldSelector=selector)
        self._listed, self._sweep_wanted, self._holds_known = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        """Look for ever."""
        async with asyncio.TaskGroup() as group:
            for work in (self._jobs.run(), self._node_watch.run(), self._hold_watch.run(), self._list_tasks()):
                group.create_task(work)
            group.create_task(self._learn_of_holds())

    @property
    def nodes(self) -> Collection[Node] | None:
        """The nodes; None while they are out of sight."""
        return self._nodes.all if self._node_watch.sighted.is_set() else None

    def held(self, namespace: str) -> str | None:
        """Say why launches are held in a namespace; None when they are not."""
        current = self._hold.current
        return current.reason if current.covers(namespace) else None

    def holds(self, namespace: str) -> bool:
        """Tell whether launches are held in a namespace."""
        return self.held(namespace) is not None

    def is_clear(self) -> bool:
        """Tell whether enough is seen to decide: all tasks and Jobs, and whether there is a hold."""
        return self._listed.is_set() and self._jobs.sighted.is_set() and self._holds_known.is_set()

    def is_fresh(self) -> bool:
        """Tell whether the Jobs were seen a moment ago."""
        return self.is_clear() and clock.monotonic() - self._jobs.fresh_time < BLIND_SECONDS

    def take(self, document: Document) -> None:
        """Take a TorchTask as it is now; one that cannot be taken keeps no other from being seen."""
        try:
            self._tasks.changed(document)
        except Exception:
            log.exception("taking a TorchTask")

    def sweep(self) -> None:
        """List the TorchTasks soon: there was a gap, and deletions during it are not reported."""
        self._sweep_wanted.set()

    async def _learn_of_holds(self) -> None:
        """A hold is known once it was looked for; later, while it is out of sight, what was known stands."""
        await self._hold_watch.sighted.wait()
        self._holds_known.set()
        self._tell(News.HOLD)

    async def _list_tasks(self) -> None:
        while True:
            self._sweep_wanted.clear()
            try:
                found: set[str] = set()
                version = 0
                async for page in pages(self._api, paths.TASKS):
                    version = int(page["metadata"]["resourceVersion"])
                    for document in page["items"]:
                        found.add(document["metadata"]["uid"])
                        self.take(document)
                self._tasks.sweep(found, version)
                if not self._listed.is_set():
                    self._listed.set()
                    self._tell(News.HOLD)
                seconds = float(SWEEP_SECONDS)
            except Exception as error:  # noqa: BLE001 -- whatever the server sent, the operator goes on
                log.warning("listing the TorchTasks: %r", error)
                seconds = 1.0
            try:
                await asyncio.wait_for(self._sweep_wanted.wait(), seconds)
            except TimeoutError:
                continue
