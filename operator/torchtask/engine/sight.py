"""What the operator sees of the cluster: all TorchTasks, Jobs and Nodes, and the hold; and whether it sees them.

Law: nothing is decided while blind: before all TorchTasks and Jobs were listed, while the Job watch is broken, and when
TorchTasks or Jobs were not heard of for `BLIND_SECONDS`.
"""

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime
from enum import Enum
from functools import partial

from torchtask import clock
from torchtask.cluster import paths
from torchtask.cluster.api import Api, Document
from torchtask.cluster.reflector import Reflector
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
from torchtask.engine.task_sight import TaskSight
from torchtask.settings import Settings

BLIND_SECONDS = 30


class News(Enum):
    """What many tasks depend on, and changed."""

    HOLD = "hold"  # all tasks; also that it is known at all
    NODES = "nodes"  # those that name nodes, or run on each


class Sight:
    """Keeps the stores in step with the cluster. `forgotten(uid)` is called when a task is gone."""

    def __init__(
        self, api: Api, chosen: Settings, agenda: Agenda, forgotten: Callable[[str], None], complaints: Complaints
    ) -> None:
        self._agenda = agenda
        known = partial(self._tell, News.HOLD)
        self.task_sight = TaskSight(api, chosen, agenda, forgotten, known, complaints)
        self.tasks = self.task_sight.tasks
        self.runs = Runs(self._wake, complaints.about("reading a Job"))
        self._hold = CurrentHold(known)
        self._nodes = Nodes(partial(self._tell, News.NODES), complaints.about("reading a Node"))
        watching = {kind: complaints.about(f"watching {kind}") for kind in ("Jobs", "Nodes", "the hold")}
        turn, leisure = agenda.hurry.over, agenda.hurry.calm.leisure
        self._jobs = Reflector(
            api, paths.JOBS, self.runs, watching["Jobs"], turn, leisure, labelSelector=names.TASK_UID_LABEL
        )
        self._node_watch = Reflector(api, paths.NODES, self._nodes, watching["Nodes"])
        named, holds = f"metadata.name={hold.CONFIG_MAP}", paths.config_maps(chosen.namespace)
        self._hold_watch = Reflector(api, holds, self._hold, watching["the hold"], fieldSelector=named)
        self._holds_known = False
        self._news: set[News] = set()
        self._taken_over = clock.now()
        self._led_until: datetime | None = None

    async def run(self) -> None:
        """Look for ever."""
        async with asyncio.TaskGroup() as group:
            for reflector in (self._jobs, self._node_watch, self._hold_watch):
                group.create_task(reflector.run())
            group.create_task(supervised("the list of TorchTasks", self.task_sight.run))
            group.create_task(self._learn_of_holds())

    def accepted(self, job: Document) -> None:
        """Take a Job as the answer to its creation shows it: who sees it at once need not wait for the watch (L4)."""
        self._jobs.learned(job)

    def take_over(self, led_until: datetime | None) -> None:
        """Begin anew: what others wrote until now is to be seen before anything is decided (L10)."""
        self._taken_over, self._led_until = clock.now(), led_until
        self.task_sight.begin_anew()
        self._jobs.begin_anew()

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
        if not self.task_sight.are_listed:
            return "the TorchTasks are not listed yet"
        if not self._jobs.sighted.is_set():
            return "the Jobs are out of sight"
        if not self._holds_known:
            return "it is not known yet whether there is a hold"
        for kind, time in (("TorchTasks", self.task_sight.heard_time), ("Jobs", self._jobs.fresh_time)):
            if clock.monotonic() - time >= BLIND_SECONDS:
                return f"nothing was heard of the {kind} for {BLIND_SECONDS} s"
        return ""

    @property
    def ages(self) -> dict[str, float]:
        """For how many seconds nothing was heard, by what is watched."""
        tasks, jobs, nodes = self.task_sight.heard_time, self._jobs.fresh_time, self._node_watch.fresh_time
        times = {"torchtasks": tasks, "jobs": jobs, "nodes": nodes}
        return {kind: clock.monotonic() - time for kind, time in times.items()}

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
        self._holds_known = True
        self._tell(News.HOLD)


def _needs_nodes(task: Task) -> bool:
    return isinstance(task.spec, Spec) and task.spec.where.needs_nodes
