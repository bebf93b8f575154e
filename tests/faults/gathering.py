"""Gathers, when an experiment is over, what the oracle is to judge by."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from tests.faults import wall
from tests.faults.evidence import Bounds, Evidence, Exit, Line, Ready, Sample
from tests.faults.operators import Operator
from tests.faults.runs import Post, Run, seconds
from tests.faults.stage import Stage


async def gather(stage: Stage, bounds: Bounds) -> Evidence:
    """Tell all that is known now. The statuses are read first: no Job that they tell of may be unknown to us."""
    documents, end = await stage.documents(), wall.now()
    await stage.witness.caught_up()
    metas = [job["metadata"] for job in await stage.world.jobs()]
    operators = stage.world.operators.values()
    calls = [call for call in stage.world.proxy.calls if call.arrived <= end]
    return Evidence(
        tasks=tuple(stage.tasks),
        calls=calls,
        runs=sharpened(stage.witness.runs.values(), filter(None, map(Post.of, calls))),
        begin=stage.begin,
        end=end,
        documents=documents,
        creations=creations(stage.world.ground.cluster.audit_log, stage.namespaces),
        faults=tuple(stage.faults),
        readiness=[Ready(s.time, o.name, s.ready) for o in operators for s in o.samples],
        exits=[Exit(e.time, o.name, e.code, e.asked) for o in operators for e in o.exits],
        samples=[Sample(s.time, o.name, s.resident_bytes, s.descriptors) for o in operators for s in o.samples],
        lines=[line for o in operators for line in _lines(o)],
        foreign=stage.foreign,
        kept={(meta["namespace"], meta["name"]): meta["uid"] for meta in metas},
        clocks=tuple(stage.clocks),
        wiped=stage.wiped,
        bad_since=stage.bad_since,
        slow=tuple(stage.slow),
        objections=tuple(stage.objections),
        notes=tuple(stage.notes),
        delivered=[told for told in stage.world.proxy.delivered if told.time <= end],
        bounds=bounds,
    )


def _lines(operator: Operator) -> Iterator[Line]:
    for line in operator.log:
        yield Line(line.time, operator.name, str(line.fields.get("message")), line.fields)
    for text in operator.defects:
        yield Line(0, operator.name, text, None)


def sharpened(runs: Iterable[Run], posts: Iterable[Post]) -> list[Run]:
    """Tell of each run when it was created as the answer to its request does, which the witness may have seen late."""
    told: dict[str, tuple[float, int]] = {}
    for post in posts:
        if post.call.server_status == 201 and post.call.forwarded is not None:
            with suppress(ValueError, KeyError):
                meta = json.loads(post.call.server_body)["metadata"]
                told[meta["uid"]] = post.call.forwarded, int(meta["resourceVersion"])
    return [_created(run, *told[run.uid]) if run.uid in told else run for run in runs]


def _created(run: Run, time: float, version: int) -> Run:
    """Move its creation; one that a list showed when it was over moves as a whole, as it may have been short."""
    begun = replace(run, created=min(run.created, time), created_version=min(run.created_version, version))
    is_listed = run.finished_version == run.created_version + 1
    return replace(begun, finished_version=begun.created_version + 1) if is_listed else begun


def creations(audit_log: Path, namespaces: Collection[str]) -> Mapping[tuple[str, str], Sequence[float]]:
    """Say when the Jobs of some namespaces were created, by the API server's audit log: by namespace and name."""
    found: dict[tuple[str, str], list[float]] = {}
    with audit_log.open(encoding="utf-8") as log:
        for line in log:
            if '"verb":"create"' not in line or '"resource":"jobs"' not in line:
                continue  # reading all of it takes seconds
            event = json.loads(line)
            target, code = event["objectRef"], event.get("responseStatus", {}).get("code", 500)
            if code < 300 and target.get("namespace") in namespaces and "dryRun" not in event["requestURI"]:
                time = seconds(event["requestReceivedTimestamp"])
                found.setdefault((target["namespace"], target.get("name", "")), []).append(time)
    return found
