"""Laws of conduct: limits, other people's Jobs, staying alive and telling the truth, and modesty (I5, I9, I10, I11)."""

from collections.abc import Iterator
from itertools import groupby
from math import inf

from tests.faults.calls import Call
from tests.faults.evidence import Evidence, Fault, Ready
from tests.faults.finding import Finding, clock, most_in
from tests.faults.runs import Run
from tests.faults.written import lease_snatched

WRITES = frozenset({
    ("create", "jobs"), ("patch", "jobs"), ("delete", "jobs"), ("patch", "torchtasks/status"),
    ("create", "events"), ("patch", "events"), ("create", "leases"), ("update", "leases"), ("patch", "leases"),
})  # fmt: skip
READS = frozenset({"get", "list", "watch"})
LINES_SPAN = 10  # seconds over which the rate of log lines is taken
BLINK = 1.0  # seconds by which a sample of readiness may lag


def limits_hold(evidence: Evidence) -> Finding:
    """I5: at no event of the cluster are more runs of a task active than its limit (on a node, with EveryNode)."""
    violations, checked = [], 0
    for applied in evidence.tasks:
        limit = applied.task.limit
        if limit is None:
            continue
        by_node = groupby(sorted(evidence.runs_of.get(applied.uid, ()), key=_node), key=_node)
        for _, runs in by_node:
            most, worst = _most_active(list(runs))
            checked += 1
            if most > limit:
                violations.append(f"{applied.task.name}: {most} runs were active when {worst} was created, not {limit}")
    figure = f"{len(violations)} over of {checked}"
    return Finding.of("I5", figure, () if evidence.bounds.overlap else violations)


def _node(run: Run) -> str:
    return run.node


def _most_active(runs: list[Run]) -> tuple[int, str]:
    events = [(r.created_version, 1, r.name) for r in runs]
    events += [(r.ended_version, -1, r.name) for r in runs if r.ended_version is not None]
    active, most, worst = 0, 0, ""
    for _, step, name in sorted(events):
        active += step
        if active > most:
            most, worst = active, name
    return most, worst


def foreign_untouched(evidence: Evidence) -> Finding:
    """I9: only Jobs whose controller is a task are deleted or patched; nothing else is written than what is ours.

    The Lease of another is his until it has run out, or he gave it back.
    """
    owners = {applied.uid for applied in evidence.tasks}
    violations, touched = [], 0
    for call in evidence.calls:
        if call.verb in READS or call.is_dry_run:
            continue
        if (call.verb, call.resource) not in WRITES:
            violations.append(f"{call.operator}: {call.verb} {call.path} at {clock(call.arrived)}: not ours to write")
        if call.resource == "jobs" and call.verb in ("delete", "patch"):
            touched += 1
            if (run := _target(evidence, call)) is not None and run.owner not in owners:
                violations.append(f"{call.operator}: {call.verb} of {run.name}, which no task of ours controls")
    for name, uid in evidence.foreign.items():
        if evidence.kept.get(name) != uid:
            violations.append(f"the foreign Job {'/'.join(name)} is gone, or another one")
    violations += lease_snatched(evidence)
    return Finding.of("I9", f"{len(violations)} of {touched}", violations)


def _target(evidence: Evidence, call: Call) -> Run | None:
    """Return the Job that a call reached, by the name that it had then; None: it reached none."""
    if call.server_status is None or call.server_status >= 300:
        return None
    named = (r for r in evidence.runs if (r.namespace, r.name) == (call.namespace, call.name))
    there = [r for r in named if r.created <= call.arrived + BLINK and (r.gone is None or r.gone >= call.arrived)]
    return min(there, key=lambda r: r.created, default=None)


def alive_and_honest(evidence: Evidence) -> Finding:
    """I10: no exit that we did not make; not ready half a minute after it went blind, nor again before it sees."""
    violations = [
        f"{e.operator} ended with {e.code} at {clock(e.time)}, and nobody asked for it"
        for e in evidence.exits
        if not e.asked
    ]
    exits = len(violations)
    blind = [f for f in evidence.faults if f.blind]
    for fault in blind:
        violations += _dishonest(evidence, fault)
    return Finding.of("I10", f"{exits} exits, {len(violations) - exits} lies in {len(blind)} blindings", violations)


def _dishonest(evidence: Evidence, fault: Fault) -> Iterator[str]:
    within = [s for s in evidence.readiness if fault.begin <= s.time < fault.heal]
    for operator, samples in groupby(sorted(within, key=_operator), key=_operator):
        ended = min((e.time for e in evidence.exits if e.operator == operator and e.time >= fault.begin), default=inf)
        before = True
        for sample in samples:
            if sample.ready is None or (sample.time < fault.begin + BLINK and sample.time < ended):
                continue
            before = before and sample.time < ended  # who was started while blind never saw anything
            if sample.ready and sample.time > fault.begin + evidence.bounds.unready + BLINK:
                yield f"{operator} was still ready at {clock(sample.time)}, blind since {clock(fault.begin)}"
                break
            if sample.ready and not before:
                yield f"{operator} became ready at {clock(sample.time)}, while it was blind"
                break
            before = sample.ready
    heal = max(f.heal for f in evidence.faults if f.begin <= fault.heal + BLINK)  # one may go over into another
    until = heal + evidence.patience(heal, evidence.bounds.recovery) + BLINK
    after = [s for s in evidence.readiness if heal <= s.time]
    if after and after[-1].time > until and not any(s.ready for s in after if s.time <= until):
        yield f"nobody was ready by {clock(until)}: {fault.name} was healed at {clock(heal)}"


def _operator(sample: Ready) -> str:
    return sample.operator


def modest(evidence: Evidence) -> Finding:
    """I11: memory, descriptors, queues and the rate of log lines are bounded; each line of the log is JSON."""
    bounds = evidence.bounds
    memory = max((s.memory for s in evidence.samples), default=0)
    descriptors = max((s.descriptors for s in evidence.samples), default=0)
    violations = []
    if memory > bounds.memory:
        violations.append(f"{memory / 2**20:.0f} MiB of memory")
    if descriptors > bounds.descriptors:
        violations.append(f"{descriptors} open descriptors")
    violations += _growing(evidence)
    for applied in evidence.tasks:
        queue = evidence.documents.get(applied.uid, {}).get("status", {}).get("queuedTimes") or ()
        starting = applied.task.limit or 1  # those whose turn has come wait until they are answered
        if len(queue) > applied.task.queue_limit + starting:
            violations.append(f"{applied.task.name}: {len(queue)} fire times wait")
    lines, when = most_in((line.time for line in evidence.lines), LINES_SPAN)
    if lines > bounds.lines * LINES_SPAN:
        violations.append(f"{lines} log lines in the {LINES_SPAN} s from {clock(when)}")
    violations += [f"{s.operator} logged what is no JSON: {s.text[:200]!r}" for s in evidence.lines if s.fields is None]
    figure = f"{memory / 2**20:.0f} MiB, {descriptors} fds, {lines / LINES_SPAN:.0f} lines/s"
    return Finding.of("I11", figure, violations)


def told(evidence: Evidence) -> Finding:
    """Told: each fault leaves a line in the log and a count in the metrics, where the experiment wants it to."""
    figure = "; ".join([f"{len(evidence.objections)} untold", *evidence.notes])
    return Finding.of("told", figure, evidence.objections)


def _growing(evidence: Evidence) -> Iterator[str]:
    """Compare what a process holds in the last quarter with the second one: in the first it is only starting."""
    for operator in sorted({s.operator for s in evidence.samples}):
        held = [s.memory for s in evidence.samples if s.operator == operator]
        quarter = len(held) // 4
        early, last = max(held[quarter : 2 * quarter], default=0), max(held[3 * quarter :], default=0)
        if quarter >= 5 and last > early * evidence.bounds.growth:
            yield f"{operator} grew from {early / 2**20:.0f} to {last / 2**20:.0f} MiB"
