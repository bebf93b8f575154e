"""What is counted of daemons, told in the status, and read back: every start once, in every life."""

from dataclasses import replace

from tests.daemons import a_daemon, edited, ended, running, sight, started, stopped, template, without
from tests.scenario import Scenario, a_task, at
from torchtask.core.launch import Answer, Attempt, InFlight
from torchtask.core.model import Reason
from torchtask.core.status import Sight, render_status
from torchtask.core.units import Instance
from torchtask.core.wire import ledgers

FIRST = Instance(0, 1)
TWO = (FIRST, Instance(1, 1))


def answered(state: Scenario, answer: Answer) -> Scenario:
    """Hear an answer to the launch of the first instance."""
    flight = InFlight(FIRST, at("12:00:01"), at("12:00:01"), at("12:00:01"), Attempt.SENT, asking=True, patient=True)
    return replace(state, flights={FIRST: flight}).heard(FIRST, answer, "12:00:02", "words")


def test_each_start_is_due_and_launched_once() -> None:
    """Whether its answer or its Job is seen first, and in every life; a Job seen again is no other start."""
    heard = answered(a_daemon(), Answer.CREATED)
    seen = a_daemon().with_run_of(FIRST, "12:00:01", template=template(heard))
    both = replace(heard, runs=seen.runs)
    for state in (seen, both):
        once = state.decided("12:00:03").ledger
        assert (once.counts.due, once.counts.launched, once.counts.stopped) == (1, 1, 0)
        again = ledgers.ledger(render_status(state.task, once, sight(state, state.decided("12:00:03"), "12:00:03")))
        after = replace(state, ledger=again, flights={}).decided("12:00:05").ledger
        assert after.counts == once.counts


def test_numbers_go_on_after_what_is_seen_or_remembered() -> None:
    """The highest of both: Jobs of attempts may be pruned, and the status, or the part that tells of it, be lost."""
    remembered = replace(running(a_daemon(), Instance(0, 7)), runs=())
    seen = ended(a_task(daemon={}).with_run_of(Instance(0, 9), "11:59:00"), time="11:59:30")

    partly = seen.since("12:00:00").with_account(counted_runs=frozenset({seen.runs[0].suffix}))
    held = replace(remembered, held="moving")

    assert started(remembered.decided("12:00:12")) == ["0-8"]
    assert started(replace(held.after(held.decided("12:00:12")), held=None).decided("12:00:13")) == ["0-8"]
    assert started(partly.decided("12:00:12")) == ["0-10"]
    assert started(seen.decided("12:00:12")) == ["0-10"]


def test_a_start_that_is_rejected_is_a_failed_start() -> None:
    """It is told, tried again later and later, and given up after the last retry."""
    state = answered(a_daemon(startRetries=1), Answer.REJECTED)
    early, again = state.decided("12:00:02.5"), state.decided("12:00:03")

    assert (early.ledger.counts.missed, early.ledger.not_launched[0].reason) == (1, Reason.REJECTED)
    assert (started(early), started(again)) == ([], ["0-1"])
    assert started(answered(state, Answer.REJECTED).decided("12:05:00")) == []


def test_a_start_that_is_refused_waits_as_long_as_it_takes() -> None:
    """Quota may be free in a second."""
    state = answered(a_daemon(), Answer.REFUSED)

    assert state.decided("12:00:02.5").flights[FIRST].attempt is Attempt.REFUSED
    assert state.decided("12:30:00").flights[FIRST].attempt is Attempt.WANTED


def test_a_name_that_is_taken_is_passed_by() -> None:
    """The next number is free, perhaps."""
    assert started(answered(a_daemon(), Answer.FOREIGN).decided("12:00:03")) == ["0-2"]


def test_a_daemon_that_becomes_a_schedule_stops_its_instances() -> None:
    """They are counted until they are gone, also by an operator that only knows the status."""
    state = running(a_daemon(copies=2), *TWO).edited("* * * * * *", concurrencyPolicy="Allow")
    first = state.decided("12:00:10")
    written = render_status(state.task, first.ledger, Sight())
    read = replace(state, ledger=ledgers.ledger(written))

    going = replace(state, runs=tuple(replace(r, deleting=True) for r in state.runs))

    assert stopped(first) == ["0-1", "1-1"]
    assert stopped(going.decided("12:00:10")) == []
    assert read.decided("12:00:10").ledger.counts == first.ledger.counts
    assert stopped(read.decided("12:00:10")) == ["0-1", "1-1"]
    assert render_status(state.task, without(state, *TWO).decided("12:00:11").ledger, Sight())["daemon"] is None


def test_a_spec_that_is_not_understood_forgets_no_slot() -> None:
    """Mended, it goes on with the numbers that it had, whoever reads the status."""
    state = running(a_daemon(), Instance(0, 7))
    broken = edited(state, priority="high")
    decision = without(broken, Instance(0, 7)).decided("12:00:10")
    read = ledgers.ledger(render_status(broken.task, decision.ledger, Sight()))

    assert broken.decided("12:00:10").actions == ()
    assert started(edited(replace(without(broken, Instance(0, 7)), ledger=read)).decided("12:00:11")) == ["0-8"]


def test_the_status_tells_of_each_instance() -> None:
    """And of the whole what most wants to be looked at; it is read back as it was written."""
    state = running(a_daemon(copies=2, startRetries=3), *TWO)
    failed = ended(state, ran=0)
    failed = replace(failed, runs=(failed.runs[0], state.runs[1]))
    decision = failed.decided("12:00:10.5")
    written = render_status(state.task, decision.ledger, sight(failed, decision, "12:00:10.5"))

    assert written["daemon"] == {
        "state": "BackOff",
        "instances": [
            {"slot": 0, "attempt": 1, "state": "BackOff", "failedStarts": 1, "endTime": "2026-06-01T12:00:10Z"},
            {"slot": 1, "attempt": 1, "state": "Running"},
        ],
    }
    read = ledgers.ledger(written)
    assert read is not None
    assert read.slots == decision.ledger.slots
    assert ledgers.ledger(written | {"daemon": {"instances": [{"slot": 0}]}}) is None
    assert (
        render_status(a_task().task, a_task().since("12:00:00").decided("12:00:01").ledger, Sight())["daemon"] is None
    )
