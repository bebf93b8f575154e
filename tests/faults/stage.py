"""What an experiment plays on: a world with a load in it, and marks of all that the oracle will want to know."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from typing import Any

import aiohttp

from lab.tools import NAMESPACE
from tests.faults import admin, operators, wall
from tests.faults.evidence import BUSY, Applied, Fault, Offset, covered
from tests.faults.load import Task
from tests.faults.operators import Operator
from tests.faults.runs import seconds
from tests.faults.witness import Witness
from tests.faults.world import World

Document = dict[str, Any]
_EVERY, _LONG = 0.2, 0.3  # seconds: how often it is looked whether the machine is slow, and which answer is
_STARVED = 0.3  # the part of its time for which somebody who waits for a processor is slow
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/torchtask"


class Stage:
    """The world as an experiment sees it; `chance` is what is random in it.

    `tasks` are those applied so far, `faults` the marks so far; `begin` is when the load began to run. What else the
    oracle has to know is noted in `clocks`, `wiped`, `foreign`, `bad_since` and `objections`, and what is to be read in
    the table in `notes`. Operators are started as `mutant`, with `environment`, and with a clock that can be stepped
    where one `has_clock`.
    """

    def __init__(self, world: World, namespaces: tuple[str, ...], chance: random.Random) -> None:
        self.world, self.namespaces, self.chance = world, namespaces, chance
        self.witness = Witness(world.admin)
        self.tasks: list[Applied] = []
        self.faults: list[Fault] = []
        self.clocks: list[Offset] = []
        self.wiped: dict[str, float] = {}
        self.foreign: dict[tuple[str, str], str] = {}
        self.begin = wall.now()
        self.slow: list[tuple[float, float]] = []
        self.bad_since: float | None = None
        self.objections: list[str] = []
        self.notes: list[str] = []
        self.mutant, self.has_clock, self.environment = "", False, dict[str, str]()

    @property
    def a(self) -> Operator:
        """The first replica."""
        return self.world.operators["a"]

    @property
    def b(self) -> Operator:
        """The second one, which runs where an experiment starts it."""
        return self.world.operators["b"]

    async def apply(self, tasks: Iterable[Task]) -> list[Applied]:
        """Create tasks; the namespace of each must exist."""
        tasks = list(tasks)
        metas = [made["metadata"] for made in await self.world.create(task.document() for task in tasks)]
        applied = [
            Applied(task, meta["uid"], seconds(meta["creationTimestamp"]))
            for task, meta in zip(tasks, metas, strict=True)
        ]
        self.tasks += applied
        return applied

    def where(self, applied: Applied) -> str:
        """Return the path of a task."""
        return admin.tasks(applied.task.namespace, applied.task.name)

    def change(self, applied: Applied, **fields: Any) -> Applied:
        """Note what became of a task."""
        place = next(n for n, known in enumerate(self.tasks) if known.uid == applied.uid)
        self.tasks[place] = replace(self.tasks[place], **fields)
        return self.tasks[place]

    async def delete(self, applied: Applied) -> Applied:
        """Delete a task."""
        changed = self.change(applied, deleted=wall.now())
        await self.world.admin.delete(self.where(applied))
        return changed

    def some(self, *kinds: str) -> list[Applied]:
        """Return the tasks whose names begin so; without a name all."""
        return [a for a in self.tasks if a.deleted is None and a.task.name.startswith(kinds or "")]

    @contextmanager
    def fault(self, name: str, *, blind: bool = False, down: bool = False, hampered: bool = False) -> Iterator[None]:
        """Mark the time in which something is broken, as `Fault` has it."""
        begin = wall.now()
        try:
            yield
        finally:
            self.faults.append(Fault(name, begin, wall.now(), blind=blind, down=down, hampered=hampered))

    def mark(self, name: str, begin: float, heal: float, **what: bool) -> None:
        """Mark a time in which something was broken, and `what` that means, as in `Fault`."""
        self.faults.append(Fault(name, begin, heal, **what))

    def mark_deaths(self, operator: Operator, since: float) -> None:
        """Mark each time since then from a death of an operator until it was ready again."""
        for death, heal in operator.absences(since):
            self.mark("killed", death, heal, down=True)

    async def reborn(self, operator: Operator, *, clean: bool = False) -> None:
        """Wait until a process has ended, by SIGTERM in good order if `clean`, and start it again."""
        gone = await operator.gone()
        assert not clean or gone.code == 0, f"{operator.name} ended with {gone.code}: {operator.tail()}"
        await self.start(operator)

    async def start(self, operator: Operator) -> None:
        """Start an operator as this experiment has them."""
        clock = await self.world.clock() if self.has_clock else None
        await operator.start(mutant=self.mutant, clock=clock, **self.environment)

    def object(self, text: str, *, since: float) -> None:
        """Note what is wrong, and came of the time since then; unless the machine was too busy to accuse anybody."""
        if self.slow_for(since) <= BUSY * (wall.now() - since):
            self.objections.append(text)

    def slow_for(self, since: float) -> float:
        """Say for how many seconds since then the machine was too busy: by so much somebody may be late."""
        return covered(self.slow, since, wall.now())

    async def calm(self, span: float) -> None:
        """Let some seconds pass in which nobody is disturbed: what is to be seen are the fire times in them."""
        await asyncio.sleep(span)

    async def nodes_ready(self) -> None:
        """Wait until all nodes are ready: after a time without API server they may be thought lost for a while."""

        async def ready() -> bool:
            nodes = await self.world.admin.list(admin.NODES)
            return all(c["status"] == "True" for n in nodes for c in n["status"]["conditions"] if c["type"] == "Ready")

        await wall.until_told(ready, "the nodes to be ready", within=90, every=0.5)

    async def documents(self) -> dict[str, Document]:
        """Return the tasks as they are now, by UID."""
        return {item["metadata"]["uid"]: item for item in await self.world.tasks()}

    async def squat(self, namespace: str, name: str) -> None:
        """Create a Job that is nobody's business, under a name."""
        made = await self.world.admin.create(admin.jobs(namespace), foreign(name))
        self.foreign[namespace, name] = made["metadata"]["uid"]

    @asynccontextmanager
    async def witnessed(self) -> AsyncIterator[None]:
        """Have the witness watch."""
        watching = [asyncio.create_task(self.witness.watch()), asyncio.create_task(self._probe())]
        try:
            yield
        finally:
            for task in watching:
                task.cancel()

    async def _probe(self) -> None:
        """Note when the API server is slow to answer past the proxy, or who waits for a processor that others have."""
        before, waits = wall.now(), self._waits()
        while True:
            begun = wall.now()
            with suppress(aiohttp.ClientError, OSError, admin.RefusedError):
                await self.world.admin.ask("GET", "/version")
                if wall.now() - begun > _LONG:
                    self.slow.append((begun, wall.now()))
            await asyncio.sleep(_EVERY)
            now, waited = wall.now(), self._waits()
            if any(after - first > _STARVED * (now - before) for first, after in zip(waits, waited, strict=True)):
                self.slow.append((before, now))
            before, waits = now, waited

    def _waits(self) -> list[float]:
        return [operators.waited(os.getpid()), *(o.waited for o in self.world.operators.values())]


def foreign(name: str) -> Document:
    """Write a Job that is nobody's business, and does nothing."""
    pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "simulated"}]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"suspend": True, "template": {"spec": pod}},
    }
