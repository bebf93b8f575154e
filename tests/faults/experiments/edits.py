"""Edits at the worst moment: at the fire second; and tasks that are deleted and created again at once."""

import asyncio

from tests.faults import wall
from tests.faults.evidence import Applied
from tests.faults.experiment import experiment
from tests.faults.load import Task
from tests.faults.stage import Stage

ROUNDS = 5
AROUND = (-0.05, 0.0, 0.02, 0.05, 0.15)  # seconds from the fire time to the edit
UNSEEN = 2.0  # seconds after an edit whose fire times are in no count
WAITING = 20.0  # seconds for which a fire time may have waited that an edit drops


def _often(namespace: str) -> list[Task]:
    tasks = [
        Task("edited-forbid", namespace, period=2),
        Task("edited-allow", namespace, period=1, policy="Allow", limit=None),
        Task("edited-replace", namespace, period=4, policy="Replace", seconds=6),
        Task("edited-queue", namespace, period=3, policy="Queue", seconds=4),
        Task("edited-all", namespace, period=2, policy="Queue", catch_up="All", catch_up_limit=4),
    ]
    return [*tasks, Task("edited-jitter", namespace, period=6, jitter=3)]


async def _next(applied: Applied, away: float) -> None:
    """Wait until a moment beside the next fire time."""
    now = wall.now()
    time = applied.task.fire_times(now + 0.2, now + 70)[0]
    await asyncio.sleep(max(0.0, time + away - wall.now()))


@experiment("schedules edited at the fire second")
async def schedules(stage: Stage) -> None:
    """A schedule is written in other words just when it fires: no fire time runs twice, and none of the past."""

    async def edit(applied: Applied) -> None:
        pauses: tuple[tuple[float, float], ...] = ()
        words = (
            f"{applied.task.offset}-59/{applied.task.period} * * * * *",
            applied.task.document()["spec"]["schedule"],
        )
        for number in range(ROUNDS):
            await _next(applied, AROUND[number % len(AROUND)])
            begun = wall.now()
            await stage.world.admin.merge(stage.where(applied), {"spec": {"schedule": words[number % 2]}})
            pauses += ((begun - (WAITING if applied.task.policy in {"Queue", "Replace"} else 1), wall.now() + UNSEEN),)
            await asyncio.sleep(UNSEEN)
        stage.change(applied, pauses=pauses)

    await asyncio.gather(*map(edit, await stage.apply(_often(stage.namespaces[0]))))


@experiment("templates edited at the fire second")
async def templates(stage: Stage) -> None:
    """What runs is edited just when it fires: every fire time runs once, before or after the edit."""

    async def edit(applied: Applied) -> None:
        container = applied.task.document()["spec"]["container"]
        for number in range(2 * ROUNDS):
            await _next(applied, AROUND[number % len(AROUND)])
            await stage.world.admin.merge(
                stage.where(applied), {"spec": {"container": {**container, "workingDir": f"/{number}"}}}
            )
            await asyncio.sleep(UNSEEN)

    await asyncio.gather(*map(edit, await stage.apply(_often(stage.namespaces[0]))))


@experiment("suspended and resumed at the fire second")
async def suspended(stage: Stage) -> None:
    """A task is suspended just when it fires, and soon resumed: what it lost meanwhile is not made up for."""

    async def edit(applied: Applied) -> None:
        pauses: tuple[tuple[float, float], ...] = ()
        for number in range(ROUNDS - 1):
            await _next(applied, AROUND[number % len(AROUND)])
            begun = wall.now()
            await stage.world.admin.merge(stage.where(applied), {"spec": {"suspend": True}})
            await asyncio.sleep(UNSEEN)
            await stage.world.admin.merge(stage.where(applied), {"spec": {"suspend": False}})
            pauses += ((begun - (WAITING if applied.task.policy in {"Queue", "Replace"} else 1), wall.now() + UNSEEN),)
            await asyncio.sleep(UNSEEN)
        stage.change(applied, pauses=pauses)

    await asyncio.gather(*map(edit, await stage.apply(_often(stage.namespaces[0]))))


@experiment("deleted and created again at once", fast=True)
async def created_again(stage: Stage) -> None:
    """Tasks are deleted, and at once created again under the same names, three times: others, and new accounts."""
    for _ in range(3):
        before = stage.some()
        for applied in before:
            if applied.task.at is None:
                await stage.delete(applied)
                await stage.apply([applied.task])
        await stage.calm(2)
