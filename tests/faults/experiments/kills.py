"""Operators that die at each point of each call: sent, committed, answered; of one call alone, or of many tasks' calls.

A call that was sent only is lost with the process. That it arrives after all, when the next one runs, is played apart.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace

from tests.faults import wall
from tests.faults.actions import At, Pages, Silence, Then
from tests.faults.calls import Call
from tests.faults.evidence import Bounds
from tests.faults.experiment import Act, Experiment, experiment
from tests.faults.load import Task
from tests.faults.rules import LAUNCHES, Action, On
from tests.faults.stage import LEASE, Stage

Provoke = Callable[[Stage], Awaitable[object]]
FIRST_CALLS = 8  # of a start, each of which is a point to die at
BATCH = 8  # calls of many tasks that are at the same point when the process dies
ANSWERED = "get list create patch delete"  # what there is one answer to


class Together:
    """Calls `kill` once, when so many calls are at a point; until then they wait there for each other.

    More may be on their way there: who was asked may hang up before, and another takes that call's place.
    """

    def __init__(self, kill: Callable[[], object], number: int) -> None:
        self._kill, self._missing, self._over = kill, number, asyncio.Event()

    async def __call__(self, _: Call) -> None:
        """Wait for the others, or be the last one."""
        self._missing -= 1
        if self._missing == 0:
            self._kill()
            self._over.set()
        await self._over.wait()


@dataclass(frozen=True, slots=True)
class Point:
    """A kind of call to die at: `together` of them at once, when `provoke` has made it likely that there are some.

    `from_start`: the first calls of a process, and not those of one that is at work already. `beside`: what befalls
    other calls meanwhile.
    """

    on: On
    together: int = 1
    from_start: bool = False
    provoke: Provoke | None = None
    beside: tuple[tuple[Action, On], ...] = ()


async def _another(stage: Stage) -> None:
    """Create a task: its template is judged by a dry run."""
    await stage.apply([Task(f"another-{len(stage.tasks)}", stage.namespaces[0], period=3)])


async def _stuck(stage: Stage) -> None:
    """Create a task whose Pods find no node: its runs are ended by a patch."""
    container = {"image": "simulated", "resources": {"requests": {"cpu": "100000"}}}
    more = {"pendingTimeoutSeconds": 1, "container": container}
    await stage.apply([Task(f"stuck-{len(stage.tasks)}", stage.namespaces[0], period=6, more=more)])


async def _squat(stage: Stage) -> None:
    """Take the names of the next runs of a task: they are found taken, and looked at."""
    (applied,) = stage.some("allow-short")
    for time in applied.task.fire_times(wall.now() + 0.5, wall.now() + 4):
        await stage.squat(applied.task.namespace, f"{applied.task.name}-{applied.uid[:8]}-{time}")


async def _suspend(stage: Stage) -> None:
    """Suspend a daemon that runs: of all deletions its are the only ones that do not wait for a minute (L11)."""
    (applied,) = stage.some("daemon")
    runs = stage.witness.runs
    await wall.until(
        lambda: any(run.owner == applied.uid and run.ended is None for run in runs.values()), "a daemon", within=15
    )
    stage.change(applied, pauses=((wall.now(), float("inf")),))
    await stage.world.admin.merge(stage.where(applied), {"spec": {"suspend": True}})


async def _no_lease(stage: Stage) -> None:
    await stage.world.admin.delete(LEASE)


BATCHES = replace(LAUNCHES, prefix="batch")
STATUSES = On(verb="patch", resource="torchtasks/status", prefix="batch")
PAGE = On(verb="list", where=lambda call: "continue" in call.query)
COMMON = (
    *(Point(On(first=number), from_start=True) for number in range(1, FIRST_CALLS + 1)),
    Point(PAGE, from_start=True, beside=((Pages(5), On(verb="list")),)),
    Point(BATCHES, together=BATCH),
    Point(STATUSES, together=BATCH),
    Point(On(verb="patch", resource="leases")),
)
RARE = (
    Point(On(verb="delete", resource="jobs"), provoke=_suspend),
    Point(On(verb="create", resource="jobs", where=lambda call: call.is_dry_run), provoke=_another),
    Point(On(verb="get", resource="jobs"), provoke=_squat),
    Point(On(verb="patch", resource="jobs"), provoke=_stuck),
    Point(On(verb="list", resource="pods")),
    Point(On(verb="create", resource="events")),
    Point(On(verb="create", resource="leases"), provoke=_no_lease),
)


def _batch(namespaces: tuple[str, ...]) -> list[Task]:
    return [
        Task(f"batch-{n}", namespaces[n % 2], period=3, policy="Allow", limit=None, catch_up="None")
        for n in range(BATCH + 2)
    ]


def dying(at: At, points: tuple[Point, ...]) -> Act:
    """Kill the operator at one point after the other."""

    async def act(stage: Stage) -> None:
        begun = wall.now()
        await stage.apply(_batch(stage.namespaces))
        for point in points:
            await _killed(stage, at, point)
        await stage.a.ready()
        stage.mark_deaths(stage.a, begun)

    return act


async def _killed(stage: Stage, at: At, point: Point) -> None:
    """Have it killed at a point, and started again."""
    on = point.on
    if point.from_start:  # else the rule would count calls of the process before
        stage.a.kill()
        await stage.a.gone()
        on = replace(on, verb=on.verb or ("" if at is At.SENT else ANSWERED))
    else:
        await stage.a.ready()
    with ExitStack() as rules:
        for action, which in point.beside:
            rules.enter_context(stage.world.proxy.rule(action, which, name="beside"))
        killing = Then(at, Together(stage.a.kill, point.together), lost=True)
        rule = rules.enter_context(stage.world.proxy.rule(killing, on, name=f"kill: {on.verb} {on.resource}"))
        if point.from_start:
            await stage.start(stage.a)
        if point.provoke:
            await point.provoke(stage)
        await rule.reached(point.together, within=30)
        end = await stage.a.gone()
    if point.together > 1:
        stage.mark("calls held", rule.calls[0].arrived, end.time, hampered=True)
    await stage.start(stage.a)


def _made(name: str, act: Act, sentence: str) -> Experiment:
    act.__doc__ = sentence
    return experiment(name)(act)


_WHEN = {
    At.SENT: "and the call that it had just sent is lost",
    At.COMMITTED: "when the API server has done what a call asked for",
    At.ANSWERED: "when it has just been given the answer to a call",
}
common = [
    _made(
        f"kill -9 when a call was {at.name.lower()}",
        dying(at, COMMON),
        f"The process is killed, {when}: each of the first ones of a start, launches and statuses of many tasks.",
    )
    for at, when in _WHEN.items()
]
sent, committed, answered = common
rare = [
    _made(
        f"kill -9 when a rare call was {at.name.lower()}",
        dying(at, RARE),
        f"The process is killed, {when}: one of each of the kinds that are seldom.",
    )
    for at, when in _WHEN.items()
]
rare_sent, rare_committed, rare_answered = rare


@experiment("kill -9, and what was sent arrives later", bounds=Bounds(given_up=True))
async def late(stage: Stage) -> None:
    """The process is killed, and what it had sent arrives when the next one is at work: Jobs, and statuses."""
    begun = wall.now()
    await stage.apply(_batch(stage.namespaces))
    for on in (BATCHES, STATUSES):
        with stage.world.proxy.rule(Silence(late=True), replace(on, last=BATCH), name="late") as rule:
            await rule.reached(BATCH)
            stage.a.kill()
            end = await stage.a.gone()
            await stage.start(stage.a)
            await stage.a.ready()
        stage.mark("calls held", rule.calls[0].arrived, end.time, hampered=True)
        await wall.until(lambda: all(c.server_status for c in rule.calls), "what was held to arrive", within=10)
        await stage.calm(2)
    stage.mark_deaths(stage.a, begun)
