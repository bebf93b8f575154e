"""Small experiments, with a load of their own that shows one thing and costs little: what mutants are played with."""

import json
from dataclasses import replace

from tests.faults import admin, wall
from tests.faults.actions import Lose, Refuse, Reset, Silence, Swallow
from tests.faults.breaking import telling
from tests.faults.calls import Call
from tests.faults.events import ErrorEvent
from tests.faults.experiment import experiment
from tests.faults.load import Task
from tests.faults.rules import LAUNCHES, On
from tests.faults.stage import Stage

FREE = tuple(Task(f"free-{n}", period=p, policy="Allow", limit=None) for n, p in enumerate((1, 1, 1, 2, 3, 5)))
"""Tasks that nothing keeps from firing."""
FULL = (
    Task("full-forbid", period=2, seconds=5),
    Task("full-three", period=1, seconds=5, limit=3),
    Task("full-queue", period=3, seconds=5, policy="Queue", queue_limit=5),
)
"""Tasks at their limit."""


@experiment("a steady load", tasks=FREE, before=0, after=13)
async def steady(stage: Stage) -> None:
    """Nothing is broken, and no task has a limit."""


@experiment("tasks at their limit", tasks=FULL, before=0, after=11)
async def full(stage: Stage) -> None:
    """Nothing is broken, and each task has more fire times than room."""


def _creates(prefix: str, last: int) -> On:
    return replace(LAUNCHES, prefix=prefix, last=last)


CREATES_GO_WRONG = (
    Task("lost", period=4, policy="Allow", limit=None),
    Task("reset-a", period=10, policy="Allow", limit=None),
    Task("reset-b", period=10, policy="Allow", limit=None),
    Task("failed", period=4, policy="Allow", limit=None),
)


@experiment("creates that go wrong", tasks=CREATES_GO_WRONG, before=2, after=5)
async def wrong(stage: Stage) -> None:
    """Answers are lost, connections are reset twice in a row, and one create is answered with 500."""
    rule = stage.world.proxy.rule
    async with telling(stage, "creates that go wrong"):
        with (
            rule(Swallow(), _creates("lost", 2), name="answer lost") as lost,
            rule(Reset(), _creates("reset", 4), name="reset") as reset,
        ):
            await lost.reached(2)
            await reset.reached(4)
    begun = wall.now()
    with rule(Refuse(500), _creates("failed", 1), name="a 500") as failed:
        await failed.reached(1)
    await stage.calm(0.3)
    await _kept_up(stage)
    stage.mark_deaths(stage.a, begun)


async def _kept_up(stage: Stage) -> None:
    """Start the operator anew where it ended, as the kubelet does."""
    if not stage.a.is_running:
        await stage.start(stage.a)
        await stage.a.ready()


@experiment("creates that are never answered", tasks=FREE[:2], before=0, after=3)
async def never_answered(stage: Stage) -> None:
    """The first creates of two tasks are lost without a word: they are given up after 10 s, and made again."""
    time = int(wall.now()) + 3
    await stage.apply(Task(f"lost-{n}", stage.namespaces[0], at=time) for n in range(2))
    with stage.world.proxy.rule(Lose(), _creates("lost", 2), name="lost") as rule:
        await rule.reached(2)
    await stage.calm(12)


@experiment("a status that arrives late", tasks=FREE[:3], before=3, after=5)
async def late_status(stage: Stage) -> None:
    """Writes of statuses are held up on their way, and arrive when the operator has died and another wrote more."""
    on = On(verb="patch", resource="torchtasks/status", last=3)
    with stage.world.proxy.rule(Silence(late=True), on, name="late") as held:
        await held.reached(3)
        with stage.fault("killed", down=True):
            stage.a.kill()
            await stage.reborn(stage.a)
            await stage.a.ready()
        older, calls = {call.name: _told(call) for call in held.calls}, stage.world.proxy.calls

        def overtaken(name: str, time: str) -> bool:
            return any(c.name == name and _is_written(c, 0) and _told(c) > time for c in calls)

        await wall.until(lambda: all(overtaken(*one) for one in older.items()), "later statuses", within=15)


def _told(call: Call) -> str:
    """Read up to when a status accounts."""
    return str(json.loads(call.body)["status"]["accountedTime"])


def _is_written(call: Call, since: float) -> bool:
    return call.resource == "torchtasks/status" and call.status == 200 and call.arrived > since


ALL = Task("all", period=1, policy="Queue", limit=30, catch_up="All")


@experiment("ten seconds away", tasks=(*FREE, ALL), before=2, after=8)
async def away(stage: Stage) -> None:
    """The operator is killed, and started ten seconds later."""
    with stage.fault("away", down=True):
        stage.a.kill()
        await stage.a.gone()
        await stage.calm(10)
        await stage.start(stage.a)
        await stage.a.ready()


JOBS = On(verb="list watch", resource="jobs")


@experiment("a start without sight of Jobs", tasks=FREE, before=2, after=8)
async def blind_start(stage: Stage) -> None:
    """The operator is killed and started again, and for a while the API server will not show it the Jobs."""
    with stage.fault("no Jobs are shown", blind=True, down=True):
        stage.a.kill()
        await stage.a.gone()
        with stage.world.proxy.rule(Refuse(503), JOBS, name="no Jobs") as rule:
            await stage.start(stage.a)
            await rule.reached(1)
            await stage.calm(4)


WAITING = tuple(Task(f"waiting-{n}", period=5, offset=n, policy="Queue", seconds=60) for n in range(3))


@experiment("Jobs deleted in a gap", tasks=(*FREE[:3], *WAITING), before=7, after=13)
async def gap(stage: Stage) -> None:
    """While the Jobs are out of sight all of them are deleted: runs that others wait for are known to be gone."""
    rule = stage.world.proxy.rule
    with (
        stage.fault("a gap", blind=True),
        rule(Refuse(503), JOBS, name="no Jobs"),
        rule(ErrorEvent(504), JOBS, name="no watch") as ended,
    ):
        await ended.reached(1)
        for namespace in stage.namespaces:
            await stage.world.admin.delete(admin.jobs(namespace))
        await stage.calm(1)


@experiment("bad tasks beside good ones", tasks=FREE, before=9, after=9)
async def bad(stage: Stage) -> None:
    """Tasks come whose template the API server refuses: at each second they are skipped, and others are on time."""
    stage.bad_since = wall.now()
    asks_too_much = {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}
    template = {"container": {"image": "simulated", "resources": asks_too_much}}
    tasks = (Task(f"bad-{n}", stage.namespaces[0], period=1, bad=True, more=template) for n in range(3))
    for applied in await stage.apply(tasks):
        stage.change(applied, pauses=((0, float("inf")),))


TAKEN = (Task("taken", period=2, policy="Allow", limit=None), Task("taken-once", period=5))


@experiment("names that are taken", tasks=TAKEN, before=1, after=4)
async def taken(stage: Stage) -> None:
    """Somebody else's Jobs have the names of the next runs: those are skipped, and the Jobs are left alone."""
    for applied in stage.tasks:
        task, now = applied.task, wall.now()
        for time in task.fire_times(now + 2, now + 2 + task.period):
            await stage.squat(task.namespace, f"{task.name}-{applied.uid[:8]}-{time}")
    await stage.calm(6)


WIPED = (*FREE[:2], Task("edited", period=2, policy="Queue", limit=5, catch_up="All"))


@experiment("statuses wiped and Jobs gone", tasks=WIPED, before=9, after=7)
async def wiped(stage: Stage) -> None:
    """Statuses are wiped: of a task that rests while the operator runs, of another, whose Jobs go too, in between."""
    (edited,) = stage.some("edited")
    await stage.apply([Task("resting", stage.namespaces[0], at=int(wall.now()) + 600)])
    await stage.world.admin.merge(stage.where(edited), {"spec": {"failedJobsHistoryLimit": 2}})
    await wall.until(lambda: _last_status(stage, "resting"), "a status of the task that rests", within=10)
    with stage.fault("nobody runs", down=True):
        stage.a.kill()
        await stage.a.gone()
        for run in [run for run in stage.witness.runs.values() if run.owner == edited.uid]:
            await stage.world.admin.delete(admin.jobs(run.namespace, run.name))
        await _wipe(stage, "edited")
        await stage.start(stage.a)
        await stage.a.ready()
    stage.change(edited, pauses=((0, wall.now() + 1),))  # its account begins anew, and makes up for nothing (law L10)
    await stage.calm(2)
    await _wipe(stage, "resting")


def _last_status(stage: Stage, name: str) -> Call | None:
    written = (c for c in stage.world.proxy.calls if c.name == name and _is_written(c, 0))
    return next(written, None)


async def _wipe(stage: Stage, name: str) -> None:
    for applied in stage.some(name):
        stage.wiped[applied.uid] = wall.now()
        await stage.world.admin.merge(f"{stage.where(applied)}/status", {"status": None})
        stage.change(applied, pauses=((0, wall.now()),))


@experiment("two in peace", tasks=FREE[:4], replicas="ab", before=0, after=9)
async def two(stage: Stage) -> None:
    """Nothing is broken, and two operators run: one leads, and the other one stands by."""
