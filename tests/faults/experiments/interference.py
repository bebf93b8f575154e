"""Users who lay hands on what is the operator's: its Jobs, the names of its Jobs, its statuses."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from tests.faults import admin, wall
from tests.faults.admin import RefusedError
from tests.faults.evidence import Applied
from tests.faults.experiment import experiment
from tests.faults.stage import Stage

Document = dict[str, Any]
ROUNDS = 6
FAR = "2099-01-01T00:00:00Z"
LONG_AGO = "1971-01-01T00:00:00Z"
WHILE_IT_RUNS: tuple[Document, ...] = (
    {"accountedTime": FAR},
    {"accountedTime": LONG_AGO},
    {"accountedTime": None},
    {"counts": None},
    {"counts": {"launched": 2**62}},
    {"counts": {"since": FAR}},
    {"scheduleHash": "rubbish", "observedGeneration": 2**40, "templateHash": "rubbish"},
    {"queuedTimes": [LONG_AGO, FAR], "accountedTime": LONG_AGO},
    {"countedRuns": [f"rubbish-{n}" for n in range(1000)], "accountedTime": LONG_AGO},
    {"notLaunched": [{"reason": "Rubbish"}], "active": 10**9, "consecutiveFailures": 10**9},
    {"conditions": [], "recentRuns": [], "lastRun": None, "nextScheduleTime": "rubbish"},
)
WHILE_IT_IS_AWAY = WHILE_IT_RUNS[2:5] + WHILE_IT_RUNS[:1]


@experiment("Jobs deleted by hand")
async def jobs_deleted(stage: Stage) -> None:
    """Somebody deletes Jobs, running and finished ones, and all of a namespace at once in the end."""
    for _ in range(ROUNDS):
        jobs = [job["metadata"] for job in await stage.world.jobs() if job["metadata"]["namespace"] in stage.namespaces]
        assert jobs, "there are no Jobs to delete"
        for meta in stage.chance.sample(jobs, min(len(jobs), 15)):
            await stage.world.admin.delete(admin.jobs(meta["namespace"], meta["name"]))
        await stage.calm(1.5)
    await stage.world.admin.delete(admin.jobs(stage.namespaces[0]))


@experiment("foreign Jobs under our names")
async def squatted(stage: Stage) -> None:
    """Somebody else's Jobs have the names of the next runs: those are skipped, and the Jobs are left alone."""
    for applied in stage.some("forbid-short", "allow-short", "allow-none", "replace", "queue", "once"):
        task, now = applied.task, wall.now()
        for time in task.fire_times(now + 3, now + 3 + 2 * task.period)[:3]:
            await stage.squat(task.namespace, f"{task.name}-{applied.uid[:8]}-{time}")
    await stage.calm(8)
    statuses = await stage.documents()
    named = [entry for item in statuses.values() for entry in item["status"].get("notLaunched", ())]
    assert any(entry["reason"] == "NameTaken" for entry in named), "no status says NameTaken"


@experiment("statuses wiped", fast=True)
async def wiped(stage: Stage) -> None:
    """Every status is wiped while the operator runs, and every second one a moment later again."""
    for number in (1, 2):
        for applied in stage.some()[::number]:
            await _change(stage, applied, None)
        await stage.calm(3)


@experiment("statuses wiped while nobody runs")
async def wiped_in_between(stage: Stage) -> None:
    """The operator is killed, statuses are wiped, and it is started again; each task had been edited before."""
    await _in_between(stage, [None])


@experiment("statuses filled with rubbish")
async def rubbish(stage: Stage) -> None:
    """Statuses are overwritten, all in different ways, with what makes no sense; the operator runs."""
    for _ in range(2):
        for applied in stage.some():
            await _change(stage, applied, stage.chance.choice(WHILE_IT_RUNS))
        await stage.calm(3)
    minutely = stage.some("minutely")  # nothing will happen to those for long: what stands there now would stay
    await stage.calm(3)
    for applied in minutely:
        status = (await stage.documents())[applied.uid]["status"]
        assert status["accountedTime"] not in {FAR, LONG_AGO}, f"{applied.task.name} is left with {status}"


@experiment("statuses filled with rubbish while nobody runs")
async def rubbish_in_between(stage: Stage) -> None:
    """The operator is killed, statuses are filled with what nobody can believe, and it is started again."""
    await _in_between(stage, WHILE_IT_IS_AWAY)


async def _in_between(stage: Stage, statuses: Sequence[Document | None]) -> None:
    """Write statuses while nobody runs: the accounts begin anew, and nobody makes up for what came meanwhile."""
    await _edited(stage)
    with stage.fault("nobody runs, and statuses are lost", down=True):
        begun = wall.now()
        stage.a.kill()
        await stage.a.gone()
        for applied in stage.some():
            await _change(stage, applied, stage.chance.choice(statuses))
        await stage.a.start()
        await stage.a.ready(within=10)
    for applied in stage.some():
        stage.change(applied, pauses=((begun - 1, wall.now() + 1),))


async def _change(stage: Stage, applied: Applied, status: Document | None) -> None:
    """Overwrite a status; such rubbish as the definition does not let in changes nothing."""
    try:
        await stage.world.admin.merge(f"{stage.where(applied)}/status", {"status": status})
    except RefusedError as error:
        if error.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            raise
    else:
        stage.wiped[applied.uid] = wall.now()


async def _edited(stage: Stage) -> None:
    """Edit each task, in what does not matter to its fire times.

    Without that one that is younger than a minute and has no status is taken for a new one (law L10), and its fire
    times from its creation on are made up for where their Jobs are cleared away.
    """
    for applied in stage.some():
        await stage.world.admin.merge(stage.where(applied), {"spec": {"failedJobsHistoryLimit": 2}})
    await stage.calm(3)
