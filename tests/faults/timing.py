"""Laws of time: on time, never early, no storm, and nobody late because of others (I3, I4, I6, I8)."""

from collections.abc import Iterator, Mapping

from tests.faults.evidence import Applied, Evidence, Fault, Offset
from tests.faults.finding import Finding, clock, most_in, percentile
from tests.faults.reasons import RECENT
from tests.faults.room import may_wait
from tests.faults.runs import Post
from tests.faults.sight import longest

BLIND = 30.0  # seconds after which an operator that hears nothing decides nothing
UNDECIDED = 6.0  # seconds after which a time that nobody decided is late: 5 (law L3), and one to spare
SKEW, NOTICED = 2.0, 5.0  # seconds: a clock that is further off must not be fired by, once it can be noticed
A_MOMENT = 0.5  # seconds for which it is not certain that a time was late
ON_ITS_WAY = 1.5  # seconds that a request may take to us, when much is asked for at once
SEEN = 1.5  # seconds after its creation in which a task may first be seen
LONG = 10  # seconds over which a back-off has become slow
ENOUGH = 20  # launches without which nothing can be said of a difference


def lateness(
    evidence: Evidence, begin: float, end: float, *, bad: bool = False, slow: bool = False
) -> dict[tuple[str, int], float]:
    """Say how late the first request for each fire time came, by task and time; undisturbed ones that found room.

    Those in times when the machine was too busy are told with `slow`, and only then.
    """
    found = {}
    for applied in evidence.tasks:
        task = applied.task
        if task.jitter or task.bad != bad:
            continue
        for time in task.fire_times(max(begin, applied.created + SEEN), end):
            posts = evidence.posts.get((applied.uid, time), ())
            if may_wait(evidence, applied, time) or evidence.disturbed(time, time):
                continue
            is_slow = evidence.slow_for(time - A_MOMENT, time + evidence.bounds.late) > 0
            if posts and applied.in_force(time) and is_slow == slow:
                found[task.name, time] = by_its_clock(evidence, posts[0]) - time
    return found


def on_time(evidence: Evidence) -> Finding:
    """I3: while nothing is broken, the request for a Job comes at its fire time, but for what the machine was busy."""
    late = lateness(evidence, evidence.begin, evidence.end)
    slow = lateness(evidence, evidence.begin, evidence.end, slow=True)
    violations = [
        f"{name}: {clock(time)} was {seconds:.3f} s late"
        for (name, time), seconds in (late | slow).items()
        if seconds - evidence.slow_for(time - A_MOMENT, time + seconds) > evidence.bounds.late
    ]
    figure = _spread(list(late.values()))
    if slow:
        figure += f"; in busy times {_spread(list(slow.values()))}"
    return Finding.of("I3", figure, violations)


def _spread(values: list[float]) -> str:
    worst = max(values, default=0.0)
    return f"p99 {1000 * percentile(values, 0.99):.0f} ms, max {1000 * worst:.0f} ms of {len(values)}"


def never_early(evidence: Evidence) -> Finding:
    """I4: no request for a Job before its fire time by the operator's clock, nor while that is off by more than 2 s."""
    least, violations = float("inf"), []
    for (_, time), posts in evidence.posts.items():
        for post in posts:
            sent = post.call.arrived - ON_ITS_WAY  # by the clock as it was then, if it was put back meanwhile
            offset = max(_offset(evidence, post.call.operator, when) for when in (sent, post.call.arrived))
            ahead = post.call.arrived + offset - time
            least = min(least, ahead)
            if ahead < 0:
                violations.append(f"{post.name}: asked for {-ahead:.3f} s before its time")
            latest = _clock_at(evidence, post.call.operator, post.call.arrived - NOTICED)
            if (
                latest
                and abs(latest.seconds) > SKEW
                and abs(_offset(evidence, post.call.operator, post.call.arrived)) > SKEW
            ):
                violations.append(f"{post.name}: asked for with a clock that is off by {latest.seconds:+g} s")
    figure = "no launches" if least == float("inf") else f"nearest {1000 * least:.0f} ms after"
    return Finding.of("I4", figure, violations)


def by_its_clock(evidence: Evidence, post: Post) -> float:
    """Say when a request came, by the clock of the operator that made it."""
    return post.call.arrived + _offset(evidence, post.call.operator, post.call.arrived)


def _offset(evidence: Evidence, operator: str, time: float) -> float:
    latest = _clock_at(evidence, operator, time)
    return latest.seconds if latest else 0.0


def _clock_at(evidence: Evidence, operator: str, time: float) -> Offset | None:
    known = (o for o in evidence.clocks if o.operator == operator and o.since <= time)
    return max(known, key=lambda o: o.since, default=None)


def no_storm(evidence: Evidence) -> Finding:
    """I6: after an outage a task starts what `catchUp` allows; launches and calls in a second are bounded."""
    violations = [text for applied in evidence.tasks for text in _too_many_made_up(evidence, applied)]
    answered = [p.call.arrived for posts in evidence.posts.values() for p in posts if p.call.server_status == 201]
    launches, when = most_in(answered, 1)
    if launches > evidence.bounds.launches:
        violations.append(f"{launches} launches in the second from {clock(when)}")
    calls, when = most_in((c.arrived for c in evidence.calls), 1)
    if calls > evidence.bounds.calls:
        violations.append(f"{calls} calls in the second from {clock(when)}")
    violations += _hot_loops(evidence)
    return Finding.of("I6", f"{launches} launches/s, {calls} calls/s at most", violations)


def _too_many_made_up(evidence: Evidence, applied: Applied) -> Iterator[str]:
    """Count the fire times of an outage that nobody can have decided in it, and that were asked for after it only."""
    task = applied.task
    allowed = {"None": 0, "Latest": 1, "All": task.catch_up_limit}[task.catch_up] * max(1, task.nodes)
    for fault in evidence.faults:
        if not (fault.blind or fault.down):
            continue
        times = sorted({*_left_out(evidence, applied, fault), *_out_of_sight(evidence, applied, fault)})
        firsts = [posts[0] for t in times if (posts := evidence.posts.get((applied.uid, t)))]
        made_up = [post for post in firsts if post.call.arrived > (post.fire_time or 0) + task.jitter + RECENT]
        if len(made_up) > allowed:
            named = ", ".join(clock(post.fire_time or 0) for post in made_up[:5])
            yield f"{task.name}: {len(made_up)} launched late after {clock(fault.heal)}, not {allowed}: {named}"


def _left_out(evidence: Evidence, applied: Applied, fault: Fault) -> list[int]:
    """List the fire times that are late when a fault is healed, if nobody decided from some moment on."""
    begin = _given_up(evidence, applied, fault)
    held_up = evidence.slow_for(fault.heal - RECENT, fault.heal + RECENT)
    until = fault.heal - UNDECIDED - held_up - applied.task.jitter
    return applied.task.fire_times(max(begin, applied.created), until)


def _out_of_sight(evidence: Evidence, applied: Applied, fault: Fault) -> list[int]:
    """List the fire times of a fault that came, and were late, while the calls show that nobody could decide."""
    if evidence.clocks:
        return []  # late by which clock?
    spans = evidence.there("jobs")
    times = applied.task.fire_times(max(fault.begin, applied.created), fault.heal)
    late = RECENT + A_MOMENT + applied.task.jitter
    return [t for t in times if not longest(spans, t, t + late)]


def _given_up(evidence: Evidence, applied: Applied, fault: Fault) -> float:
    """Say from when on nobody can have decided.

    Who runs on without an answer decides until a launch had none for a while; what it sent then, it sends until it has.
    """
    if any(fault.begin - 1 <= e.time <= fault.heal for e in evidence.exits):
        return fault.begin
    first = next(iter(applied.task.fire_times(fault.begin, fault.heal)), fault.begin) if fault.down else fault.begin
    return min(first, fault.begin + BLIND) + UNDECIDED


def _hot_loops(evidence: Evidence) -> Iterator[str]:
    """Find requests that are made again and again: the same one more often in a second than is allowed."""
    same: dict[tuple[str, str, str], list[float]] = {}
    for call in evidence.calls:
        what = call.query.get("labelSelector", "") + call.query.get("fieldSelector", "")
        if call.verb == "create":  # of a patch each is another one
            what = call.body.decode(errors="replace")
        same.setdefault((call.operator, f"{call.verb} {call.path}", what), []).append(call.arrived)
    for (operator, request, _), times in same.items():
        for span, most in ((1, evidence.bounds.repeats), (LONG, LONG * evidence.bounds.steady)):
            number, when = most_in(times, span)
            if number > most:
                yield f"{operator}: {request}: {number} times in {span} s from {clock(when)}"


def bad_harms_none(evidence: Evidence) -> Finding:
    """I8: at nine of ten seconds tasks that misbehave delay all others by less than a tenth of a second."""
    if evidence.bad_since is None:
        return Finding("I8", "–")
    before = lateness(evidence, evidence.begin, evidence.bad_since)
    after = lateness(evidence, evidence.bad_since, evidence.end)
    delay = _usual(after) - _usual(before)
    figure = f"{1000 * delay:+.0f} ms"
    if len(before) < ENOUGH or len(after) < ENOUGH:
        return Finding.of("I8", figure, [f"only {len(before)} launches before, {len(after)} after: nothing to compare"])
    if delay >= evidence.bounds.delay:
        return Finding.of("I8", figure, [f"others are {delay:.3f} s later since {clock(evidence.bad_since)}"])
    return Finding("I8", figure)


def _usual(late: Mapping[tuple[str, int], float]) -> float:
    """Say how late it was, at most, at nine of ten seconds: what fires at the same one is late together."""
    worst: dict[int, float] = {}
    for (_, time), seconds in late.items():
        worst[time] = max(seconds, worst.get(time, seconds))
    return percentile(list(worst.values()), 0.9)
