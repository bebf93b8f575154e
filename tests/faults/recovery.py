"""I7: soon after a fault it is as if nothing had been; and while it lasts, nobody is given up for long."""

from collections.abc import Iterator

from tests.faults.account import SETTLED
from tests.faults.backoff import left_alone
from tests.faults.evidence import Applied, Evidence, Fault
from tests.faults.finding import Finding, clock
from tests.faults.reasons import explanation
from tests.faults.remains import left_over
from tests.faults.room import no_room
from tests.faults.timing import by_its_clock


def recovered(evidence: Evidence) -> Finding:
    """I7: 5 s after a fault is healed each task fires at its next fire time, and nothing is left over of it.

    While it lasts each collection is asked for again and again, with no pause of more than 3 s.
    """
    violations: list[str] = []
    slowest = 0.0
    for fault in evidence.faults:
        until = min([evidence.end, *(f.begin for f in evidence.faults if f.begin > fault.heal)]) - SETTLED
        latest = fault.heal + evidence.patience(fault.heal, evidence.bounds.recovery)
        if until < latest or _overlapped(evidence, fault):
            continue
        first = _first_launch(evidence, fault.heal)
        wanted = any(a.task.fire_times(max(fault.heal, a.created), until) for a in evidence.tasks)
        if wanted and (first is None or first > latest):
            after = f"after {first - fault.heal:.1f} s" if first else "never"
            violations.append(f"{fault.name}: healed at {clock(fault.heal)}, launched again {after}")
        slowest = max(slowest, first - fault.heal if first else 0.0)
        for applied in evidence.tasks:
            violations += _not_as_before(evidence, applied, fault, until)
    for applied in evidence.tasks:
        violations += left_over(evidence, applied)
    violations += left_alone(evidence)
    return Finding.of("I7", f"launches {slowest:.1f} s after heal", violations)


def _overlapped(evidence: Evidence, fault: Fault) -> bool:
    """Tell whether something else was still broken when a fault was healed."""
    return any(f is not fault and f.begin <= fault.heal < f.heal for f in evidence.faults)


def _first_launch(evidence: Evidence, after: float) -> float | None:
    times = (
        post.call.arrived
        for posts in evidence.posts.values()
        for post in posts
        if post.call.arrived >= after and post.call.server_status in (201, 409)
    )
    return min(times, default=None)


def _not_as_before(evidence: Evidence, applied: Applied, fault: Fault, until: float) -> Iterator[str]:
    task = applied.task
    times = task.fire_times(max(fault.heal + evidence.bounds.recovery, applied.created), until - task.jitter)
    if not times or not applied.in_force(times[0]):
        return
    posts = evidence.posts.get((applied.uid, times[0]), ())
    latest = times[0] + task.jitter + evidence.bounds.late
    latest += evidence.slow_for(fault.heal, latest)
    if posts and by_its_clock(evidence, posts[0]) <= latest:
        return
    if not no_room(evidence, applied, times[0], times[0]) and explanation(evidence, applied, times[0]) in (
        "",
        "launched",
    ):
        yield f"{task.name}: {clock(times[0])} did not start on time, {fault.name} was healed {clock(fault.heal)}"
