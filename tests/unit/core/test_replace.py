"""Replace: the new run waits until the old one is gone, and stops none that a crash would bring back (law L5)."""

from dataclasses import replace
from typing import Any

from tests.scenario import Scenario, a_task, at, launches, reasons
from torchtask.core.decide import Prune, Stop
from torchtask.core.model import Phase


def replacing(**spec: Any) -> Scenario:
    """Begin with a task that replaces, and a run that is active since 12:00:00, all of it written."""
    state = a_task(concurrencyPolicy="Replace", **spec).since("12:00:05").counted(launched=1).with_run("12:00:00")
    return state.written()


def test_replace_stops_the_oldest_run_and_waits_until_it_is_gone() -> None:
    """The new run never overlaps the old one, however long that takes to die."""
    state = replacing()
    decision = state.decided("12:00:10")
    assert decision.actions == (Stop(state.runs[0]),)
    assert decision.ledger.queued == (at("12:00:10"),)

    dying = replace(state.after(decision), runs=(replace(state.runs[0], deleting=True),))
    assert dying.decided("12:00:11").actions == ()

    gone = replace(dying, runs=())
    assert launches(gone.decided("12:00:12")) == ["12:00:10"]
    assert gone.decided("12:00:12").ledger.counts.stopped == 1


def test_a_newer_time_takes_the_place_of_a_waiting_one() -> None:
    """Replace means the newest: what waited is skipped `Replaced` (L5)."""
    decision = replacing().queued("12:00:06").decided("12:00:10")

    assert decision.ledger.queued == (at("12:00:10"),)
    assert reasons(decision) == {"Replaced": 1}


def test_one_that_found_room_just_before_is_replaced_and_not_held_back() -> None:
    """The old run ended as the next fire time came: no limit kept it, and there is nothing to raise or to read."""
    state = a_task(concurrencyPolicy="Replace").since("12:00:05").queued("12:00:05")
    started = state.after(state.decided("12:00:09.999"))
    decision = started.decided("12:00:10")

    assert launches(state.decided("12:00:09.999")) == ["12:00:05"]
    assert reasons(decision) == {"Replaced": 1}
    assert (decision.ledger.counts.skipped, decision.ledger.counts.missed) == (1, 0)
    assert launches(decision) == ["12:00:10"]


def test_a_run_is_replaced_only_once_the_server_holds_its_launch() -> None:
    """Else a crash would forget that it ever was (L5)."""
    state = a_task(concurrencyPolicy="Replace").since("12:00:05").counted(launched=1).with_run("12:00:00")

    assert state.decided("12:00:10").actions == ()


def test_a_run_is_not_replaced_while_a_copy_of_its_launch_may_land() -> None:
    """Its name must stay taken for a minute after somebody else may have asked for it (L11)."""
    state = replace(replacing(), taken_over=at("11:59:50"))
    decision = state.decided("12:00:10")

    assert decision.actions == ()
    assert decision.wake_time == at("12:00:20")
    assert [a for a in state.after(decision).decided("12:01:00").actions if isinstance(a, Stop)] != []


def test_replace_with_room_starts_at_once() -> None:
    """Nothing is stopped while there is a free instance."""
    assert launches(replacing(maxInstances=2).decided("12:00:10")) == ["12:00:10"]


def test_history_goes_on_under_replace() -> None:
    """Stopping one run and pruning another are two things."""
    state = replacing(successfulJobsHistoryLimit=0).counted(launched=2, succeeded=1)
    state = state.with_run("11:59:50", Phase.SUCCEEDED).written()
    decision = state.decided("12:00:10")

    assert {type(a) for a in decision.actions} == {Stop, Prune}
