"""Histories in which something was lost: a fire time, sight of the Jobs, an instance; and what calls show of why."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from tests.faults.calls import Call
from tests.faults.evidence import Applied, Evidence, Fault
from tests.faults.histories import (
    END,
    NONE,
    NOON,
    call,
    changed,
    history,
    launched,
    rfc3339,
    told,
    with_calls,
    with_runs,
)
from tests.faults.load import Task
from tests.faults.runs import Run

ONCE = Applied(Task("once", at=NOON + 60), "uid-once", NOON)
LAST = Applied(Task("last", at=END - 8), "uid-last", NOON)
EMPTY = Applied(Task("empty", period=10, policy="Queue", seconds=3), "uid-empty", NOON)
TWO = Applied(Task("two", period=10, policy="Queue", limit=2, seconds=15), "uid-two", NOON)
SECOND = Applied(Task("second", period=1, policy="Allow", limit=None, catch_up="None"), "uid-second", NOON)
THIRD = Applied(Task("third", period=3, policy="Queue", limit=2, queue_limit=4, seconds=2), "uid-third", NOON)
JITTER = Applied(Task("jitter", period=10, jitter=4), "uid-jitter", NOON)
PLACES = Applied(Task("places", period=10, limit=2, seconds=3), "uid-places", NOON)
DEADLINE = Applied(Task("deadline", period=5, catch_up="None", deadline=8), "uid-deadline", NOON)
ALL = Applied(Task("all", policy="Allow", period=5, limit=None, catch_up="All", catch_up_limit=3), "uid-all", NOON)
LONG = Applied(Task("long", policy="Queue", seconds=200, catch_up="All", catch_up_limit=3), "uid-long", NOON)
DAEMON = Applied(Task("daemon", daemon=True, seconds=8), "uid-daemon", NOON)
BUSY_NOW_AND_THEN = [(NOON + 0.9 * n, NOON + 0.9 * n + 0.3) for n in range(133)]


def fire_time(applied: Applied) -> Evidence:
    """Lose the fire time of a minute after noon, or the only one that there is."""
    return history(applied, lost=lambda time: time in (NOON + 60, applied.task.at))


def answered(applied: Applied, *statuses: int | None, seconds: Sequence[float]) -> Evidence:
    """Lose that fire time, whose launch was asked for so many seconds after it, and answered so."""
    posts = []
    for status, late in zip(statuses, seconds, strict=True):
        post, _ = launched(applied, applied.task.at or NOON + 60, late)
        post.status = post.server_status = status
        post.answered = None if status is None else post.answered
        post.server_body = b""
        posts.append(post)
    return with_calls(fire_time(applied), *posts)


def asked_again(seconds: float) -> Evidence:
    """Refuse a fire time, and again after so many seconds; lose the next, as the run before takes one of two places."""
    refused = []
    for late in (0.02, seconds):
        post, _ = launched(PLACES, NOON + 50, late)
        post.status = post.server_status = 403
        post.answered, post.server_body = post.arrived + 0.4, b""
        refused.append(post)
    evidence = history(PLACES, lost=lambda time: time in (NOON + 50, NOON + 60))
    end, version = NOON + 65.0, (NOON + 65) * 1000
    runs = [
        replace(run, finished=end, finished_version=version) if run.fire_time == NOON + 40 else run
        for run in evidence.runs
    ]
    return with_calls(replace(evidence, runs=runs), *refused)


def come_again_later(at: float) -> Evidence:
    """Refuse all launches until 62 s, with 429 from `at` on; lose a fire time that comes when one waited for 6 s."""
    late = {NOON + 51: 11.5, NOON + 54: 8.5, NOON + 60: 4.6, NOON + 63: 1.6, NOON + 66: 0.7}
    evidence = history(THIRD, lost=lambda time: time == NOON + 57, late=lambda time: late.get(time, 0.02))
    refused = [launched(THIRD, NOON + 51, seconds)[0] for seconds in (2.02, 5.1, 8.2)]
    refused.append(replace(launched(NONE, NOON + 45)[0], arrived=NOON + at, answered=NOON + at + 0.01))
    for post in refused:
        post.status = post.server_status = 429
        post.server_body = b""
    fault = Fault("429", NOON + 49, NOON + 62, hampered=True)
    return replace(with_calls(evidence, *refused), faults=[fault])


def said_to_wait(applied: Applied) -> Evidence:
    """Lose the last fire times, of which the status says that they wait."""
    evidence = history(applied, lost=lambda time: time >= NOON + 110)
    return changed(evidence, applied, queuedTimes=[rfc3339(NOON + 110)], skipped=0)


def looking(lost: float, until: float, pause: float = 1.5) -> Iterator[Call]:
    """See the Jobs but between two moments; meanwhile ask for them in vain, with a pause."""
    yield call("list", "jobs", NOON + 1)
    yield replace(call("watch", "jobs", NOON + 1.1), ended=NOON + lost)
    time = lost + pause / 2
    while time < until:
        yield call("list", "jobs", NOON + time, status=503)
        time += pause
    yield call("list", "jobs", NOON + until)
    yield call("watch", "jobs", NOON + until + 0.1)


def out_of_sight(*, until: float, pause: float = 1.5) -> Evidence:
    """Lose sight of the Jobs a second before that fire time, and with it the fire time."""
    fault = Fault("watches break", NOON + 50, NOON + 70, hampered=True)
    return replace(with_calls(fire_time(NONE), *looking(59, until, pause)), faults=[fault])


def seen_late(seen: float, *, deleted: float | None = None, empty: float | None = None) -> Evidence:
    """Hear of a task by a list, so long after its creation just before that fire time; nobody told of it before.

    `empty`: when a list was asked for that was to show nothing.
    """
    begin = NOON + 59.5
    applied = replace(NONE, created=begin, deleted=begin + deleted if deleted else None)
    evidence = history(applied, lost=lambda time: time <= NOON + 60 or deleted is not None)
    evidence = with_calls(evidence, call("list", "jobs", NOON + 1), call("watch", "jobs", NOON + 1.1))
    evidence = with_calls(evidence, call("list", "torchtasks", begin + seen))
    if empty is not None:
        nothing = replace(call("list", "torchtasks", begin + empty), query={"labelSelector": "nothing,!nothing"})
        evidence = with_calls(evidence, nothing)
    return replace(evidence, faults=[Fault("events are lost", NOON + 50, END, hampered=True)])


def away_for_8(*, made_up: Collection[int], pause: float = 1.5) -> Evidence:
    """Be out of sight of everything for 8 s; then launch what came meanwhile, at some seconds after noon."""
    fault = Fault("refused", NOON + 50, NOON + 58, blind=True)
    gone = {NOON + t for t in range(51, 59)} - {NOON + t for t in made_up}

    def late(time: int) -> float:
        return max(0.02, NOON + 58.7 - time) if NOON + 51 <= time <= NOON + 58 else 0.02

    evidence = history(SECOND, lost=gone.__contains__, late=late)
    return replace(with_calls(evidence, *looking(50.02, 58.5, pause)), faults=[fault])


def waits_to_be_made_up(beside: Evidence) -> Evidence:
    """Let a task whose first run does not end wait through an outage, and to the end."""
    long = history(LONG, lost=lambda time: time > NOON + 10)
    more = replace(beside, tasks=[*beside.tasks, LONG], documents={**beside.documents, **long.documents})
    return with_runs(with_calls(more, *long.calls), *long.runs)


def daemon(until: float) -> Evidence:
    """Let a daemon run, each time for 8 s with a second between, and begin no more from some moment on."""
    runs = []
    for number, begin in enumerate(range(NOON + 2, END, 9)):
        over = begin + 8.0 if begin + 8 <= END else None
        version = begin * 1000
        run = Run(f"d{number}", DAEMON.task.namespace, f"d{number}", DAEMON.uid, None, "", float(begin), version)
        if begin < until:
            runs.append(replace(run, finished=over, finished_version=None if over is None else version + 8000))
    old = [replace(r, gone=r.created + 65, gone_version=r.created_version + 65_000) for r in runs[:6]]
    return told(with_runs(history(DAEMON), *old, *runs[6:]))
