"""The oracle itself, on histories made by hand: each law lets a good one pass, and catches what breaks it."""

from dataclasses import replace

import pytest

from tests.faults import lost
from tests.faults.evidence import Bounds, Exit, Fault, Line, Offset, Sample
from tests.faults.histories import (
    ALLOW,
    END,
    FORBID,
    NONE,
    NOON,
    SLOW,
    broken,
    call,
    changed,
    history,
    launched,
    outage,
    rfc3339,
    told,
    with_calls,
    with_runs,
)
from tests.faults.oracle import LAWS, judge
from tests.faults.spoilt import (
    BAD,
    GOOD,
    OUTAGE,
    RUN,
    STRANGER,
    answered_again,
    in_the_way,
    late_by,
    lease,
    overlapping,
    queued_up,
    unready,
    wiped,
    without,
    written,
)

FROZEN = Fault("frozen", NOON + 30, NOON + 90, blind=True)
SLOW_HEAL = broken(outage(), FORBID, NONE, made_up=[60], again=9)
HAMPERED = Fault("hampered", NOON + 50, NOON + 70, hampered=True)
BUSY = with_calls(replace(lost.fire_time(NONE), slow=[(NOON + 59.0, NOON + 66.0)]), call("list", "pods", NOON + 62.5))
PASSES = {
    "nothing broken": GOOD,
    "an outage, the newest made up": OUTAGE,
    "a task that begins while another is at its limit": history(SLOW, NONE),
    "a queue that is full": queued_up(),
    "a launch repeated until it has an answer": replace(
        broken(outage(), NONE, made_up=[35]), exits=[], readiness=unready(40, 61)
    ),
    "an outage, three made up": broken(outage(), lost.ALL, made_up=[50, 55, 60]),
    "an outage, and what was lost waits": lost.waits_to_be_made_up(OUTAGE),
    "not ready while blind": replace(OUTAGE, exits=[], readiness=unready(40, 61)),
    "no answer while blind": replace(OUTAGE, exits=[], readiness=unready(40, 61, silent=35)),
    "an exit that was asked for": replace(GOOD, exits=[Exit(NOON + 5, "a", -9, asked=True)]),
    "a clock that is ahead": replace(history(FORBID, late=lambda _: -1), clocks=[Offset(NOON, "a", 1.5)]),
    "a status wiped and written again": wiped(2),
    "a status written twice": written(80, 90, 90),
    "a Lease that was given back": lease((10, "a", "a"), (12, "a", ""), (13, "b", "b")),
    "a Lease that ran out": lease((10, "a", "a"), (26, "b", "b")),
    "our Job deleted": in_the_way("delete", RUN),
    "a foreign Job left alone": replace(GOOD, foreign={("a", "x"): "1"}, kept={("a", "x"): "1"}),
    "a machine that is slow": replace(late_by(3), slow=[(NOON + 59.0, NOON + 125.0)]),
    "a machine that is slow after heal": replace(
        broken(outage(), ALLOW, made_up=[60], again=9), slow=[(NOON + 60.0, NOON + 65.0)]
    ),
    "a daemon": lost.daemon(END),
    "a fire time that came while Jobs were out of sight": lost.out_of_sight(until=66.5),
    "a task that was gone when it was seen": lost.seen_late(3, deleted=1.6),
    "a task that was missing in a list of nothing": lost.seen_late(5.7, empty=1.6),
    "a task that was deleted before it could be launched": lost.said_to_wait(replace(lost.EMPTY, deleted=NOON + 111.6)),
    "a launch that was asked for until the process died": replace(
        lost.answered(NONE, None, seconds=(0.02,)), exits=[Exit(NOON + 63, "a", -9, asked=True)]
    ),
    "a launch that is refused until the next fire time": lost.answered(NONE, 403, 403, 403, seconds=(0.02, 1.1, 3.2)),
    "a launch that is asked for again as the next fire time comes": lost.asked_again(9.8),
    "a launch with a jitter that is refused until the next fire time": lost.answered(
        lost.JITTER, 403, 403, 403, 403, seconds=(2.1, 3.2, 5.3, 8.4)
    ),
    "a launch that the API server had told to come later": lost.come_again_later(50),
    "a launch at a moment that is refused for good": lost.answered(lost.ONCE, 422, seconds=(0.02,)),
    "a launch at a moment that is refused as long as we look": lost.answered(
        lost.ONCE, *[403] * 21, seconds=[3 * n + 0.02 for n in range(21)]
    ),
    "a machine that stood still": changed(
        replace(lost.fire_time(NONE), slow=[(NOON + 59.0, NOON + 66.0)]), NONE, skipped=0, missed=1
    ),
    "a machine that is slow, and ready late": replace(
        OUTAGE, exits=[], readiness=unready(40, 68), slow=[(NOON + 60.0, NOON + 65.0)]
    ),
    "a machine that is slow, and a status wiped": replace(wiped(7), slow=[(NOON + 30.5, NOON + 35.5)]),
    "8 s out of sight, what is older than 5 s not made up": lost.away_for_8(made_up=range(54, 59)),
    "a status wiped that begins anew": changed(wiped(2), FORBID, since=rfc3339(NOON + 32), due=8, launched=8),
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
    ("I2", "an outage of which catchUp All makes up for one only"): broken(outage(), lost.ALL, made_up=[60]),
    ("I2", "a fault that blinds nobody"): replace(
        OUTAGE, faults=[replace(OUTAGE.faults[0], blind=False, down=False)]
    ),
    ("I2", "a queue that skips though it has room"): without(queued_up(), 20),
    ("I2", "a fire time that waits, and nothing may"): lost.said_to_wait(FORBID),
    ("I2", "a fault in which calls came through"): replace(lost.fire_time(NONE), faults=[HAMPERED]),
    ("I2", "a deadline that came in such a fault"): replace(lost.fire_time(lost.DEADLINE), faults=[HAMPERED]),
    ("I2", "a fire time that came just before Jobs were seen again"): lost.out_of_sight(until=61.5),
    ("I2", "a task that was seen in time"): lost.seen_late(3),
    ("I2", "a launch that had no answer, and was not asked for again"): lost.answered(NONE, None, seconds=(0.02,)),
    ("I2", "a launch whose connection broke twice"): lost.answered(lost.LAST, None, None, seconds=(0.02, 1.1)),
    ("I2", "a launch that is refused once"): lost.answered(NONE, 403, seconds=(0.02,)),
    ("I2", "a launch that was asked for again before the next fire time"): lost.asked_again(7.5),
    ("I2", "a launch with a jitter that is refused for a while"): lost.answered(
        lost.JITTER, 403, 403, seconds=(2.1, 3.2)
    ),
    ("I2", "a launch that was late before it was told to wait"): lost.come_again_later(45),
    ("I2", "a launch at a moment that is refused for a while"): lost.answered(
        lost.ONCE, 403, 403, 403, seconds=(0.02, 1.1, 3.2)
    ),
    ("I2", "a machine that is busy"): BUSY,
    ("I2", "a machine that is busy in such a fault"): replace(BUSY, faults=[HAMPERED]),
    ("I2", "a machine that is busy now and then in such a fault"): replace(
        lost.fire_time(NONE), faults=[HAMPERED], slow=lost.BUSY_NOW_AND_THEN
    ),
    ("I2", "a Job of no fire time"): with_runs(GOOD, launched(FORBID, NOON + 63)[1]),
    ("I2", "sums that do not add up"): changed(GOOD, SLOW, skipped=0),
    ("I2", "fire times that are skipped without a reason"): changed(GOOD, SLOW, notLaunched=[]),
    ("I2", "a fire time that is missed, and nothing was broken"): changed(GOOD, SLOW, skipped=6, missed=1),
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
    ("I3", "a launch that is later than the machine was busy"): replace(
        history(FORBID, late=lambda time: 3 if time == NOON + 60 else 0.02), slow=[(NOON + 60.0, NOON + 61.0)]
    ),
    ("I4", "a launch that is early"): history(FORBID, late=lambda _: -0.001),
    ("I4", "a launch that is early by a slow clock"): replace(GOOD, clocks=[Offset(NOON, "a", -0.5)]),
    ("I4", "a launch by a clock that is far off"): replace(GOOD, clocks=[Offset(NOON, "a", 2.5)]),
    ("I5", "two runs at once"): overlapping(GOOD),
    ("I6", "more made up than catchUp allows"): broken(outage(), ALLOW, made_up=[35, 40]),
    ("I6", "one made up, and catchUp is None"): broken(outage(), NONE, made_up=[45]),
    ("I6", "8 s out of sight, and all made up"): lost.away_for_8(made_up=range(51, 59)),
    ("I6", "a loop that is not so hot, and does not end"): with_calls(
        GOOD, *(call("list", "jobs", NOON + 3 + n / 4) for n in range(80))
    ),
    ("I6", "too many launches in a second"): replace(GOOD, bounds=Bounds(launches=1)),
    ("I6", "a hot loop"): with_calls(GOOD, *(call("list", "jobs", NOON + 3 + n / 12) for n in range(12))),
    ("I6", "too many calls in a second"): with_calls(
        GOOD, *(call("get", "jobs", NOON + 3 + n / 1000, name=f"x{n}") for n in range(500))
    ),
    ("I7", "the first launch 9 s after heal"): SLOW_HEAL,
    ("I7", "the first launch 9 s after heal, of which the machine was busy for one"): replace(
        SLOW_HEAL, slow=[(NOON + 60.0, NOON + 61.0)]
    ),
    ("I7", "a task that stays behind"): without(OUTAGE, 70),
    ("I7", "a task that stays behind while the machine is busy for a second"): replace(
        without(OUTAGE, 70), slow=[(NOON + 61.0, NOON + 62.0)]
    ),
    ("I7", "a fire time that waits for nothing"): changed(GOOD, FORBID, queuedTimes=["2027-01-15T08:01:00Z"]),
    ("I7", "a fire time of which only the status says that it waits"): lost.said_to_wait(lost.EMPTY),
    ("I7", "a fire time that waits while the machine is busy now and then"): replace(
        lost.said_to_wait(lost.EMPTY), slow=lost.BUSY_NOW_AND_THEN
    ),
    ("I7", "a fire time that waits until its task is deleted"): lost.said_to_wait(
        replace(lost.EMPTY, deleted=NOON + 113)
    ),
    ("I7", "a fire time that waits for one of two"): lost.said_to_wait(lost.TWO),
    ("I7", "finished Jobs that stay"): told(replace(GOOD, runs=[replace(r, gone=None) for r in GOOD.runs])),
    ("I7", "a daemon without an instance"): lost.daemon(NOON + 105),
    ("I7", "a status that says that more runs are active"): changed(GOOD, SLOW, active=3),
    ("I7", "a watch that ended, and was not opened again"): lost.out_of_sight(until=66.5, pause=10),
    ("I7", "a collection that is listed, and not watched"): with_calls(
        GOOD, call("list", "nodes", NOON + 1), call("watch", "nodes", NOON + 9)
    ),
    ("I7", "a collection that is asked for too rarely"): lost.away_for_8(made_up=(), pause=5),
    ("I8", "others are later since"): replace(late_by(0.2), bad_since=NOON + 60),
    ("I8", "nothing to compare"): replace(history(FORBID), bad_since=NOON + 60),
    ("I9", "a foreign Job deleted"): in_the_way("delete", STRANGER),
    ("I9", "a foreign Job patched"): in_the_way("patch", STRANGER),
    ("I9", "a user's object written"): with_calls(GOOD, call("patch", "torchtasks", NOON + 9, name="forbid")),
    ("I9", "a user's object deleted"): with_calls(GOOD, call("delete", "torchtasks", NOON + 9, name="forbid")),
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
    ("I12", "a status of zeros"): changed(wiped(2), FORBID, since=rfc3339(NOON + 32), due=0, launched=0),
    ("I12", "a status that begins anew late"): changed(wiped(2), FORBID, since=rfc3339(NOON + 92), due=2, launched=2),
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
