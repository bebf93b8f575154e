"""What is left at the end of an experiment, when nothing was broken for a while: no more than if nothing had been."""

from collections.abc import Iterator
from itertools import pairwise

from tests.faults.evidence import BUSY, Applied, Evidence
from tests.faults.finding import clock
from tests.faults.reasons import explanation
from tests.faults.room import NEARLY, WAITING, idle, unlaunched

SETTLED = 6.0  # seconds in which a status is written (5 under load), and what can start starts
PRUNED = 10.0  # seconds in which a Job goes that is too many
DOUBT = 60.0  # seconds from its creation in which it may stay: a copy of its launch may be on its way still (law L11)
HISTORY = 3  # finished Jobs of either kind that stay, unless the task says otherwise
BRIEF, PATIENT = 2.0, 60.0  # seconds: an instance that lived less did not start; the next may be as long in coming


def left_over(evidence: Evidence, applied: Applied) -> Iterator[str]:
    """Judge what the cluster shows of a task, and what its status says of that."""
    for time in _waits_in_vain(evidence, applied):
        yield f"{applied.task.name}: {clock(time)} waits, and there was room for it"
    begin, end = evidence.end - SETTLED, evidence.end
    quiet = not evidence.disturbed(begin, end) and evidence.busy(begin, end) <= BUSY
    if not quiet or applied.created > begin or not applied.in_force(end):
        return
    for text in (_waiting(evidence, applied), _history(evidence, applied), _instances(evidence, applied)):
        if text:
            yield f"{applied.task.name}: {text}"
    if text := _active(evidence, applied):
        yield f"{applied.task.name}: {text}"


def _waits_in_vain(evidence: Evidence, applied: Applied) -> list[int]:
    """List the fire times that can only have waited, though the cluster shows that there was room for a while."""
    if applied.task.policy not in WAITING:
        return []
    end = min(evidence.end, applied.deleted or evidence.end)
    times = [t for t in unlaunched(evidence, applied) if idle(evidence, applied, t, end) > NEARLY]
    return [t for t in times if explanation(evidence, applied, t) == "waiting"]


def _waiting(evidence: Evidence, applied: Applied) -> str:
    """Nothing waits at the end that could start."""
    waiting = evidence.documents.get(applied.uid, {}).get("status", {}).get("queuedTimes") or []
    room = idle(evidence, applied, evidence.end - SETTLED, evidence.end)
    return f"{waiting} wait, and there was room for {room:.1f} s" if waiting and room > SETTLED / 2 else ""


def _history(evidence: Evidence, applied: Applied) -> str:
    """Finished Jobs beyond the limits are gone."""
    task, runs = applied.task, evidence.runs_of.get(applied.uid, ())
    if task.at is not None:  # its Job lives as long as the task
        return ""
    for failed, field in ((False, "successfulJobsHistoryLimit"), (True, "failedJobsHistoryLimit")):
        ended = [r for r in runs if r.failed == failed and (r.finished or evidence.end) <= evidence.end - PRUNED]
        oldest = sorted(ended, key=lambda r: (r.fire_time or r.created, r.gone is None))
        spare = oldest[: -task.more.get(field, HISTORY)]
        kept = [r.name for r in spare if r.gone is None and r.created <= evidence.end - DOUBT - PRUNED]
        if kept:
            return f"{field} is exceeded by {', '.join(kept)}"
    return ""


def _instances(evidence: Evidence, applied: Applied) -> str:
    """A daemon has all its instances, but for those that ended just now."""
    task, runs = applied.task, evidence.runs_of.get(applied.uid, ())
    if not task.daemon:
        return ""
    brief = any(r.ended is not None and r.ended - r.created < BRIEF and evidence.end - r.ended < PATIENT for r in runs)
    since = evidence.end - (PATIENT if brief else SETTLED)
    there = sum(1 for r in runs if r.ended is None or r.ended >= since)
    wanted = (task.limit or 1) * max(1, task.nodes)
    return f"{there} of its {wanted} instances are there" if there < wanted else ""


def _active(evidence: Evidence, applied: Applied) -> str:
    """The status says how many runs are active as the cluster shows it, or did a moment ago."""
    status = evidence.documents.get(applied.uid, {}).get("status")
    if status is None:
        return ""
    begin, runs = evidence.end - SETTLED, evidence.runs_of.get(applied.uid, ())
    changes = [t for r in runs for t in (r.created, r.ended) if t is not None and begin <= t <= evidence.end]
    moments = sorted((begin, *changes, evidence.end))
    between = [(first + second) / 2 for first, second in pairwise(moments)]  # at a change both sides of it count
    counts = [sum(1 for r in runs if r.active_within(t, t)) for t in (*moments, *between)]
    said, least = int(status.get("active", 0)), min(counts) - len([t for t in changes if t > evidence.end - 1])
    return "" if least <= said <= max(counts) else f"active is {said}, though {min(counts)} to {max(counts)} runs were"
