"""Tasks that are no good, a thousand at a time, beside good ones: nobody else may notice (I8)."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any

from tests.faults import admin, wall
from tests.faults.experiment import experiment
from tests.faults.load import Task
from tests.faults.stage import Stage, foreign

Document = dict[str, Any]
MANY = 1000
AT_ONCE = 10
RECOVERY = 5.0  # seconds after which all that was edited is seen, after so many edits
PER_SECOND = 60  # what a hasty user does; more would measure the API server
BAD: tuple[Document, ...] = (
    {"schedule": "0 0 0 30 2 *"},
    {"schedule": "0 0 0 31 2,4,6,9,11 *"},
    {"schedule": "0 0 0 29 2 * 2027"},
    {"schedule": "* * * * * *", "timeZone": "Mars/Olympus"},
    {"schedule": "* * * * * *", "timeZone": "europe/berlin"},
)
"""What the definition lets pass and the operator refuses."""
TURNS = 10
LEVELS = 1_500  # of which the API server takes 10,000, and most readers of JSON 1,000


async def _paced(calls: Sequence[Callable[[], Awaitable[object]]]) -> None:
    """Make calls some at a time, and at most so many in a second."""
    for first in range(0, len(calls), AT_ONCE):
        some = calls[first : first + AT_ONCE]
        await asyncio.gather(*(call() for call in some), asyncio.sleep(len(some) / PER_SECOND))


def _invalid(namespace: str) -> Iterable[Document]:
    for number in range(MANY):
        document = Task(f"invalid-{number}", namespace).document()
        document["spec"] |= BAD[number % len(BAD)]
        yield document


@experiment("a thousand invalid tasks", before=12, alone=True)
async def invalid(stage: Stage) -> None:
    """A thousand tasks come whose schedule or zone the operator refuses: each is told why, and others fire on time."""
    crowd = await stage.world.namespace(f"{stage.namespaces[0]}-invalid")
    stage.bad_since = wall.now()
    await _paced([partial(stage.world.create, [document]) for document in _invalid(crowd)])

    async def told() -> bool:
        items = await stage.world.admin.list(admin.tasks(crowd))
        return sum(_reason(item) in {"InvalidSchedule", "UnknownTimeZone"} for item in items) == MANY

    await wall.until_told(told, "each task to be told why it is refused", within=20, every=1)
    jobs = await stage.world.admin.list(admin.jobs(crowd))
    assert not jobs, f"{len(jobs)} Jobs of invalid tasks"


def _reason(item: Document) -> str:
    conditions = item.get("status", {}).get("conditions") or ()
    return next((c["reason"] for c in conditions if c["type"] == "Ready" and c["status"] == "False"), "")


@experiment("a thousand times valid, invalid and valid again", before=12, after=20, alone=True)
async def turning(stage: Stage) -> None:
    """A hundred tasks become invalid and valid again, ten times each: none fires what it missed, none harms others."""
    crowd = await stage.world.namespace(f"{stage.namespaces[0]}-turning")
    tasks = [Task(f"turning-{n}", crowd, period=12, offset=n % 12, bad=True) for n in range(MANY // TURNS)]
    stage.bad_since = wall.now()
    applied = await stage.apply(tasks)
    begun = wall.now()
    for turn in range(TURNS):
        good = [task.document()["spec"]["schedule"] for task in tasks]
        for schedules in ([BAD[turn % 3]["schedule"]] * len(tasks), good):
            edits = zip(map(stage.where, applied), schedules, strict=True)
            await _paced([partial(stage.world.admin.merge, at, {"spec": {"schedule": text}}) for at, text in edits])
    for each in applied:
        stage.change(each, pauses=((begun - 2, wall.now() + RECOVERY),))

    async def ready() -> bool:
        return not any(map(_reason, await stage.world.admin.list(admin.tasks(crowd))))

    await wall.until_told(ready, "each task to be ready, since it is valid again", within=20, every=1)


@experiment("a task and a Job nested too deeply", before=8, after=8)
async def nested(stage: Stage) -> None:
    """A user nests a task and a Job so deeply that no reader of JSON takes them: all others are seen as before."""
    sys.setrecursionlimit(20 * LEVELS)  # ours are to read them
    crowd = await stage.world.namespace(f"{stage.namespaces[0]}-nested")
    deep: Document = {}
    for _ in range(LEVELS):
        deep = {"f:a": deep}
    pod = {"containers": [{"name": "main", "image": "simulated"}], "restartPolicy": "Never", "deep": deep}
    document = Task("deep", crowd, period=1).document()
    document["spec"] = {"schedule": "* * * * * *", "jobTemplate": {"spec": {"template": {"spec": pod}}}}
    (made,) = await stage.world.create([document])
    job = foreign("deep")
    job["metadata"] |= {
        "labels": {"torchtask.dev/task-uid": made["metadata"]["uid"]},
        "managedFields": [{
            "manager": "somebody", "operation": "Update", "apiVersion": "batch/v1", "fieldsType": "FieldsV1",
            "time": "2026-01-01T00:00:00Z", "fieldsV1": deep,
        }],
    }  # fmt: skip
    await stage.world.admin.create(admin.jobs(crowd), job)
    where = admin.tasks(crowd, "deep")

    async def refused() -> bool:
        return _reason(await stage.world.admin.get(where) or {}) != ""

    await wall.until_told(refused, "the task to be told that it is refused", within=10)
    await stage.world.admin.merge(where, {"metadata": {"annotations": {"somebody": "was here"}}})
    await stage.calm(2)
    with stage.fault("killed", down=True):
        stage.a.kill()
        await stage.reborn(stage.a)
        await stage.a.ready(within=10)
