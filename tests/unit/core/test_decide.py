"""What is decided, state by state: due and late, limits, what is adopted, and a clock that is not believed."""

from dataclasses import replace

import pytest

from tests.scenario import UID, Scenario, a_task, at, launches, reasons
from torchtask.core.launch import Attempt
from torchtask.core.model import Phase


def test_nothing_happens_before_the_fire_time() -> None:
    """Never early: not by a microsecond; and the next look is at the fire time itself."""
    decision = a_task().since("12:00:00").decided("12:00:09.999999")

    assert decision.actions == ()
    assert decision.wake_time == at("12:00:10")


def test_a_fire_time_is_launched_when_it_comes() -> None:
    """At its second a fire time gets a Job, and the account waits just before it until that is answered."""
    decision = a_task().since("12:00:00").decided("12:00:10")

    assert launches(decision) == ["12:00:10"]
    assert decision.ledger.accounted_time == at("12:00:09")
    assert decision.next_time == at("12:00:20")


def test_a_new_task_never_runs_a_fire_time_up_to_its_creation() -> None:
    """Applying an old file is safe (L2)."""
    assert launches(a_task(created="12:00:10").decided("12:00:11")) == []
    assert launches(a_task(created="12:00:09").decided("12:00:11")) == ["12:00:10"]


def test_forbid_skips_and_counts_while_a_run_is_active() -> None:
    """Unlike CronJob's Forbid the blocked time is not started later: it is skipped, and told (L5)."""
    decision = a_task().since("12:00:15").counted(launched=1).with_run("12:00:10").decided("12:00:20")

    assert launches(decision) == []
    assert reasons(decision) == {"MaxInstances": 1}
    assert decision.ledger.counts.due == 2
    assert decision.ledger.accounted_time == at("12:00:20")


@pytest.mark.parametrize(("limit", "expected"), [(1, []), (2, ["12:00:20"]), (3, ["12:00:20"])])
def test_forbid_starts_up_to_max_instances(limit: int, expected: list[str]) -> None:
    """`maxInstances` is the number of runs that may be active at once."""
    state = a_task(maxInstances=limit).since("12:00:15").with_run("12:00:10")

    assert launches(state.decided("12:00:20")) == expected


def test_allow_has_no_limit_of_its_own() -> None:
    """With Allow every fire time is launched, however many runs are active."""
    state = a_task(concurrencyPolicy="Allow").since("12:00:25").with_run("12:00:10").with_run("12:00:20")

    assert launches(state.decided("12:00:30")) == ["12:00:30"]


def test_a_launch_that_is_not_seen_yet_takes_an_instance() -> None:
    """The Job list lags behind what was created: an accepted launch counts until the watch has passed it (L4)."""
    state = a_task().since("12:00:15").with_flight("12:00:10", Attempt.ACCEPTED)

    assert reasons(state.decided("12:00:20")) == {"MaxInstances": 1}


def test_after_an_outage_only_the_newest_fire_time_runs() -> None:
    """No storm: of the late ones the newest is launched, the others are missed, and the outage is told (L3)."""
    decision = a_task().since("12:00:00").decided("12:01:57")

    assert launches(decision) == ["12:01:50"]
    after = a_task().since("12:00:00").with_run("12:01:50").after(decision).decided("12:01:58").ledger
    assert (after.counts.missed, after.counts.launched) == (10, 1)
    outage = decision.ledger.last_outage
    assert outage is not None
    assert (outage.missed, outage.started) == (10, 1)


def test_a_fire_time_that_is_due_anyway_leaves_no_late_one_to_run() -> None:
    """With one due now, nothing late is made up for."""
    decision = a_task().since("12:00:00").decided("12:01:51")

    assert launches(decision) == ["12:01:50"]
    assert reasons(decision) == {"Downtime": 10}


def test_a_month_of_missed_seconds_is_counted_and_not_walked() -> None:
    """30 days down with a per-second task: 2,592,000 fire times, the recent few of them launched."""
    state = a_task("* * * * * *", created="00:00:00", concurrencyPolicy="Allow").since("2026-06-02 00:00:00")
    decision = state.decided("2026-07-02 00:00:00")

    assert len(launches(decision)) == 6
    assert reasons(decision) == {"Downtime": 30 * 86_400 - 6}


def test_what_has_a_job_is_launched_whoever_created_it() -> None:
    """After a restart the Jobs later than the account are adopted, and not created again (L10)."""
    decision = a_task(concurrencyPolicy="Allow").since("12:00:05").with_run("12:00:10").decided("12:00:12")

    assert launches(decision) == []
    assert decision.ledger.counts.launched == 1
    assert decision.ledger.last_schedule_time == at("12:00:10")


def test_a_lost_status_starts_from_now() -> None:
    """A task that must have had a status is not fired for what nobody can account for (L10)."""
    decision = a_task(created="11:00:00").with_run("11:59:50", Phase.SUCCEEDED).decided("12:00:01")

    assert launches(decision) == []
    assert decision.ledger.counts.since == at("12:00:01")
    assert decision.ledger.counts.launched == 1


def test_an_account_from_the_future_is_not_believed() -> None:
    """A clock that ran ahead must not silence the task until time catches up (L10)."""
    decision = a_task().since("2026-06-01 13:00:00").decided("12:00:05")

    assert decision.ledger.accounted_time == at("12:00:05")
    assert decision.next_time == at("12:00:10")


def test_a_clock_set_back_fires_nothing_twice() -> None:
    """What was decided stays decided."""
    state = a_task(concurrencyPolicy="Allow").since("12:00:30").with_run("12:00:30")

    assert launches(state.decided("12:00:10")) == []
    assert state.decided("12:00:10").next_time == at("12:00:40")


def test_a_task_that_is_being_deleted_launches_nothing() -> None:
    """With foreground deletion a task lives on until its Jobs are gone: it must not make new ones."""
    state = a_task().since("12:00:00")
    state = replace(state, task=replace(state.task, deleting=True))

    assert state.decided("12:00:10").actions == ()


def test_deciding_again_asks_for_nothing() -> None:
    """Whoever is asked twice answers the same: all that was asked for is in flight."""
    state = a_task().since("12:00:00")
    first = state.decided("12:00:10")

    again = state.after(first).decided("12:00:10")

    assert again.actions == ()
    assert again.ledger == first.ledger


def test_the_scenario_is_about_one_task() -> None:
    """The builder's runs carry the name that the operator would give them."""
    run = Scenario.with_run(a_task(), "12:00:10").runs[0]
    assert run.name == f"report-{UID[:8]}-{int(at('12:00:10').timestamp())}"
