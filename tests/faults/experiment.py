"""What an experiment is, and how it is played: a load, something that breaks, time to recover, a judgement."""

import random
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.faults import oracle, wall
from tests.faults.evidence import Bounds, Evidence
from tests.faults.finding import Finding
from tests.faults.gathering import gather
from tests.faults.load import Task, mixed
from tests.faults.stage import LEASE, Stage
from tests.faults.world import Ground, World

Act = Callable[[Stage], Awaitable[None]]
ONCE_AFTER = 10  # seconds from the beginning of the load to the fire time of the tasks that have one only


@dataclass(frozen=True, slots=True)
class Experiment:
    """One way of breaking things.

    `act` is what is done to the world; it returns when all is healed. Before it the load runs undisturbed for `before`
    seconds, after it for `after`. `replicas` are started, one character each. The mixed load is applied, or `tasks`
    instead, in turns into the two namespaces. `clock`: operators get a clock that can be stepped. `flags`: of the lab's
    parts, as in `Lab.up`. `fast`: part of the tests that always run. `environment` is the operators'. `alone`: nothing
    else is played beside it, for it compares how late launches are.
    """

    name: str
    sentence: str
    act: Act
    bounds: Bounds = Bounds()  # noqa: RUF009 -- frozen
    before: float = 4
    after: float = 10
    replicas: str = "a"
    tasks: tuple[Task, ...] = ()
    clock: bool = False
    fast: bool = False
    alone: bool = False
    flags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


def experiment(name: str, **fields: object) -> Callable[[Act], Experiment]:
    """Make an experiment of a function; the first line of its docstring says what happens."""

    def made(act: Act) -> Experiment:
        sentence = (act.__doc__ or "").strip().partition("\n")[0]
        return Experiment(name, sentence, act, **fields)  # type: ignore[arg-type]

    return made


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an experiment: how many calls a rule hit, of how many there were.

    `busy` is the part of its time in which the machine was too busy for some of the laws to accuse anybody.
    `trouble` is why it could not be judged; empty: it was.
    """

    name: str
    seed: int
    findings: tuple[Finding, ...] = ()
    hit: int = 0
    calls: int = 0
    seconds: float = 0.0
    busy: float = 0.0
    trouble: str = ""

    @property
    def violations(self) -> list[str]:
        """What broke which invariant."""
        found = [f"{finding.invariant}: {text}" for finding in self.findings for text in finding.violations]
        return [self.trouble, *found] if self.trouble else found


async def play(chosen: Experiment, there: Ground, folder: Path, *, seed: int, mutant: str = "") -> Outcome:
    """Play an experiment, and judge it."""
    begun = wall.now()
    evidence = await witnessed(chosen, there, folder, seed=seed, mutant=mutant)
    hit, calls = sum(1 for call in evidence.calls if call.rule), len(evidence.calls)
    findings, busy = tuple(oracle.judge(evidence)), evidence.busy(evidence.begin, evidence.end)
    return Outcome(chosen.name, seed, findings, hit, calls, wall.now() - begun, busy)


async def witnessed(chosen: Experiment, there: Ground, folder: Path, *, seed: int, mutant: str = "") -> Evidence:
    """Play an experiment; return what it leaves behind."""
    begun = wall.now()
    async with World(there, folder) as world:
        slug = re.sub(r"[^a-z0-9]+", "-", chosen.name.lower())[:40].strip("-")
        slug += f"-{int(begun) % 100_000}"  # of one that was played before much may still be going
        names = (await world.namespace(f"{slug}-a"), await world.namespace(f"{slug}-b"))
        stage = Stage(world, names, random.Random(seed))  # noqa: S311 -- what is random can be played again
        stage.mutant, stage.has_clock, stage.environment = mutant, chosen.clock, dict(chosen.environment)
        await world.admin.delete(LEASE)  # nobody need wait for an operator of another experiment
        await stage.nodes_ready()
        async with stage.witnessed():
            for name in chosen.replicas:
                await stage.start(world.operators[name])
            for name in chosen.replicas:
                await world.operators[name].ready()
            await stage.apply(load(chosen, names))
            stage.begin = wall.now()
            await stage.calm(chosen.before)
            try:
                await chosen.act(stage)
            except Exception as error:  # noqa: BLE001 -- whatever broke, it counts against this one, and not the others
                stage.objections.append(f"the experiment broke off: {error!r}")
            await stage.calm(chosen.after)
            return await gather(stage, chosen.bounds)


def load(chosen: Experiment, namespaces: tuple[str, ...]) -> list[Task]:
    """Return the load of an experiment."""
    tasks = chosen.tasks or mixed(int(wall.now()) + ONCE_AFTER)
    return [replace(task, namespace=namespaces[n % len(namespaces)]) for n, task in enumerate(tasks)]
