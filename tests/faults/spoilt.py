"""Good histories, and ways to spoil them: what the laws are tried with."""

from collections.abc import Sequence
from dataclasses import replace

from tests.faults.calls import Call
from tests.faults.evidence import Evidence, Ready
from tests.faults.histories import (
    ALLOW,
    END,
    FORBID,
    NONE,
    NOON,
    QUEUE,
    SLOW,
    broken,
    call,
    changed,
    history,
    launched,
    outage,
    rfc3339,
    text,
    with_calls,
    with_runs,
)
from tests.faults.runs import Run

GOOD = history(FORBID, ALLOW, SLOW)
POST, RUN = launched(FORBID, NOON + 60)
OUTAGE = broken(outage(), FORBID, ALLOW, NONE, made_up=[60])
STRANGER = replace(RUN, uid="other", name="stranger", owner="", fire_time=None, gone=END + 9.0)
BAD = replace(ALLOW, uid="uid-bad", task=replace(ALLOW.task, name="bad", bad=True))


def answered_again(uid: str) -> Call:
    """Ask for a Job once more, and get one of another UID."""
    post, _ = launched(FORBID, NOON + 60, late=0.4)
    post.server_body = text(metadata={"uid": uid})
    return post


def without(evidence: Evidence, *times: int) -> Evidence:
    """Let the Jobs of some fire times never have been, though nothing tells why."""
    gone = {NOON + t for t in times}
    posts = [c for c in evidence.calls if not any(str(t) in c.body.decode() for t in gone)]
    return replace(evidence, calls=posts, runs=[r for r in evidence.runs if r.fire_time not in gone])


def overlapping(evidence: Evidence) -> Evidence:
    """Let one run last beyond the creation of the next one of its task."""
    runs = [replace(r, finished_version=r.created_version + 10_500) if r.uid == RUN.uid else r for r in evidence.runs]
    return replace(evidence, runs=runs)


def late_by(seconds: float, since: int = 60) -> Evidence:
    """Let launches be late from some second on."""
    return history(FORBID, ALLOW, late=lambda t: seconds if t >= NOON + since else 0.02)


def unready(begin: int, end: int, *, silent: int | None = None) -> Sequence[Ready]:
    """Let readiness be lost for some seconds; at one second there is no answer."""
    said = [Ready(t, "a", ready=not NOON + begin <= t < NOON + end) for t in range(NOON, END)]
    return [replace(r, ready=None) if r.time - NOON == silent else r for r in said]


def wiped(*rewritten: float, again: Run | None = None) -> Evidence:
    """Wipe a status half a minute after noon, and write it again."""
    calls = []
    for after in rewritten:
        patch = call("patch", "torchtasks/status", NOON + 30 + after, namespace=FORBID.task.namespace, name="forbid")
        patch.body = text(status={"counts": {}})
        calls.append(patch)
    evidence = replace(with_calls(GOOD, *calls), wiped={FORBID.uid: NOON + 30.5})
    return with_runs(evidence, again) if again else evidence


def in_the_way(verb: str, run: Run) -> Evidence:
    """Delete or patch a Job."""
    return with_calls(with_runs(GOOD, STRANGER), call(verb, "jobs", END - 20, namespace=run.namespace, name=run.name))


def queued_up() -> Evidence:
    """Let runs of 25 s come every 10 s, and two fire times wait."""
    waited = {20: 15.1, 30: 30.2, 40: 45.3, 60: 50.4}
    full = {NOON + t for t in (50, 70, 80, 90, 100, 110, 120)}
    evidence = history(QUEUE, lost=full.__contains__, late=lambda t: waited.get(t - NOON, 0.02))
    return changed(evidence, QUEUE, queuedTimes=["2027-01-15T08:01:30Z"], skipped=5)


def written(*seconds: int) -> Evidence:
    """Write statuses of a task, accounted up to some seconds after noon."""
    calls = []
    for number, after in enumerate(seconds):
        patch = call("patch", "torchtasks/status", END - 9 + number, namespace=FORBID.task.namespace, name="forbid")
        patch.body = text(status={"accountedTime": rfc3339(NOON + after), "counts": {"since": rfc3339(NOON)}})
        calls.append(patch)
    return with_calls(GOOD, *calls)


def lease(*writes: tuple[int, str, str]) -> Evidence:
    """Let operators write the Lease: at some second after noon, who, and with which holder."""
    calls = []
    for after, operator, holder in writes:
        patch = call("patch", "leases", NOON + after, name="torchtask")
        patch.operator, patch.body = operator, text(spec={"holderIdentity": holder})
        calls.append(patch)
    return with_calls(GOOD, *calls)
