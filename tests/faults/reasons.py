"""What may become of a fire time, by what we see ourselves: the calls, the Jobs, and when somebody was there to decide.

Law: the operator's own word is no reason.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence

from tests.faults.calls import DENIED, TOO_MANY, Call
from tests.faults.evidence import BUSY, Applied, Evidence, Fault
from tests.faults.room import CONFLICT, MARGIN, WAITING, answered, is_passing, may_wait, no_room, unlaunched, waits
from tests.faults.runs import Post
from tests.faults.sight import Span, is_whole, longest

RECENT = 5.0  # an older fire time that nobody was there for is late (law L3)
UNWRITTEN = 6.0  # seconds for which what was decided may be in no status yet (5 under load): it is then nobody's
MOMENT = 1.0  # seconds in which what is due is decided, once somebody can
AGAIN = 3.0  # seconds after which a launch is tried again at the latest
TOLD_TO_WAIT = 3.0  # seconds for which an experiment has the API server say so, at the most
GIVEN_UP = 10.0  # seconds after which a request without an answer is
ABSENT = frozenset({"outage", "out of sight", "machine that stood still"})  # what catchUp makes up for


def explanation(evidence: Evidence, applied: Applied, time: int, *, made_up: bool = False) -> str:
    """Say what became of a fire time, by what we saw; empty: nothing that may happen to one.

    `made_up`: it had to be once somebody was there again; that nobody was when it came is no reason.
    """
    task, away = applied.task, [f for f in evidence.faults if f.blind or f.down]
    cases: dict[str, Callable[[], bool]] = {
        "launched": lambda: evidence.launched[applied.uid, time] >= max(1, task.nodes),
        "out of force": lambda: not applied.in_force(time),
        "name taken": lambda: name_taken(evidence, applied, time),
        "refused": lambda: refused(evidence, applied, time),
        "waiting": lambda: waits(evidence, applied, time),
        "outage": lambda: any(f.begin - MARGIN <= time + task.jitter and time <= f.heal + MARGIN for f in away),
        "out of sight": lambda: nobody_there(evidence, applied, time),
        "unanswered": lambda: unanswered(evidence, applied, time),
        "forgotten": lambda: forgotten(evidence, applied, time),
        "deadline": lambda: too_late(evidence, applied, time),
        "at limit": lambda: at_limit(evidence, applied, time),
        "deleted": lambda: applied.deleted is not None and may_wait(evidence, applied, time),
        "machine that stood still": lambda: stood_still(evidence, time + task.jitter),
    }
    reasons = {reason: holds for reason, holds in cases.items() if not (made_up and reason in ABSENT)}
    return next((reason for reason, holds in reasons.items() if holds()), "")


def name_taken(evidence: Evidence, applied: Applied, time: int) -> bool:
    """Tell whether somebody else's Job had the name."""
    posts = evidence.posts.get((applied.uid, time), ())
    names = {(p.call.namespace, p.name) for p in posts if p.call.status == CONFLICT}
    return bool(names) and any((r.namespace, r.name) in names and r.owner != applied.uid for r in evidence.runs)


def too_late(evidence: Evidence, applied: Applied, time: int) -> bool:
    """Tell whether a deadline came before anybody could act."""
    if applied.task.deadline is None:
        return False
    until, away = time + applied.task.deadline, [f for f in evidence.faults if f.blind or f.down]
    return any(f.begin <= time and 0 < until - f.heal < evidence.bounds.recovery for f in away)


def refused(evidence: Evidence, applied: Applied, time: int) -> bool:
    """Tell whether a launch was refused for good, or again and again until the next fire time came (L6, L8).

    One that fires `at` a moment has no next one: it is tried for as long as we look. The jitter of a next one is not
    known here, and may be none.
    """
    posts = evidence.posts.get((applied.uid, time), ())
    if not posts:
        return False
    if any(_is_final(post.call) for post in posts):
        return True
    last, task = posts[-1].call, applied.task
    if is_passing(last):
        return False
    until = evidence.end if task.at is not None else time + task.period
    return _left_alone(evidence, posts, until if task.deadline is None else min(until, time + task.deadline))


def _is_final(call: Call) -> bool:
    """Tell whether an answer says that this Job will never do."""
    if DENIED.search(call.server_body):
        return False
    return call.status == 422 or (call.status == 400 and b"decod" in call.server_body)


def _left_alone(evidence: Evidence, posts: Sequence[Post], until: float) -> bool:
    """Tell whether nothing more was asked after the last request, for `until` came, the process ended, or our time did.

    Without an answer it is given up late; but if the one before was soon repeated, connections break at once.
    """
    last = posts[-1].call
    ends = [until, evidence.end, *(e.time for e in evidence.exits if e.operator == last.operator)]
    is_soon = len(posts) > 1 and last.arrived - posts[-2].call.arrived < GIVEN_UP
    told = last.answered or last.arrived + (0.0 if is_soon else GIVEN_UP)
    patience = evidence.patience(told, AGAIN + MARGIN + (TOLD_TO_WAIT if last.status == TOO_MANY else 0))
    return until <= last.arrived or any(last.arrived <= end <= told + patience for end in ends)


def unanswered(evidence: Evidence, applied: Applied, time: int) -> bool:
    """Tell whether a launch was asked for until somebody died or its deadline came, and nobody was told of a Job."""
    posts = evidence.posts.get((applied.uid, time), ())
    if not posts or not is_passing(posts[-1].call):
        return False
    deadline = applied.task.deadline
    return _left_alone(evidence, posts, evidence.end if deadline is None else time + deadline)


def nobody_there(evidence: Evidence, applied: Applied, time: int) -> bool:
    """Tell whether sight of the cluster was lost for so long that a fire time was late, when it came back (L3).

    Only while something is broken: who saw the cluster all the time has no excuse in a machine that was too busy for a
    part of it. A task decides nothing, either, while a launch of it has had no answer for long; and one that goes is
    decided until then.
    """
    marks = [f for f in evidence.faults if f.hampered]
    if not any(f.begin - MARGIN <= time <= f.heal + evidence.bounds.recovery for f in marks):
        return False
    without = [*_undecided(evidence, applied, time), (0.0, _known(evidence, applied))]
    spans = evidence.there("jobs", "nodes") if applied.task.nodes else evidence.there("jobs")
    launches = range(time, time + applied.task.jitter + 1)
    gone = float("inf") if applied.deleted is None else applied.deleted
    return any(longest(spans, t, min(t + RECENT, gone), without) < _moment(evidence, t) for t in launches)


def _moment(evidence: Evidence, time: float) -> float:
    """Say for how long somebody has to be there to decide what comes; on a machine that is busy it takes longer."""
    return min(RECENT, MOMENT + evidence.slow_for(time, time + RECENT))


def _undecided(evidence: Evidence, applied: Applied, time: int) -> Iterator[Span]:
    """Say when a launch of a task had been without an answer for so long that the task decides nothing more (L7).

    One that the API server told to come again later, as others before it, was sent later than it was to be.
    """
    for of, posts in evidence.asked.get(applied.uid, {}).items():
        if of <= time + applied.task.jitter:
            since = posts[0].call.arrived if applied.task.policy in WAITING else min(of, posts[0].call.arrived)
            first = bisect_left(evidence.put_off, since - TOLD_TO_WAIT - MARGIN)
            if any(moment <= since for moment in evidence.put_off[first : first + 1]):
                since = min(since, max(of, since - TOLD_TO_WAIT))
            yield since + RECENT, answered(evidence, posts[0])


def _known(evidence: Evidence, applied: Applied) -> float:
    """Say when an operator had heard of a task: by an event, or a list asked for later that was to show something."""
    where, since = (applied.task.namespace, applied.task.name), applied.created
    told = [d.time for d in evidence.delivered if d.resource == "torchtasks" and (d.namespace, d.name) == where]
    lists = [c for c in evidence.calls if c.resource == "torchtasks" and c.arrived >= since and is_whole(c)]
    told += [c.answered or c.arrived for c in lists if not c.query.get("labelSelector")]
    return min((t for t in told if t >= since), default=since)


def forgotten(evidence: Evidence, applied: Applied, time: int) -> bool:
    """Tell whether a fire time waited, and was in no status yet when the process ended or another took over."""
    ends = [f.begin for f in evidence.faults if f.down] + [e.time for e in evidence.exits]
    return any(0 <= end - time <= UNWRITTEN for end in ends) and may_wait(evidence, applied, time)


def at_limit(evidence: Evidence, applied: Applied, time: int) -> bool:
    """Tell whether the runs that the cluster showed left no room for a fire time, under the task's policy."""
    task = applied.task
    slack = catching_up(evidence, time)
    if not no_room(evidence, applied, time, time + task.jitter + slack):
        return False
    if task.policy == "Replace":
        return no_room(evidence, applied, time + task.period, time + task.period + slack)
    if task.policy == "Queue" and task.deadline is None:
        runs = evidence.runs_of.get(applied.uid, ())
        waited = {r.fire_time for r in runs if r.fire_time is not None and r.created > time - MARGIN}
        waited.update(unlaunched(evidence, applied))
        return sum(1 for t in waited if t < time) >= task.queue_limit - 1
    return True


def catching_up(evidence: Evidence, time: float) -> float:
    """Say how much later than `time` it may have been decided, for an operator that recovers from a fault."""
    return max([0.0, *(_behind(f, time, evidence.bounds.recovery) for f in evidence.faults if f.begin <= time)])


def _behind(fault: Fault, time: float, recovery: float) -> float:
    behind = fault.heal + recovery - time
    return behind if fault.blind or fault.down else min(behind, RECENT)


def stood_still(evidence: Evidence, time: float) -> bool:
    """Tell whether no operator got to do anything for so long that a fire time was late: the machine had no time."""
    if evidence.busy(time, time + RECENT) <= BUSY:
        return False
    return not any(time + MOMENT < c.arrived < time + RECENT for c in evidence.calls)
