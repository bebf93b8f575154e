"""Runs by hand: `torchtask.dev/run-now`, one run for each new nonce."""

from dataclasses import replace

import pytest

from tests.by_hand import FIRST, NEVER, SECOND, asked, restarted, sent, started
from tests.scenario import Scenario, a_task
from torchtask.core.decide import Stop
from torchtask.core.launch import Answer, Attempt
from torchtask.core.model import Phase
from torchtask.core.nodes import Node
from torchtask.core.units import Manual


def test_each_new_nonce_is_one_run() -> None:
    """Launched once, and remembered in `lastRunNow` together with its launch; another text is another run."""
    state = asked()
    assert started(state.decided("12:00:01")) == [FIRST]
    assert state.after(state.decided("12:00:01")).decided("12:00:02").actions == ()

    done = sent(state).heard(FIRST, Answer.CREATED, "12:00:02")
    decision = done.decided("12:00:02")
    assert decision.ledger.last_run_now == "first"
    assert (decision.ledger.counts.manual, decision.ledger.counts.due) == (1, 0)
    assert decision.actions == ()
    again = restarted(done, decision)
    assert again.decided("12:00:05").actions == ()
    assert started(again.asking(run_now="second").decided("12:00:05")) == [SECOND]
    assert again.asking(run_now="").decided("12:00:05").actions == ()


def test_the_job_of_a_run_by_hand_is_how_we_know_of_it() -> None:
    """Created, and its answer lost with the operator: it is found, counted, and not created again."""
    state = asked().with_run_of(FIRST, "12:00:01")
    decision = state.decided("12:00:05")

    assert decision.actions == ()
    assert (decision.ledger.last_run_now, decision.ledger.counts.manual) == ("first", 1)
    assert restarted(state, decision).decided("12:00:06").ledger.counts == decision.ledger.counts


RESTING: dict[str, Scenario] = {
    "suspended": asked(suspend=True),
    "after its window": asked("* * * * * *", notAfter="2026-06-01T11:59:00Z"),
    "before its window": asked("* * * * * *", notBefore="2026-06-01T13:00:00Z"),
    "with an open circuit": asked(circuitBreaker={"failureThreshold": 1, "probeAfterSeconds": 60}).with_account(
        consecutive_failures=9
    ),
    "that ran at its time": asked(at="2026-06-01T11:59:00Z").with_run("11:59:00", Phase.SUCCEEDED),
}


@pytest.mark.parametrize("case", RESTING)
def test_a_task_that_rests_runs_by_hand(case: str) -> None:
    """Who asks for a run knows that the task rests."""
    assert started(RESTING[case].decided("12:00:01")) == [FIRST]


WAITING: dict[str, Scenario] = {
    "the instance limit": asked().with_run("12:00:00"),
    "a hold": replace(asked(), held="moving"),
    "a spec that is not understood": asked("nonsense"),
    "a template that is refused": asked().asking(template_error="no such field"),
    "addresses that nothing has": asked(nodeAddresses=["10.0.0.9"]),
    "nodes that are out of sight": replace(asked(nodeAddresses=["10.0.0.9"]), nodes=None),
}


@pytest.mark.parametrize("case", WAITING)
def test_a_run_by_hand_waits_as_long_as_it_takes(case: str) -> None:
    """It is neither given up nor forgotten, and comes when the way is free."""
    state = WAITING[case]
    for time in ("12:00:01", "12:10:00", "13:30:00"):
        decision = state.decided(time)
        assert started(decision) == []
        assert decision.ledger.last_run_now == ""
        assert not decision.over
        state = state.after(decision)
    free = replace(asked(), ledger=state.ledger, flights=state.flights)

    assert started(free.decided("13:30:01")) == [FIRST]


def test_the_caps_keep_a_run_by_hand_as_long_as_they_like() -> None:
    """Fire times come and are missed meanwhile; this one waits (L6)."""
    state = asked("* * * * * *", concurrencyPolicy="Allow")
    for time in ("12:00:01", "12:10:00"):
        state = state.after(state.decided(time))

    assert state.flights[FIRST].attempt is Attempt.WANTED
    assert state.ledger is not None
    assert {n.reason for n in state.ledger.not_launched} <= {"LimitReached", "Downtime"}


def test_a_newer_nonce_replaces_one_that_was_not_sent() -> None:
    """It waited for room, and is not wanted any more; only the last one comes."""
    state = asked()
    waiting = state.after(state.decided("12:00:01")).asking(run_now="second")
    decision = waiting.decided("12:00:02")

    assert set(decision.flights) == {SECOND}
    assert decision.ledger.not_launched == ()


def test_a_newer_nonce_waits_for_the_answer_to_an_older_one() -> None:
    """Sent, it may have a Job; both are counted in the end."""
    state = sent(asked(concurrencyPolicy="Allow")).asking(run_now="second")
    waiting = state.decided("12:00:02")
    heard = state.after(waiting).heard(FIRST, Answer.CREATED, "12:00:02")
    decision = replace(heard, runs=heard.with_run_of(FIRST, "12:00:01", Phase.SUCCEEDED).runs).decided("12:00:03")

    assert started(waiting) == []
    assert started(decision) == [SECOND]
    assert (decision.ledger.counts.manual, decision.ledger.last_run_now) == (1, "")


def test_an_old_nonce_that_is_asked_for_again_is_done_while_its_job_stands() -> None:
    """Its name is taken; nothing is left open, and the next nonce is a run again."""
    state = asked().with_run_of(FIRST, "12:00:01", Phase.SUCCEEDED).counted(manual=1, succeeded=1)
    state = state.with_account(last_run_now="second", counted_runs=frozenset({state.runs[0].suffix}))
    decision = state.decided("12:00:10")

    assert decision.actions == ()
    assert (decision.ledger.last_run_now, decision.ledger.open_key) == ("first", "")
    assert decision.ledger.counts.manual == 1


@pytest.mark.parametrize(("created", "expected"), [("11:59:30", [FIRST]), ("11:58:00", [])])
def test_without_a_status_an_old_nonce_is_done(created: str, expected: list[Manual]) -> None:
    """A task applied with the annotation runs; one that lost its status has run, for all we know (L11)."""
    decision = a_task(NEVER, created=created).asking(run_now="first").decided("12:00:00")

    assert started(decision) == expected
    assert decision.ledger.last_run_now == ("" if expected else "first")


def test_on_every_node_it_is_one_run_for_each_that_is_ready() -> None:
    """It is done when all of them are launched; those that are busy come later."""
    nodes = tuple(Node(name, {}, (), (), name != "c") for name in "abc")
    units = [Manual(FIRST.key, name) for name in "ab"]
    state = replace(asked(runOn="EveryNode"), nodes=nodes)
    busy = state.with_run_of(Manual(SECOND.key, "a"), "11:59:00").counted(manual=1)
    half = sent(busy, units[1]).heard(units[1], Answer.CREATED, "12:00:02")

    assert started(state.decided("12:00:01")) == units
    assert started(busy.decided("12:00:01")) == units[1:]
    assert half.decided("12:00:05").ledger.last_run_now == ""
    flying = sent(state, units[0]).heard(units[0], Answer.CREATED, "12:00:02")
    assert flying.decided("12:00:03").ledger.last_run_now == ""
    free = replace(half, runs=())
    assert started(free.decided("12:00:06")) == units[:1]
    both = sent(free, units[0]).heard(units[0], Answer.CREATED, "12:00:02").decided("12:00:07").ledger
    assert (both.last_run_now, both.counts.manual) == ("first", 3)


@pytest.mark.parametrize(("nonce", "expected"), [("", []), ("first", [FIRST])])
def test_replace_stops_no_run_whose_nonce_is_not_written(nonce: str, expected: list[Manual]) -> None:
    """A crash would bring it back (L5)."""
    state = asked("*/10 * * * * *", concurrencyPolicy="Replace").with_run_of(FIRST, "12:00:01").counted(manual=1)
    state = state.with_account(last_run_now=nonce).written().with_account(last_run_now="first").queued("12:00:10")
    decision = state.decided("12:00:10")

    assert [a.run.unit for a in decision.actions if isinstance(a, Stop)] == expected


def test_a_daemon_is_not_asked_for_runs() -> None:
    """Its instances run already."""
    decision = asked(daemon={}).decided("12:00:01")

    assert started(decision) == []
    assert decision.ledger.open_key == ""
