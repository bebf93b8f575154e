"""Long gaps: they are made by dating accounts back while nobody runs, for nobody can wait so long."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tests.faults import admin, wall
from tests.faults.evidence import Applied
from tests.faults.experiment import Act, experiment
from tests.faults.load import Task
from tests.faults.runs import fire_time_of, owner_of, seconds
from tests.faults.stage import Stage

Document = dict[str, Any]
DAYS = 86_400
REALLY_AWAY = 8  # seconds in which nothing ran: what is made up for, the newest, is of these


def _tasks(namespace: str) -> list[Task]:
    each = Task("gap", namespace, period=1)
    return [
        replace(each, name="gap-none", catch_up="None"),
        replace(each, name="gap-latest"),
        replace(each, name="gap-allow", policy="Allow", limit=None),
        replace(each, name="gap-three", limit=3, seconds=2),
        replace(each, name="gap-replace", policy="Replace", seconds=4),
        replace(each, name="gap-all", policy="Queue", catch_up="All", catch_up_limit=4, queue_limit=5),
        replace(each, name="gap-deadline", deadline=20),
    ]


def away(gap: int) -> Act:
    """Let all accounts end so many seconds ago."""
    assert gap % 60 == 0, "else the schedules were others then"

    async def act(stage: Stage) -> None:
        applied = await stage.apply(_tasks(stage.namespaces[0]))
        await stage.calm(4)
        stage.a.term()
        with stage.fault(f"{gap} s away", down=True):
            await stage.a.gone()
            await stage.calm(REALLY_AWAY)
            before = await _dated_back(stage, applied, gap)
            healed = wall.now()
            await stage.start(stage.a)
            await stage.a.ready()

        async def written() -> bool:
            documents = await stage.documents()
            return all(seconds(documents[each.uid]["status"]["accountedTime"]) > healed for each in applied)

        await wall.until_told(written, "each account to be up to date", within=15)
        documents = await stage.documents()
        for each in applied:
            _counted(stage, each, documents[each.uid]["status"], before[each.uid], gap, healed)

    return act


async def _dated_back(stage: Stage, applied: list[Applied], gap: int) -> dict[str, Document]:
    """Date accounts back, as a whole; return the statuses that were there, by UID.

    The Jobs that are counted go, for they are of a time that is to come again; what waits is skipped for the same
    reason.
    """
    before, documents = {}, await stage.documents()
    for each in applied:
        before[each.uid] = status = documents[each.uid]["status"]
        until = seconds(status["accountedTime"])
        for meta in [job["metadata"] for job in await stage.world.admin.list(admin.jobs(each.task.namespace))]:
            if owner_of(meta) == each.uid and (fire_time_of(meta) or 0) <= until:
                await stage.world.admin.delete(admin.jobs(each.task.namespace, meta["name"]))
        waiting = [seconds(text) for text in status.get("queuedTimes") or ()]
        if waiting:
            stage.change(each, pauses=((min(waiting) - 0.5, wall.now()),))
        counts = status["counts"]
        back = {
            "accountedTime": _earlier(status["accountedTime"], gap),
            "counts": {"since": _earlier(counts["since"], gap), "skipped": counts["skipped"] + len(waiting)},
            "queuedTimes": None,
            "countedRuns": None,
        }
        await stage.world.admin.merge(f"{stage.where(each)}/status", {"status": back})
    return before


def _earlier(text: str, gap: int) -> str:
    return datetime.fromtimestamp(seconds(text) - gap, UTC).isoformat().replace("+00:00", "Z")


def _counted(stage: Stage, applied: Applied, status: Document, before: Document, gap: int, healed: float) -> None:
    """Check that the fire times of the gap are counted, and that no more of them were started than is allowed."""
    name, missed = applied.task.name, status["counts"]["missed"] - before["counts"]["missed"]
    assert gap - 20 <= missed <= gap + 100, f"{name}: {missed} missed in {gap} s"
    since, until = seconds(status["counts"]["since"]), seconds(status["accountedTime"])
    assert status["counts"]["due"] == applied.task.count(since, until), f"{name}: {status['counts']}"
    runs = stage.witness.runs.values()
    late = [r.name for r in runs if r.owner == applied.uid and r.fire_time and r.fire_time < healed - 5 < r.created - 5]
    allowed = {"None": 0, "Latest": 1, "All": applied.task.catch_up_limit}[applied.task.catch_up]
    assert len(late) <= allowed, f"{name}: {late} started late"


def _described(act: Act, sentence: str) -> Act:
    act.__doc__ = sentence
    return act


ten_thousand = experiment("ten thousand fire times missed", fast=True)(
    _described(
        away(10_020), "Tasks of every second were left alone for three hours: it is counted, and little started."
    )
)
thirty_days = experiment("thirty days away")(
    _described(away(30 * DAYS), "Tasks of every second were left alone for thirty days: 2.6 million fire times each.")
)
