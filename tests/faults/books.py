"""What a status says, compared with what we counted ourselves (laws L2, L12); and I12, of one that was wiped."""

from collections.abc import Iterator
from typing import Any

from tests.faults.evidence import BUSY, Applied, Evidence
from tests.faults.finding import Finding, clock
from tests.faults.reasons import RECENT, stood_still
from tests.faults.room import MARGIN, WAITING
from tests.faults.runs import seconds

Document = dict[str, Any]


def books(evidence: Evidence, applied: Applied) -> Iterator[str]:
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
    counts, queued = status["counts"], queued_in(document)
    since = seconds(counts["since"])
    parts = [counts.get(name, 0) for name in ("launched", "skipped", "missed")]
    due = counts.get("due", 0)
    if due != sum(parts) + len(queued):
        yield f"due {due} is not launched {parts[0]} + skipped {parts[1]} + missed {parts[2]} + queued {len(queued)}"
    if queued and task.policy not in WAITING:
        yield f"{len(queued)} fire times wait, though its policy is {task.policy}"
    if applied.pauses or applied.uid in evidence.wiped or task.daemon:
        return
    yield from _reasons(evidence, applied, status)
    if since > applied.created + MARGIN:
        yield f"counts since {clock(since)}, though it was created at {clock(applied.created)}"
    yield from _disagreements(evidence, applied, document)


def _reasons(evidence: Evidence, applied: Applied, status: Document) -> Iterator[str]:
    """Compare the counts with those by reason; while nothing is broken nobody misses what has no deadline."""
    task, skipped, missed = applied.task, status["counts"].get("skipped", 0), status["counts"].get("missed", 0)
    named = sum(entry["count"] for entry in status.get("notLaunched") or ())
    if named != skipped + missed:
        yield f"skipped {skipped} + missed {missed}, and reasons for {named}"
    if missed and not evidence.faults and not evidence.clocks and task.deadline is None:
        times = task.fire_times(applied.created, evidence.end)
        excused = sum(1 for time in times if stood_still(evidence, time + task.jitter))
        if missed > excused:
            yield f"missed {missed}, though nothing was broken"


def _disagreements(evidence: Evidence, applied: Applied, document: Document) -> Iterator[str]:
    """Compare what a status counts since its own beginning with what we counted; fire times in pauses may be in it."""
    task, counts, queued = applied.task, document["status"]["counts"], queued_in(document)
    since, until = seconds(counts["since"]), seconds(document["status"]["accountedTime"])
    runs = evidence.runs_of.get(applied.uid, ())
    made = {(r.fire_time, r.node) for r in runs if r.fire_time is not None and since < r.fire_time <= until}
    times = [time for time, _ in made if time not in queued]
    launched, due, came = counts.get("launched", 0), counts.get("due", 0), task.count(since, until)
    least = sum(1 for t in times if not any(begin <= t <= end for begin, end in applied.pauses))
    found = _found_at_its_beginning(evidence, applied, since)
    most = len(times) + found
    paused = sum(task.count(max(since, begin - 1), min(until, end)) for begin, end in applied.pauses if end > since)
    span = f"from {clock(since)} to {clock(until)}"
    given_up = least <= launched <= most and evidence.bounds.given_up  # law L12: it is added to what was due
    if not task.nodes and not came - max(0, paused) <= due <= came + found and not (given_up and due > came):
        yield f"due {due}, though {came} fire times came {span}"
    if not least <= launched <= most:
        yield f"launched {launched}, though Jobs of {most} were made {span}"
    over, ended = sum(1 for r in runs if r.finished is not None), counts.get("succeeded", 0) + counts.get("failed", 0)
    if ended > over:
        yield f"{ended} runs succeeded or failed, though only {over} Jobs finished"


def _found_at_its_beginning(evidence: Evidence, applied: Applied, since: float) -> int:
    """Count the Jobs that a status which was wiped found when it began anew: they are in its sums, too (law L12)."""
    if applied.uid not in evidence.wiped:
        return 0
    runs = evidence.runs_of.get(applied.uid, ())
    older = [r for r in runs if r.fire_time is not None and r.fire_time <= since]
    return sum(1 for r in older if r.gone is None or r.gone >= since - MARGIN)


def wiped_status_rebuilt(evidence: Evidence) -> Finding:
    """I12: a status that was wiped is soon written again, and no fire time starts a second time."""
    violations, longest = [], 0.0
    for uid, wiped in evidence.wiped.items():
        applied = next(a for a in evidence.tasks if a.uid == uid)
        written = next((c for c in _written(evidence, applied) if c > wiped), None)
        healed = max([wiped, *(f.heal for f in evidence.faults if f.begin <= wiped <= f.heal)])
        patience = evidence.patience(healed, evidence.bounds.recovery)
        if written is None or written > healed + patience:
            violations.append(f"{applied.task.name}: wiped at {clock(wiped)}, and not written again in time")
        else:
            longest = max(longest, written - healed)
        rebuilt = _rebuilt(evidence, applied, healed + patience)
        violations += [f"{applied.task.name}: {text}" for text in rebuilt]
        before = {(r.fire_time, r.node) for r in evidence.runs_of.get(uid, ()) if r.created < wiped and r.fire_time}
        after = {(r.fire_time, r.node) for r in evidence.runs_of.get(uid, ()) if r.created >= wiped and r.fire_time}
        violations += [f"{applied.task.name}: {clock(t)} was launched again" for t, _ in before & after]
    return Finding.of("I12", f"{len(evidence.wiped)} wiped, back in {longest:.1f} s", violations)


def _rebuilt(evidence: Evidence, applied: Applied, latest: float) -> Iterator[str]:
    """Judge the status at the end: it has counts that begin in time, and what it counted since agrees with ours."""
    document = evidence.documents.get(applied.uid, {})
    counts = (document.get("status") or {}).get("counts") or {}
    if "since" not in counts or "accountedTime" not in document["status"]:
        yield "at the end there is no count"
        return
    if seconds(counts["since"]) > latest:
        yield f"counts since {clock(seconds(counts['since']))} only"
    if not applied.task.daemon:
        yield from _disagreements(evidence, applied, document)


def _written(evidence: Evidence, applied: Applied) -> Iterator[float]:
    """List when the server took a status of a task that holds its account."""
    for call in evidence.calls:
        if call.resource != "torchtasks/status" or call.name != applied.task.name or not call.body:
            continue
        taken = call.namespace == applied.task.namespace and call.server_status == 200
        if taken and b'"counts"' in call.body and call.server_answered is not None:
            yield call.server_answered


def queued_in(document: Document) -> set[int]:
    """Read which fire times wait, by a status."""
    return {round(seconds(text)) for text in document.get("status", {}).get("queuedTimes") or ()}
