"""Laws of the account: one Job for a fire time, and each fire time explained (I1, I2)."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence

from tests.faults.books import books
from tests.faults.evidence import Applied, Evidence
from tests.faults.finding import Finding, clock
from tests.faults.reasons import RECENT, explanation
from tests.faults.room import MARGIN, WAITING, no_room
from tests.faults.written import statuses_go_back

SETTLED = 2.0  # seconds before the end in which a fire time may still be under way
FOLLOWED = {"launched", "waiting", "refused"}


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
        violations += [f"{applied.task.name}: {text}" for text in books(evidence, applied)]
    violations += statuses_go_back(evidence)
    figure = ", ".join(f"{number} {reason}" for reason, number in reasons.most_common())
    return Finding.of("I2", figure or "no fire times", violations)


def _to_explain(evidence: Evidence, applied: Applied) -> list[int]:
    until = evidence.end - SETTLED - applied.task.jitter
    if applied.deleted is not None:
        until = min(until, applied.deleted - applied.task.jitter)  # until then it may have waited for its jitter
    return applied.task.fire_times(applied.created, until)


def _never_named(evidence: Evidence, applied: Applied) -> Iterator[str]:
    """No Job belongs to a time that the schedule does not name, or that had passed when the task was created."""
    times = set(applied.task.fire_times(applied.created, evidence.end + 60))  # the Jobs were listed a little later
    for run in evidence.runs_of.get(applied.uid, ()):
        if run.fire_time is not None and run.fire_time not in times and applied.in_force(run.fire_time):
            yield f"{run.name} is of {clock(run.fire_time)}, which is no fire time"


def _not_made_up(evidence: Evidence, applied: Applied) -> Iterator[str]:
    """After an outage Latest and All start the newest fire time that was lost, or one is due just then (L3).

    All starts as many as its limit says; of those some may wait still, the newest.
    """
    task = applied.task
    if task.catch_up == "None" or task.daemon:
        return
    for fault in evidence.faults:
        lost = task.fire_times(max(fault.begin, applied.created), fault.heal)
        until = fault.heal + evidence.patience(fault.heal, evidence.bounds.recovery)
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
        elif task.catch_up == "All" and task.deadline is None and applied.deleted is None:
            places = task.catch_up_limit - task.count(fault.heal, until - RECENT)  # less what was late itself since
            yield from _left_out(evidence, applied, lost[max(0, len(lost) - places) :])


def _left_out(evidence: Evidence, applied: Applied, lost: Sequence[int]) -> Iterator[str]:
    """Find fire times of an outage that nothing was made of, and that do not wait: of none newer is there a Job."""
    newest = max((r.fire_time or 0 for r in evidence.runs_of.get(applied.uid, ())), default=0)
    waiting = applied.task.policy in WAITING
    for time in lost:
        if not explanation(evidence, applied, time, made_up=True) and not (waiting and time > newest):
            yield f"{clock(time)} was not made up for, though catchUp is All"
