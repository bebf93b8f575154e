"""What is decided, state by state: due and late, limits, edits, launches without an answer, history."""

from dataclasses import replace

import pytest

from tests.scenario import UID, Scenario, a_task, at, launches, unit
from torchtask.core.account import NotLaunched
from torchtask.core.decide import Decision, Prune
from torchtask.core.launch import Attempt, Launch, LookUp
from torchtask.core.model import Phase, Reason
from torchtask.core.spec import Spec


def reasons(decision: Decision) -> dict[str, int]:
    """Count what was not launched, by reason."""
    return {n.reason: n.count for n in decision.ledger.not_launched}


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


def test_a_suspended_task_launches_nothing_and_makes_nothing_up() -> None:
    """Suspended time is not made up for, nor counted (L9)."""
    suspended = a_task(suspend=True).since("12:00:00")
    resumed = suspended.edited().decided("12:10:05")

    assert suspended.decided("12:10:00").actions == ()
    assert suspended.decided("12:10:00").next_time is None
    assert launches(resumed) == []
    assert resumed.ledger.counts.due == 0
    assert resumed.next_time == at("12:10:10")


def test_an_edit_never_fires_the_past() -> None:
    """A schedule that named the last seconds does not run them when it is applied (L9)."""
    decision = a_task("0 0 0 1 1 *").since("12:00:00").edited("* * * * * *").decided("12:00:30")

    assert launches(decision) == []
    assert decision.ledger.accounted_time == at("12:00:30")
    assert decision.next_time == at("12:00:31")


def test_edits_that_went_unseen_are_followed_too() -> None:
    """Suspended and resumed while nobody looked: the hash is the same, the generation is not."""
    decision = a_task().since("12:00:00").edited(generation=3).decided("12:00:30")

    assert launches(decision) == []


def test_an_edit_that_does_not_touch_the_schedule_disturbs_nothing() -> None:
    """Another timeout is no other schedule."""
    decision = a_task().since("12:00:00").edited(timeoutSeconds=5).decided("12:00:10")

    assert launches(decision) == ["12:00:10"]
    assert decision.ledger.generation == 2


def test_an_edit_waits_for_the_answers_to_what_was_sent() -> None:
    """A launch without an answer is looked up, not repeated, once the spec it was for is no more (L7, L9)."""
    state = a_task().since("12:00:05").with_flight("12:00:10", Attempt.SENT).edited("* * * * * *")
    decision = state.decided("12:00:12")

    assert decision.actions == (LookUp(unit("12:00:10")),)
    assert decision.ledger.digest != state.after(replace(decision, flights={})).decided("12:00:13").ledger.digest


def test_a_launch_without_an_answer_is_repeated_under_its_name() -> None:
    """It may exist, or not: asking again for the same name is safe (L7)."""
    state = a_task().since("12:00:05").with_flight("12:00:10", Attempt.SENT)

    assert state.decided("12:00:11").actions == (Launch(unit("12:00:10")),)


def test_a_request_under_way_is_not_repeated() -> None:
    """One request at a time for a name."""
    state = a_task().since("12:00:05").with_flight("12:00:10", Attempt.SENT, asking=True)

    assert state.decided("12:00:11").actions == ()


def test_a_task_decides_nothing_more_while_a_launch_has_no_answer() -> None:
    """After five seconds without an answer the API server is not to be trusted with more (L7)."""
    state = a_task("* * * * * *", concurrencyPolicy="Allow").since("12:00:10")
    state = state.with_flight("12:00:10", Attempt.SENT, asking=True)

    assert launches(state.decided("12:00:14")) != []
    assert launches(state.decided("12:00:15")) == []


def test_a_taken_name_is_looked_at() -> None:
    """409 says that the name exists, and not whose Job it is (L8)."""
    state = a_task().since("12:00:05").with_flight("12:00:10", Attempt.COLLIDED)

    assert state.decided("12:00:11").actions == (LookUp(unit("12:00:10")),)


def test_a_refused_launch_is_tried_again_until_the_next_fire_time() -> None:
    """Quota may be free in a second; but a task holds back one launch at most (L6)."""
    state = a_task().since("12:00:10").with_flight("12:00:10", Attempt.REFUSED, message="quota exceeded")
    state = replace(state, flights={t: replace(f, retry_time=at("12:00:11")) for t, f in state.flights.items()})

    assert launches(state.decided("12:00:11")) == ["12:00:10"]
    missed = state.decided("12:00:20")
    assert launches(missed) == ["12:00:20"]
    assert missed.ledger.not_launched == (NotLaunched("Refused", 1, at("12:00:10"), "quota exceeded"),)


@pytest.mark.parametrize(("suspend", "reason"), [(False, Reason.SPEC_CHANGED), (True, Reason.SUSPENDED)])
def test_a_refused_launch_does_not_outlive_its_spec(suspend: bool, reason: Reason) -> None:  # noqa: FBT001
    """What was not sent is skipped when the schedule changes, with the reason (L9)."""
    state = a_task().since("12:00:09").with_flight("12:00:10", Attempt.REFUSED)
    decision = state.edited("* * * * * *", suspend=suspend).decided("12:00:12")

    assert reasons(decision) == {reason: 1}


def test_a_broken_spec_fires_nothing_and_repaired_not_the_past() -> None:
    """An invalid edit stops the task; the repair starts it from then on."""
    working = a_task().since("12:00:00")
    broken = working.edited("nonsense")
    stopped = broken.decided("12:00:10")
    repaired = broken.after(stopped).edited(generation=3).decided("12:05:05")

    assert stopped.actions == ()
    assert stopped.next_time is None
    assert launches(repaired) == []
    assert repaired.next_time == at("12:05:10")


def test_fire_times_of_a_refused_template_are_skipped_with_the_reason() -> None:
    """A template that the API server refuses launches nothing, and each fire time says why (L9)."""
    state = a_task().since("12:00:00")
    state = replace(state, task=replace(state.task, template_error="spec.foo: unknown"))
    decision = state.decided("12:00:35")

    assert launches(decision) == []
    assert decision.ledger.not_launched == (NotLaunched("TemplateInvalid", 3, at("12:00:30"), "spec.foo: unknown"),)


def test_a_fire_time_that_waits_for_its_jitter_is_not_skipped_yet() -> None:
    """Nor counted as none that was."""
    state = a_task("0 * * * * *", jitterSeconds=60).since("12:00:30")
    state = replace(state, task=replace(state.task, template_error="spec.foo: unknown"))
    assert isinstance(state.task.spec, Spec)
    delay = state.task.spec.launch_time(at("12:01:00")) - at("12:01:00")

    assert delay.seconds > 0
    assert reasons(state.decided("12:01:00")) == {}
    assert reasons(state.decided(f"12:01:{delay.seconds:02}")) == {"TemplateInvalid": 1}


def test_a_launch_that_was_answered_is_not_counted_again_when_its_job_is_seen() -> None:
    """The Job watch shows it later (L4)."""
    state = a_task().since("12:00:15").counted(launched=1).with_flight("12:00:10", Attempt.ACCEPTED)
    decision = state.with_run("12:00:10").decided("12:00:16")

    assert (decision.ledger.counts.launched, decision.ledger.counts.stopped) == (1, 0)
    assert decision.flights == {}


def test_a_finished_run_is_counted_once() -> None:
    """Seen twice, counted once (L11)."""
    state = a_task().since("12:00:15").counted(launched=1).with_run("12:00:10", Phase.FAILED, reason="DeadlineExceeded")
    once = state.decided("12:00:16")
    twice = state.after(once).decided("12:00:17")

    assert once.ledger.counts.failed == 1
    assert once.ledger.consecutive_failures == 1
    assert once.ledger.last_run is not None
    assert once.ledger.last_run.reason == "DeadlineExceeded"
    assert twice.ledger.counts == once.ledger.counts


def test_a_success_ends_the_row_of_failures() -> None:
    """`consecutiveFailures` counts those since the last success."""
    state = a_task().since("12:00:25").counted(launched=2)
    state = state.with_run("12:00:10", Phase.FAILED).with_run("12:00:20", Phase.SUCCEEDED)

    ledger = state.decided("12:00:26").ledger

    assert ledger.consecutive_failures == 0
    assert ledger.last_successful_time == at("12:00:20")


def test_a_run_is_pruned_only_once_the_server_holds_its_end() -> None:
    """What was not written could be forgotten in a crash, and counted as stopped (L11)."""
    state = a_task(successfulJobsHistoryLimit=0).since("12:00:15").counted(launched=1)
    state = state.with_run("12:00:10", Phase.SUCCEEDED)
    decision = state.decided("12:00:16")
    assert not [a for a in decision.actions if isinstance(a, Prune)]

    again = state.after(decision).written().decided("12:00:17")
    assert again.actions == (Prune(state.runs[0]),)


@pytest.mark.parametrize(
    ("taken_over", "repeated", "expected"),
    [("11:00:00", False, True), ("11:59:30", False, False), ("11:00:00", True, False)],
)
def test_a_job_stands_while_a_copy_of_its_launch_may_land(
    taken_over: str,
    repeated: bool,  # noqa: FBT001
    expected: bool,  # noqa: FBT001
) -> None:
    """A request sent twice, or by the operator before us, may come late: it must find the name taken (L11)."""
    state = a_task(successfulJobsHistoryLimit=0).since("12:00:15").counted(launched=1)
    state = state.with_run("12:00:10", Phase.SUCCEEDED)
    assert state.ledger is not None
    ledger = replace(state.ledger, repeated=frozenset({unit("12:00:10")} if repeated else ()))
    state = replace(state, taken_over=at(taken_over), ledger=ledger).written()

    early, late = state.decided("12:00:16"), state.decided("12:01:10")

    assert (Prune(state.runs[0]) in early.actions) == expected
    assert Prune(state.runs[0]) in late.actions


@pytest.mark.parametrize(("limit", "left"), [(0, 0), (1, 1), (3, 3), (10, 4)])
def test_history_keeps_the_newest(limit: int, left: int) -> None:
    """Successful runs beyond the limit go, oldest first; failed ones have a limit of their own."""
    state = a_task(successfulJobsHistoryLimit=limit).since("12:01:05").counted(launched=5)
    state = state.with_run("12:00:10", Phase.FAILED)
    for second in ("12:00:20", "12:00:30", "12:00:40", "12:00:50"):
        state = state.with_run(second, Phase.SUCCEEDED)
    state = state.written()

    pruned = [a.run for a in state.decided("12:01:06").actions if isinstance(a, Prune)]

    assert set(state.runs[1:]) - set(pruned) == set(state.runs[5 - left :])


def test_a_job_deleted_by_hand_is_stopped() -> None:
    """Launched, and no end was seen: `stopped` makes the sum whole (L12)."""
    decision = a_task().since("12:00:15").counted(launched=1).decided("12:00:16")

    assert decision.ledger.counts.stopped == 1


def test_stopped_never_falls() -> None:
    """A Job that turns up after its fire time was given up is added to launched (L12)."""
    state = a_task().since("12:00:15").counted(missed=1).with_run("12:00:10")
    counts = state.decided("12:00:16").ledger.counts

    assert (counts.launched, counts.stopped, counts.due) == (1, 0, 2)


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


def test_a_refused_launch_beside_a_silent_one_is_not_asked_about_in_circles() -> None:
    """While a task waits for an answer it is looked at again later than now, whatever else waits."""
    state = a_task("* * * * * *", concurrencyPolicy="Allow").since("12:00:10")
    state = state.with_flight("12:00:10", Attempt.SENT, asking=True).with_flight("12:00:11", Attempt.REFUSED)
    decision = state.decided("12:00:20.5")

    assert decision.wake_time is not None
    assert decision.wake_time > at("12:00:20.5")
