"""The oracle itself, on histories made by hand: each law lets a good one pass, and catches what breaks it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.faults.calls import Call
from tests.faults.evidence import Bounds, Evidence, Exit, Fault, Line, Offset, Ready, Sample
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
from tests.faults.oracle import LAWS, judge
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


def unready(begin: int, end: int) -> Sequence[Ready]:
    """Let readiness be lost for some seconds."""
    return [Ready(t, "a", ready=not NOON + begin <= t < NOON + end) for t in range(NOON, END)]


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


FROZEN = Fault("frozen", NOON + 30, NOON + 90, blind=True)
SLOW_HEAL = broken(outage(), FORBID, NONE, made_up=[60], again=9)
PASSES = {
    "nothing broken": GOOD,
    "an outage, the newest made up": OUTAGE,
    "a task that begins while another is at its limit": history(SLOW, NONE),
    "a queue that is full": queued_up(),
    "a launch repeated until it has an answer": replace(
        broken(outage(), NONE, made_up=[35]), exits=[], readiness=unready(40, 61)
    ),
    "not ready while blind": replace(OUTAGE, exits=[], readiness=unready(40, 61)),
    "an exit that was asked for": replace(GOOD, exits=[Exit(NOON + 5, "a", -9, asked=True)]),
    "a clock that is ahead": replace(history(FORBID, late=lambda _: -1), clocks=[Offset(NOON, "a", 1.5)]),
    "a status wiped and written again": wiped(2),
    "a status written twice": written(80, 90, 90),
    "a Lease that was given back": lease((10, "a", "a"), (12, "a", ""), (13, "b", "b")),
    "a Lease that ran out": lease((10, "a", "a"), (26, "b", "b")),
    "our Job deleted": in_the_way("delete", RUN),
    "a foreign Job left alone": replace(GOOD, foreign={("a", "x"): "1"}, kept={("a", "x"): "1"}),
    "a machine that is slow": replace(late_by(3), slow=[(NOON + 59.0, NOON + 125.0)]),
    "a bad task": replace(history(FORBID, ALLOW, BAD, SLOW, NONE), bad_since=NOON + 60),
}
CAUGHT = {
    ("I1", "a second Job under another name"): with_runs(GOOD, replace(RUN, uid="again", name="again")),
    ("I1", "a second Job that only its answer shows"): with_calls(GOOD, answered_again("again")),
    ("I1", "a second Job that only the audit log shows"): replace(
        GOOD, creations={(RUN.namespace, RUN.name): [NOON + 60.0, NOON + 70.0]}
    ),
    ("I2", "a fire time that nothing explains"): without(GOOD, 60),
    ("I2", "an outage that catchUp Latest does not make up for"): broken(outage(), FORBID),
    ("I2", "a fault that blinds nobody"): replace(
        OUTAGE, faults=[replace(OUTAGE.faults[0], blind=False, down=False)]
    ),
    ("I2", "a queue that skips though it has room"): without(queued_up(), 20),
    ("I2", "a Job of no fire time"): with_runs(GOOD, launched(FORBID, NOON + 63)[1]),
    ("I2", "sums that do not add up"): changed(GOOD, SLOW, skipped=0),
    ("I2", "a fire time in no count"): changed(GOOD, ALLOW, due=22, launched=22),
    ("I2", "a Job in no count"): changed(GOOD, ALLOW, missed=1, launched=22),
    ("I2", "no counts at all"): replace(GOOD, documents={FORBID.uid: {"status": {}}}),
    ("I2", "a count that begins late"): changed(GOOD, FORBID, since="2027-01-15T08:01:00Z"),
    ("I2", "more runs ended than there are"): replace(
        GOOD, documents={FORBID.uid: {"status": {**GOOD.documents[FORBID.uid]["status"], "counts": {
            **GOOD.documents[FORBID.uid]["status"]["counts"], "succeeded": 20}}}},
    ),
    ("I2", "one Job more than came"): changed(GOOD, ALLOW, due=24, launched=24),
    ("I2", "a status that goes back"): written(90, 80),
    ("I3", "a launch that is late"): late_by(1.2),
    ("I4", "a launch that is early"): history(FORBID, late=lambda _: -0.001),
    ("I4", "a launch that is early by a slow clock"): replace(GOOD, clocks=[Offset(NOON, "a", -0.5)]),
    ("I4", "a launch by a clock that is far off"): replace(GOOD, clocks=[Offset(NOON, "a", 2.5)]),
    ("I5", "two runs at once"): overlapping(GOOD),
    ("I6", "more made up than catchUp allows"): broken(outage(), ALLOW, made_up=[35, 40]),
    ("I6", "one made up, and catchUp is None"): broken(outage(), NONE, made_up=[45]),
    ("I6", "too many launches in a second"): replace(GOOD, bounds=Bounds(launches=1)),
    ("I6", "a hot loop"): with_calls(GOOD, *(call("list", "jobs", NOON + 3 + n / 12) for n in range(12))),
    ("I6", "too many calls in a second"): with_calls(
        GOOD, *(call("get", "jobs", NOON + 3 + n / 1000, name=f"x{n}") for n in range(500))
    ),
    ("I7", "the first launch 9 s after heal"): SLOW_HEAL,
    ("I7", "a task that stays behind"): without(replace(OUTAGE), 70),
    ("I7", "a fire time that waits for nothing"): changed(GOOD, FORBID, queuedTimes=["2027-01-15T08:01:00Z"]),
    ("I8", "others are later since"): replace(late_by(0.2), bad_since=NOON + 60),
    ("I8", "nothing to compare"): replace(history(FORBID), bad_since=NOON + 60),
    ("I9", "a foreign Job deleted"): in_the_way("delete", STRANGER),
    ("I9", "a foreign Job patched"): in_the_way("patch", STRANGER),
    ("I9", "a user's object written"): with_calls(GOOD, call("patch", "torchtasks", NOON + 9, name="forbid")),
    ("I9", "a foreign Job replaced"): replace(GOOD, foreign={("a", "x"): "1"}, kept={("a", "x"): "2"}),
    ("I9", "another's Lease taken"): lease((10, "a", "a"), (12, "b", "b")),
    ("I10", "an exit that nobody asked for"): replace(GOOD, exits=[Exit(NOON + 5, "a", 1, asked=False)]),
    ("I10", "ready, and blind for a minute"): replace(GOOD, faults=[FROZEN]),
    ("I10", "ready again while blind"): replace(GOOD, faults=[FROZEN], readiness=unready(35, 50)),
    ("I10", "ready from its start, while blind"): replace(
        GOOD, faults=[replace(FROZEN, heal=NOON + 40)], exits=[Exit(NOON + 30.2, "a", -9, asked=True)]
    ),
    ("I10", "not ready after heal"): replace(OUTAGE, readiness=unready(40, 80)),
    ("I11", "memory"): replace(GOOD, samples=[Sample(NOON, "a", 2**30, 9)]),
    ("I11", "memory that grows"): replace(GOOD, samples=[Sample(n, "a", (50 + n) * 2**20, 9) for n in range(120)]),
    ("I11", "descriptors"): replace(GOOD, samples=[Sample(NOON, "a", 2**20, 1000)]),
    ("I11", "a log that floods"): replace(GOOD, lines=[Line(NOON + n / 100, "a", "{}", {}) for n in range(1000)]),
    ("I11", "a line that is no JSON"): replace(GOOD, lines=[Line(NOON, "a", "Traceback", None)]),
    ("I11", "a queue beyond its limit"): changed(GOOD, SLOW, queuedTimes=["2027-01-15T08:01:00Z"] * 12),
    ("told", "a fault of which nothing tells"): replace(GOOD, objections=["nothing tells of it"]),
    ("I12", "a status that stays away"): wiped(),
    ("I12", "a status that is late"): wiped(20),
    ("I12", "a second launch after the wipe"): wiped(
        2, again=replace(launched(FORBID, NOON + 20)[1], uid="again", name="again", created=NOON + 32.0)
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", PASSES)
def test_what_is_allowed_is_not_reported(what: str) -> None:
    """Each law lets each good history pass."""
    assert [v for finding in judge(PASSES[what]) for v in finding.violations] == []


@pytest.mark.parametrize(("law", "what"), CAUGHT)
def test_each_law_catches_what_breaks_it(law: str, what: str) -> None:
    """A checker that cannot fail is void."""
    assert LAWS[law](CAUGHT[law, what]).violations


def test_every_law_is_tried() -> None:
    """There is a history for each law that it alone would have to catch."""
    assert {law for law, _ in CAUGHT} == set(LAWS)


def test_a_busy_time_is_measured_once() -> None:
    """However many complain at once."""
    evidence = replace(GOOD, slow=[(NOON + 1.0, NOON + 3.0), (NOON + 2.0, NOON + 4.0), (NOON + 9.0, NOON + 20.0)])
    assert evidence.busy(NOON, NOON + 10) == pytest.approx(0.4)
