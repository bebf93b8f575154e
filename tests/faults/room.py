"""Which runs left a task no room, as the cluster showed them and the operators were told of their ends."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import inf

from tests.faults.calls import DENIED, Call
from tests.faults.evidence import Applied, Evidence
from tests.faults.runs import Post
from tests.faults.sight import Span, stretches

MARGIN = 1.0  # seconds by which our sight of a Job and the operator's may differ
NEARLY = 2.0  # seconds within which what waits is started, once there is room
CONFLICT, TAKEN = 409, b"AlreadyExists"
PASSING = frozenset({401, CONFLICT, 429})  # and those from 500 on: whether there is a Job now is not known
WAITING = ("Queue", "Replace")  # policies under which a fire time may wait for room


def no_room(evidence: Evidence, applied: Applied, begin: float, end: float) -> bool:
    """Tell whether the runs that the cluster showed from `begin` to `end` reached the task's limit.

    Those of fire times before `begin`: newer ones find room after it only (law L4).
    """
    limit = applied.task.limit
    if limit is None:
        return False
    margin = MARGIN + max((abs(o.seconds) for o in evidence.clocks if o.since <= end), default=0)
    others = (span for time, span in taken(evidence, applied) if time is None or time < begin)
    return sum(1 for first, last in others if first <= end + margin and last >= begin - margin) >= limit


def taken(evidence: Evidence, applied: Applied) -> list[tuple[int | None, Span]]:
    """Say when runs of a task took its room, by fire time: from the first request for each until its end was known.

    A request that was not answered takes room, too: there may be a Job of it.
    """
    known = evidence.taken.get(applied.uid)
    if known is None:
        known = evidence.taken[applied.uid] = list(_taken(evidence, applied))
    return known


def _taken(evidence: Evidence, applied: Applied) -> Iterator[tuple[int | None, Span]]:
    made = set()
    for run in evidence.runs_of.get(applied.uid, ()):
        posts = () if run.fire_time is None else evidence.posts.get((applied.uid, run.fire_time), ())
        begun = min([run.created, *(p.call.arrived for p in posts)])
        end = evidence.told.end(run)
        made.add(run.fire_time)
        yield run.fire_time, (begun, inf if end is None else end)
    for time, posts in evidence.asked.get(applied.uid, {}).items():
        if time not in made:
            yield from ((time, span) for span in _asking(evidence, posts))


def _asking(evidence: Evidence, posts: Sequence[Post]) -> Iterator[Span]:
    """Say when there may have been a Job: from when it was asked for until it was known that there is none."""
    known = -inf
    for post in posts:
        if post.call.arrived >= known:
            known = answered(evidence, post)
            yield post.call.arrived, known


def answered(evidence: Evidence, post: Post) -> float:
    """Say when it was known what became of a launch, from this request on; or nobody waited any more."""
    posts = (p for p in evidence.posts[post.owner, post.fire_time or 0] if p.call.arrived >= post.call.arrived)
    told = (p.call.answered for p in posts if p.call.answered is not None and not is_passing(p.call))
    ended = (e.time for e in evidence.exits if e.operator == post.call.operator and e.time >= post.call.arrived)
    return min([*told, *ended], default=inf)


def is_passing(call: Call) -> bool:
    """Tell whether the operator was not told what became of a request: it has to be made again (laws L7, L8)."""
    if call.status is None:
        return True
    if call.status == CONFLICT:
        return TAKEN not in call.server_body
    return (call.status >= 500 or call.status in PASSING) and not DENIED.search(call.server_body)


def idle(evidence: Evidence, applied: Applied, begin: float, end: float) -> float:
    """Say for how long there was room at a stretch from `begin` to `end`, while nothing was broken nor too busy."""
    limit = applied.task.limit
    if limit is None:
        return max(0.0, end - begin)
    spans = [span for _, span in taken(evidence, applied)]
    moments = sorted({begin, end, *(t for span in spans for t in span if begin < t < end)})
    free = [
        (first, last)
        for first, last in pairwise(moments)
        if sum(1 for since, until in spans if since <= first and until >= last) < limit
    ]
    recovery = evidence.bounds.recovery
    disturbed = [(f.begin - 0.5, f.heal + recovery) for f in evidence.faults]
    calm = stretches(free, begin, end, disturbed)
    return max((last - first - evidence.slow_for(first, last) for first, last in calm), default=0.0)


def may_wait(evidence: Evidence, applied: Applied, time: int) -> bool:
    """Tell whether a fire time found no room when it came, under a policy that lets it wait."""
    return applied.task.policy in WAITING and no_room(evidence, applied, time, time)


def waits(evidence: Evidence, applied: Applied, time: int) -> bool:
    """Tell whether a fire time that was not launched may wait still: it has a place in the queue.

    The oldest goes first, and a newer one takes its place with Replace. Law I7 asks whether there was room for it.
    """
    task = applied.task
    if task.policy not in WAITING:
        return False
    if task.policy == "Replace":
        return not task.fire_times(time, evidence.end - NEARLY)
    candidates = unlaunched(evidence, applied)
    return time in candidates and sum(1 for t in candidates if t < time) <= task.queue_limit


def unlaunched(evidence: Evidence, applied: Applied) -> list[int]:
    """List the fire times that are newer than those of all Jobs: of these some may wait at the end."""
    newest = max((r.fire_time for r in evidence.runs_of.get(applied.uid, ()) if r.fire_time is not None), default=0)
    away = [f for f in evidence.faults if f.blind or f.down]
    times = applied.task.fire_times(max(newest, applied.created), evidence.end)
    return [t for t in times if not any(f.begin <= t <= f.heal for f in away)]
