"""Histories made by hand, for the oracle to judge: one in which all is well, and small ways to spoil it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tests.faults.calls import Call
from tests.faults.evidence import Applied, Evidence, Exit, Fault, Ready, Sample
from tests.faults.load import Task
from tests.faults.runs import FIRE_TIME, Run

NOON = 1_800_000_000  # a whole minute
END = NOON + 120
FORBID = Applied(Task("forbid", period=10, seconds=3), "uid-forbid", NOON)
ALLOW = Applied(Task("allow", period=5, policy="Allow", limit=None, seconds=12), "uid-allow", NOON)
SLOW = Applied(Task("slow", period=10, seconds=25), "uid-slow", NOON)  # two of three fire times find it running
QUEUE = Applied(Task("queue", period=10, policy="Queue", queue_limit=2, seconds=25), "uid-queue", NOON)
NONE = Applied(Task("none", period=5, catch_up="None"), "uid-none", NOON)


def launched(applied: Applied, time: int, late: float = 0.02) -> tuple[Call, Run]:
    """Make the Job of a fire time."""
    name, arrived = f"{applied.task.name}-{applied.uid[:8]}-{time}", time + late
    uid = f"job-{name}"
    meta = {
        "name": name,
        "namespace": applied.task.namespace,
        "annotations": {FIRE_TIME: rfc3339(time)},
        "ownerReferences": [{"kind": "TorchTask", "uid": applied.uid, "controller": True}],
    }
    post = call("create", "jobs", arrived, namespace=applied.task.namespace, status=201)
    post.body, post.server_body = text(metadata=meta), text(metadata={**meta, "uid": uid})
    version, over = int(arrived * 1000), arrived + applied.task.seconds
    run = Run(uid, applied.task.namespace, name, applied.uid, time, "", arrived + 0.01, version)
    return post, replace(run, finished=over, finished_version=int(over * 1000))


def call(
    verb: str, resource: str, time: float, *, namespace: str = "", name: str = "", status: int | None = 200
) -> Call:
    """Make a call that was answered 10 ms later; without a status it never was."""
    method = {"create": "POST", "patch": "PATCH", "delete": "DELETE"}.get(verb, "GET")
    answered = None if status is None else time + 0.01
    path = f"/{namespace}/{resource}/{name}"
    return Call(
        0, "a", method, path, verb, resource, namespace, name,
        arrived=time, forwarded=time, server_answered=answered, server_status=status, answered=answered, status=status,
    )  # fmt: skip


def history(
    *tasks: Applied, lost: Callable[[int], bool] = lambda _: False, late: Callable[[int], float] = lambda _: 0.02
) -> Evidence:
    """Let tasks run for two minutes as they should, but for the fire times that are `lost`."""
    calls: list[Call] = []
    runs: list[Run] = []
    for applied in tasks:
        free = 0.0
        for time in applied.task.fire_times(NOON, END):
            if lost(time) or (applied.task.policy == "Forbid" and time < free):
                continue
            post, run = launched(applied, time, late(time))
            free = run.ended or 0.0
            calls.append(post)
            runs.append(run)
    runs = [pruned(run, runs) for run in runs]
    ticks = range(NOON, END)
    return told(
        Evidence(
            tasks=tasks, calls=calls, runs=runs, begin=NOON, end=END,
            readiness=[Ready(t, "a", ready=True) for t in ticks],
            samples=[Sample(t, "a", memory=90 * 2**20, descriptors=40) for t in ticks],
        )
    )  # fmt: skip


def pruned(run: Run, runs: Sequence[Run]) -> Run:
    """Let a Job go when three newer ones of its task are over, and it is a minute old."""
    over = sorted(r.finished or END for r in runs if r.owner == run.owner and r.created > run.created)
    time = max([run.created + 62, *over[2:3]])
    return replace(run, gone=time, gone_version=int(time * 1000)) if len(over) > 2 and time < END else run


def told(evidence: Evidence) -> Evidence:
    """Write the statuses that say what was."""
    return replace(evidence, documents={a.uid: _document(evidence, a) for a in evidence.tasks})


def _document(evidence: Evidence, applied: Applied) -> dict[str, Any]:
    times = applied.task.fire_times(NOON, END - 5)
    made = {r.fire_time for r in evidence.runs_of.get(applied.uid, ())}
    counts = {"since": rfc3339(NOON), "due": len(times), "launched": len(made.intersection(times)), "missed": 0}
    counts["skipped"] = len(set(times).difference(made))
    active = sum(1 for r in evidence.runs_of.get(applied.uid, ()) if r.active_within(END, END))
    rest = {"accountedTime": rfc3339(END - 5), "queuedTimes": [], "active": active}
    return {"status": {"counts": counts, "notLaunched": _why_not(counts), **rest}}


def _why_not(counts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"reason": why, "count": counts[what]} for what, why in (("skipped", "Forbid"), ("missed", "Downtime"))]


def changed(evidence: Evidence, applied: Applied, **fields: Any) -> Evidence:
    """Say something else in a task's status; what is a count goes there, and among the reasons."""
    status = evidence.documents[applied.uid]["status"]
    counts = {**status["counts"], **{k: v for k, v in fields.items() if k in status["counts"]}}
    rest = {"notLaunched": _why_not(counts), **{k: v for k, v in fields.items() if k not in counts}}
    return replace(
        evidence, documents={**evidence.documents, applied.uid: {"status": {**status, **rest, "counts": counts}}}
    )


def with_calls(evidence: Evidence, *calls: Call) -> Evidence:
    """Add calls."""
    return replace(evidence, calls=[*evidence.calls, *calls])


def with_runs(evidence: Evidence, *runs: Run) -> Evidence:
    """Add Jobs."""
    return replace(evidence, runs=[*evidence.runs, *runs])


def outage(begin: float = 30, heal: float = 60) -> Fault:
    """Let nobody be there, from a second to another one."""
    return Fault("outage", NOON + begin, NOON + heal, blind=True, down=True)


def broken(fault: Fault, *tasks: Applied, made_up: Sequence[int] = (), again: float = 0.5) -> Evidence:
    """Lose the fire times of a fault but those `made_up` (seconds after noon): launched `again` seconds after it."""

    def late(time: int) -> float:
        return max(0.02, fault.heal + again - time) if time <= fault.heal + again and time >= fault.begin else 0.02

    blind = [Ready(t, "a", ready=not fault.begin <= t < fault.heal) for t in range(NOON, END)]
    killed = Exit(fault.begin, "a", -9, asked=True)
    lost = {t for t in range(NOON, END) if fault.begin <= t <= fault.heal and t - NOON not in made_up}
    return replace(history(*tasks, lost=lost.__contains__, late=late), faults=[fault], exits=[killed], readiness=blind)


def text(**document: Any) -> bytes:
    """Write JSON."""
    return json.dumps(document).encode()


def rfc3339(time: float) -> str:
    """Write a time as the API does."""
    return datetime.fromtimestamp(time, UTC).isoformat()
