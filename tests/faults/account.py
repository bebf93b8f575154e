"""Laws of the account: one Job for a fire time, each fire time explained, and a status that says so (I1, I2, I12)."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.faults.evidence import BUSY, Applied, Evidence
from tests.faults.finding import Finding, clock
from tests.faults.runs import seconds
from tests.faults.written import statuses_go_back

SETTLED = 2.0  # seconds before the end in which a fire time may still be under way
MARGIN = 1.0  # seconds by which our sight of a Job and the operator's may differ
RECENT = 5.0  # an older fire time that nobody was there for is late (law L3)
FOLLOWED = {"launched", "waiting", "refused"}
UNWRITTEN = 6.0  # seconds for which what was decided may be in no status yet (5 under load): it is then nobody's
FINAL = frozenset({400, 403, 404, 405, 413, 422})  # answers after which a launch may be given up (law L8)


def one_job_per_fire_time(evidence: Evidence) -> Finding:
    """I1: at most one Job is ever created for a task's fire time (and node): by watch, answers and audit log."""
    made: dict[tuple[str, int, str], set[str]] = {}
    for run in evidence.runs:
        if run.owner and run.fire_time is not None:
            made.setdefault((run.owner, run.fire_time, run.node), set()).add(run.uid)
    for (owner, time), posts in evidence.posts.items():
        for post in posts:
            if post.call.server_status == 201 and (uid := _uid(post.call.server_body)):
                made.setdefault((owner, time, post.node), set()).add(uid)
    twice = [
        f"{owner[:8]} {clock(time)} {node}: Jobs {', '.join(sorted(uids))}"
        for (owner, time, node), uids in made.items()
        if len(uids) > 1
    ]
    ours = {(r.namespace, r.name) for r in evidence.runs if r.owner}
    again = [
        f"{name[0]}/{name[1]} was created {len(times)} times, at {', '.join(map(clock, times))}"
        for name, times in evidence.creations.items()
        if len(times) > 1 and name in ours
    ]
    return Finding.of("I1", f"{len(twice) + len(again)} twice of {len(made)}", [*twice, *again])


def _uid(body: bytes) -> str:
    try:
        return str(json.loads(body)["metadata"]["uid"])
    except (ValueError, KeyError, TypeError):
        return ""


def every_fire_time_explained(evidence: Evidence) -> Finding:
    """I2: each fire time has its Job, or a reason that we see ourselves; and the status' sums agree with that."""
    reasons: Counter[str] = Counter()
    violations = []
    for applied in evidence.tasks:
        for time in _to_explain(evidence, applied):
            reason = explanation(evidence, applied, time)
            reasons[reason or "unexplained"] += 1
            if not reason:
                violations.append(f"{applied.task.name}: {clock(time)} has no Job, and nothing explains it")
        violations += [f"{applied.task.name}: {text}" for text in _never_named(evidence, applied)]
        violations += [f"{applied.task.name}: {text}" for text in _not_made_up(evidence, applied)]
        violations += [f"{applied.task.name}: {text}" for text in _books(evidence, applied)]
    violations += statuses_go_back(evidence)
    figure = ", ".join(f"{number} {reason}" for reason, number in reasons.most_common())
    return Finding.of("I2", figure or "no fire times", violations)


def _to_explain(evidence: Evidence, applied: Applied) -> list[int]:
    until = evidence.end - SETTLED - applied.task.jitter
    if applied.deleted is not None:
        until = min(until, applied.deleted)
    return applied.task.fire_times(applied.created, until)


def explanation(evidence: Evidence, applied: Applied, time: int) -> str:
    """Say what became of a fire time, by what we saw; empty: nothing that may happen to one."""
    task, posts = applied.task, evidence.posts.get((applied.uid, time), ())
    launched = sum(1 for r in evidence.runs_of.get(applied.uid, ()) if r.fire_time == time)
    statuses = {p.call.status for p in posts}
    names = {(p.call.namespace, p.name) for p in posts}
    foreign = 409 in statuses and any((r.namespace, r.name) in names and r.owner != applied.uid for r in evidence.runs)
    blind = [f for f in evidence.faults if f.blind or f.down or f.hampered]
    late = 0.0 if task.deadline is None else task.deadline
    cases = {
        "launched": launched >= max(1, task.nodes),
        "out of force": not applied.in_force(time),
        "name taken": foreign,
        "refused": bool(statuses & FINAL),
        "waiting": time in _queued(evidence.documents.get(applied.uid, {})),
        "outage": any(f.begin - MARGIN <= time + task.jitter and time <= f.heal + MARGIN for f in blind),
        "forgotten": any(0 <= f.begin - time <= UNWRITTEN for f in blind) and _waits(evidence, applied, time),
        "deadline": any(0 < time + late - f.heal < evidence.bounds.recovery for f in blind if late and time >= f.begin),
        "at limit": at_limit(evidence, applied, time),
        "deleted": applied.deleted is not None and _waits(evidence, applied, time),
        "busy machine": evidence.busy(time - RECENT, time + RECENT) > BUSY,
    }
    return next((reason for reason, holds in cases.items() if holds), "")


def at_limit(evidence: Evidence, applied: Applied, time: int) -> bool:
    """Tell whether the runs that the cluster showed left no room for a fire time, under the task's policy."""
    task = applied.task
    slack = catching_up(evidence, time)
    if not no_room(evidence, applied, time, time + task.jitter + slack):
        return False
    if task.policy == "Replace":
        return no_room(evidence, applied, time + task.period, time + task.period + slack)
    if task.policy == "Queue" and task.deadline is None:
        queue = _queued(evidence.documents.get(applied.uid, {}))
        runs = evidence.runs_of.get(applied.uid, ())
        waited = {r.fire_time for r in runs if r.fire_time is not None and r.created > time - MARGIN}
        return sum(1 for t in waited.union(queue) if t < time) >= task.queue_limit - 1
    return True


def _waits(evidence: Evidence, applied: Applied, time: int) -> bool:
    """Tell whether a fire time was put into the queue, when it came."""
    return applied.task.policy in ("Queue", "Replace") and no_room(evidence, applied, time, time)


def catching_up(evidence: Evidence, time: float) -> float:
    """Say how much later than `time` it may have been decided, for an operator that recovers from a fault."""
    until = (f.heal + evidence.bounds.recovery for f in evidence.faults if f.begin <= time)
    return max(0.0, max((u - time for u in until), default=0.0))


def no_room(evidence: Evidence, applied: Applied, begin: float, end: float) -> bool:
    """Tell whether the runs that the cluster showed from `begin` to `end` reached the task's limit."""
    if applied.task.limit is None:
        return False
    others = (r for r in evidence.runs_of.get(applied.uid, ()) if r.fire_time is None or r.fire_time != begin)
    margin = MARGIN + max((abs(o.seconds) for o in evidence.clocks if o.since <= end), default=0)
    active = sum(1 for r in others if r.active_within(begin - margin, end + margin))
    return active >= applied.task.limit


def _queued(document: dict[str, Any]) -> set[int]:
    return {round(seconds(text)) for text in document.get("status", {}).get("queuedTimes") or ()}


def _never_named(evidence: Evidence, applied: Applied) -> Iterator[str]:
    """No Job belongs to a time that the schedule does not name, or that had passed when the task was created."""
    times = set(applied.task.fire_times(applied.created, evidence.end + 60))  # the Jobs were listed a little later
    for run in evidence.runs_of.get(applied.uid, ()):
        if run.fire_time is not None and run.fire_time not in times and applied.in_force(run.fire_time):
            yield f"{run.name} is of {clock(run.fire_time)}, which is no fire time"


def _not_made_up(evidence: Evidence, applied: Applied) -> Iterator[str]:
    """After an outage Latest and All start the newest fire time that was lost, or one is due just then (L3)."""
    task, bounds = applied.task, evidence.bounds
    if task.catch_up == "None" or task.daemon:
        return
    for fault in evidence.faults:
        lost = task.fire_times(max(fault.begin, applied.created), fault.heal)
        until = fault.heal + bounds.recovery
        if not (fault.blind or fault.down) or not lost or until > evidence.end or not applied.in_force(lost[-1]):
            continue
        if task.deadline is not None and lost[-1] + task.deadline < until:
            continue
        if any(f.begin <= until and f.heal > fault.heal for f in evidence.faults):
            continue
        if any(fault.begin <= offset.since <= fault.heal for offset in evidence.clocks):
            continue  # it decided, by another clock, before it noticed
        started = [
            r for r in evidence.runs_of.get(applied.uid, ()) if fault.heal - MARGIN <= r.created <= until + MARGIN
        ]
        reasons = {explanation(evidence, applied, t) for t in (lost[-1], *task.fire_times(fault.heal, until))}
        if not started and not no_room(evidence, applied, lost[-1], until) and not reasons & FOLLOWED:
            yield f"nothing was started for the outage until {clock(fault.heal)}, though catchUp is {task.catch_up}"


def _books(evidence: Evidence, applied: Applied) -> Iterator[str]:
    """Compare the status' counts with what we counted, up to the moment that the status itself names."""
    task, document = applied.task, evidence.documents.get(applied.uid)
    if document is None:
        return
    status = document.get("status") or {}
    if "since" not in status.get("counts", {}) or "accountedTime" not in status:
        fired = any(applied.in_force(t) for t in task.fire_times(applied.created, evidence.end - RECENT))
        if fired and evidence.busy(evidence.end - 2 * RECENT, evidence.end) <= BUSY:
            yield "has no counts, though fire times came"
        return
    counts, queued = status["counts"], _queued(document)
    since, until = seconds(counts["since"]), seconds(status["accountedTime"])
    parts = [counts.get(name, 0) for name in ("launched", "skipped", "missed")]
    due = counts.get("due", 0)
    if due != sum(parts) + len(queued):
        yield f"due {due} is not launched {parts[0]} + skipped {parts[1]} + missed {parts[2]} + queued {len(queued)}"
    is_plain = not applied.pauses and applied.uid not in evidence.wiped and not task.daemon
    if not is_plain:
        return
    if since > applied.created + MARGIN:
        yield f"counts since {clock(since)}, though it was created at {clock(applied.created)}"
    runs = evidence.runs_of.get(applied.uid, ())
    made = {(r.fire_time, r.node) for r in runs if r.fire_time is not None and since < r.fire_time <= until}
    made = {(time, node) for time, node in made if time not in queued}
    came = task.count(since, until)
    given_up = len(made) == parts[0] and evidence.bounds.given_up  # law L12: it is added to what was due
    if not task.nodes and due != came and not (given_up and due > came):
        yield f"due {due}, though {came} fire times came from {clock(since)} to {clock(until)}"
    if parts[0] != len(made):
        yield f"launched {parts[0]}, though Jobs of {len(made)} were made from {clock(since)} to {clock(until)}"
    over = [r.finished for r in runs if r.finished is not None]
    ended = counts.get("succeeded", 0) + counts.get("failed", 0)
    if ended > len(over):
        yield f"{ended} runs succeeded or failed, though only {len(over)} Jobs finished"


def wiped_status_rebuilt(evidence: Evidence) -> Finding:
    """I12: a status that was wiped is soon written again, and no fire time starts a second time."""
    violations, longest = [], 0.0
    for uid, wiped in evidence.wiped.items():
        applied = next(a for a in evidence.tasks if a.uid == uid)
        written = next((c for c in _written(evidence, applied) if c > wiped), None)
        healed = max([wiped, *(f.heal for f in evidence.faults if f.begin <= wiped <= f.heal)])
        if written is None or written > healed + evidence.bounds.recovery:
            violations.append(f"{applied.task.name}: wiped at {clock(wiped)}, and not written again in time")
        else:
            longest = max(longest, written - healed)
        if "counts" not in (evidence.documents.get(uid, {}).get("status") or {}):
            violations.append(f"{applied.task.name}: at the end there is no count")
        before = {(r.fire_time, r.node) for r in evidence.runs_of.get(uid, ()) if r.created < wiped and r.fire_time}
        after = {(r.fire_time, r.node) for r in evidence.runs_of.get(uid, ()) if r.created >= wiped and r.fire_time}
        violations += [f"{applied.task.name}: {clock(t)} was launched again" for t, _ in before & after]
    return Finding.of("I12", f"{len(evidence.wiped)} wiped, back in {longest:.1f} s", violations)


def _written(evidence: Evidence, applied: Applied) -> Iterator[float]:
    """List when the server took a status of a task that holds its account."""
    for call in evidence.calls:
        if call.resource != "torchtasks/status" or call.name != applied.task.name or not call.body:
            continue
        taken = call.namespace == applied.task.namespace and call.server_status == 200
        if taken and b'"counts"' in call.body and call.server_answered is not None:
            yield call.server_answered
