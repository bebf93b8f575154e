"""What the operator sees of the cluster: all TorchTasks, Jobs and Nodes, and the hold; and whether it sees them.

Law: nothing is decided while blind: before all TorchTasks and Jobs were listed, while the Job watch is broken, and when
TorchTasks or Jobs were not heard of for `BLIND_SECONDS`.
"""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime
from enum import Enum
from functools import partial
from http import HTTPStatus

from torchtask import clock
from torchtask.cluster import paths
from torchtask.cluster.api import Api, Document
from torchtask.cluster.errors import ApiError, NoAnswerError, pause_after
from torchtask.cluster.pages import Turn, at_once, let_others, pages
from torchtask.cluster.reflector import OLD_SECONDS, Reflector
from torchtask.core import hold, names
from torchtask.core.model import Task
from torchtask.core.nodes import Node
from torchtask.core.spec import Spec
from torchtask.core.state import Surroundings
from torchtask.engine.agenda import Agenda
from torchtask.engine.background import supervised
from torchtask.engine.complaints import Complaints
from torchtask.engine.hold import CurrentHold
from torchtask.engine.nodes import Nodes
from torchtask.engine.runs import Runs
from torchtask.engine.store import Tasks
from torchtask.settings import Settings

SWEEP_SECONDS = 300
SOON_SECONDS = 1.0
LEISURE_SECONDS = 0.2
BLIND_SECONDS = 30
UNHEARD_SECONDS = 20  # of the change feed: then the tasks are listed meanwhile, so as not to go blind


class News(Enum):
    """What many tasks depend on, and changed."""

    HOLD = "hold"  # all tasks; also that it is known at all
    NODES = "nodes"  # those that name nodes, or run on each


class Sight:
    """Keeps the stores in step with the cluster. `forgotten(uid)` is called when a task is gone."""

    def __init__(
        self, api: Api, chosen: Settings, agenda: Agenda, forgotten: Callable[[str], None], complaints: Complaints
    ) -> None:
        self._api, self._agenda = api, agenda
        self._complaint = complaints.about("listing the TorchTasks")
        self._reading = complaints.about("reading a TorchTask")
        self.tasks = Tasks(chosen, agenda.wake, forgotten, self._reading)
        self.runs = Runs(self._wake, complaints.about("reading a Job"))
        self._hold = CurrentHold(partial(self._tell, News.HOLD))
        self._nodes = Nodes(partial(self._tell, News.NODES), complaints.about("reading a Node"))
        watching = {kind: complaints.about(f"watching {kind}") for kind in ("Jobs", "Nodes", "the hold")}
        turn, leisure, selector = agenda.hurry.over, self._leisure, names.TASK_UID_LABEL
        self._jobs = Reflector(api, paths.JOBS, self.runs, watching["Jobs"], turn, leisure, labelSelector=selector)
        self._node_watch = Reflector(api, paths.NODES, self._nodes, watching["Nodes"])
        named, holds = f"metadata.name={hold.CONFIG_MAP}", paths.config_maps(chosen.namespace)
        self._hold_watch = Reflector(api, holds, self._hold, watching["the hold"], fieldSelector=named)
        self._listed, self._sweep_wanted, self._holds_known = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._heard_time, self._version = float("-inf"), 0
        self._older_since: float | None = None  # lists have been of versions before that
        self._news: set[News] = set()
        self._absent, self._taken_over = False, clock.now()
        self._led_until: datetime | None = None
        self.served_again: Callable[[], None] = lambda: None
        """Called when the definition of TorchTasks is served again, having been away."""

    async def run(self) -> None:
        """Look for ever."""
        async with asyncio.TaskGroup() as group:
            for reflector in (self._jobs, self._node_watch, self._hold_watch):
                group.create_task(reflector.run())
            group.create_task(supervised("the list of TorchTasks", self._list_tasks))
            group.create_task(self._learn_of_holds())

    def accepted(self, job: Document) -> None:
        """Take a Job as the answer to its creation shows it: who sees it at once need not wait for the watch (L4)."""
        self._jobs.learned(job)

    def take_over(self, led_until: datetime | None) -> None:
        """Begin anew: what others wrote until now is to be seen before anything is decided (L10)."""
        self._taken_over, self._led_until = clock.now(), led_until
        self._listed.clear()
        self.tasks.begin_anew()
        self._jobs.begin_anew()
        self._sweep_wanted.set()

    @property
    def nodes(self) -> Collection[Node] | None:
        """The nodes; None while they are out of sight."""
        return self._nodes.all if self._node_watch.sighted.is_set() else None

    def around(self, task: Task) -> Surroundings:
        """Return what matters to a task beside itself."""
        return Surroundings(self._taken_over, self.nodes, self.held(task.namespace), self._led_until)

    def held(self, namespace: str) -> str | None:
        """Say why launches are held in a namespace; None when they are not."""
        current = self._hold.current
        return current.reason if current.covers(namespace) else None

    def holds(self, namespace: str) -> bool:
        """Tell whether launches are held in a namespace."""
        return self.held(namespace) is not None

    @property
    def is_clear(self) -> bool:
        """Whether enough is seen to decide."""
        return not self.obstacle

    @property
    def obstacle(self) -> str:
        """What is not seen of tasks and Jobs, as of a moment ago, or of whether there is a hold; empty: all is."""
        if not self._listed.is_set():
            return "the TorchTasks are not listed yet"
        if not self._jobs.sighted.is_set():
            return "the Jobs are out of sight"
        if not self._holds_known.is_set():
            return "it is not known yet whether there is a hold"
        for kind, time in (("TorchTasks", self._heard_time), ("Jobs", self._jobs.fresh_time)):
            if clock.monotonic() - time >= BLIND_SECONDS:
                return f"nothing was heard of the {kind} for {BLIND_SECONDS} s"
        return ""

    def take(self, kind: str | None, document: Document) -> None:
        """Take an event of the change feed; one that cannot be taken keeps no other from being seen."""
        try:
            if kind == "DELETED":
                self.tasks.gone(document["metadata"]["uid"])
            else:
                self.tasks.changed(document)
        except Exception as error:  # noqa: BLE001 -- see above
            self._reading.failed(error)

    @property
    def ages(self) -> dict[str, float]:
        """For how many seconds nothing was heard, by what is watched."""
        times = {"torchtasks": self._heard_time, "jobs": self._jobs.fresh_time, "nodes": self._node_watch.fresh_time}
        return {kind: clock.monotonic() - time for kind, time in times.items()}

    def heard(self) -> None:
        """Take note that the change feed is connected at this moment."""
        self._heard_time = clock.monotonic()

    def sweep(self) -> None:
        """List the TorchTasks soon: there was a gap, and deletions during it are not reported."""
        self._sweep_wanted.set()

    def spread(self) -> None:
        """Wake those whom the news concern, once for however many there were: a LIST of nodes brings thousands."""
        news, self._news = self._news, set()
        if news:
            concerned = (r.task for r in self.tasks if News.HOLD in news or _needs_nodes(r.task))
            self._agenda.wake_all(task.uid for task in concerned)

    def _wake(self, uid: str) -> None:
        """Look at a task: one that is gone, as its Jobs go, or that is not known yet, needs no look."""
        if self.tasks.get(uid) is not None:
            self._agenda.wake(uid)

    def _tell(self, news: News) -> None:
        self._news.add(news)
        self._agenda.roused.set()

    async def _learn_of_holds(self) -> None:
        """A hold is known once it was looked for; later, while it is out of sight, what was known stands."""
        await self._hold_watch.sighted.wait()
        self._holds_known.set()
        self._tell(News.HOLD)

    async def _list_tasks(self) -> None:
        is_urgent = True
        while True:
            self._sweep_wanted.clear()
            try:
                await self._list(at_once if is_urgent else self._leisure)
                self._complaint.well()
                if self._absent:
                    self._absent = False
                    self.served_again()
                is_urgent = await self._wait()
            except Exception as error:  # noqa: BLE001 -- whatever the server sent, the operator goes on
                self._complaint.failed(error)
                self._absent = self._absent or (isinstance(error, ApiError) and error.status == HTTPStatus.NOT_FOUND)
                is_urgent = True
                await asyncio.sleep(max(SOON_SECONDS, pause_after(error)))

    async def _wait(self) -> bool:
        """Wait until the tasks are to be listed again; tell whether it is urgent: there was a gap, or silence."""
        until = clock.monotonic() + SWEEP_SECONDS
        while not self._is_urgent() and clock.monotonic() < until:
            with suppress(TimeoutError):
                async with asyncio.timeout(SOON_SECONDS):
                    await self._sweep_wanted.wait()
        return self._is_urgent()

    def _is_urgent(self) -> bool:
        return self._sweep_wanted.is_set() or clock.monotonic() - self._heard_time >= UNHEARD_SECONDS

    async def _leisure(self) -> None:
        """Take time before the next page of a list that nobody waits for."""
        if not self._is_urgent():
            await asyncio.sleep(LEISURE_SECONDS)
            await self._agenda.hurry.calm.wait()

    async def _list(self, turn: Turn) -> None:
        begun, taken_over = clock.monotonic(), self._taken_over
        self.tasks.begin_list()
        found, version = set[str](), 0
        async for page in pages(self._api, paths.TASKS, turn):
            version = int(page["metadata"]["resourceVersion"])
            self._distrust(version)
            for number, document in enumerate(page["items"], start=1):
                if taken_over != self._taken_over:
                    return  # in vain: it began before we took over
                found.add(document["metadata"]["uid"])
                self.take("LISTED", document)
                await let_others(number)
        self.tasks.sweep(found, version)
        self._heard_time = max(self._heard_time, begun)
        if not self._listed.is_set() and taken_over == self._taken_over:
            self._listed.set()
            self._tell(News.HOLD)

    def _distrust(self, version: int) -> None:
        """Refuse a list older than one before; if they stay so, the store was set back, and what was known is no guide.

        Raises `NoAnswerError`.
        """
        if version >= self._version:
            self._older_since = None
        else:
            self._older_since = self._older_since or clock.monotonic()
            if clock.monotonic() - self._older_since < OLD_SECONDS:
                raise NoAnswerError(f"the list is of version {version}, and {self._version} was seen before")
            self.tasks.forget_versions()
        self._version = version


def _needs_nodes(task: Task) -> bool:
    return isinstance(task.spec, Spec) and task.spec.where.needs_nodes
