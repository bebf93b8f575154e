"""The cases of Kubernetes' own CronJob controller, under the names of its table (TestControllerV2SyncCronJob).

The schedule is hourly. *Just after the hour* is a second here and a minute there, for what nobody decided within 5 s is
late with us, and `catchUp` says what becomes of it: its default Latest starts it too. Where a row differs from that
table it says why.
"""

from dataclasses import replace
from typing import Any

import pytest

from tests.scenario import Scenario, a_task, at, launches, unit
from torchtask.core.account import Result
from torchtask.core.decide import Decision, Prune, Stop
from torchtask.core.errors import SpecReason
from torchtask.core.launch import Answer, Attempt, Launch, LookUp, Reply, settle
from torchtask.core.model import Phase

HOURLY = "0 0 * * * *"
POLICIES = {"A": "Allow", "F": "Forbid", "R": "Replace"}
BEFORE_THE_HOUR, AFTER_THE_HOUR, A_MINUTE_LATE = "10:59:00", "11:00:01", "11:01:00"
A_WEEK_LATER = "2026-06-08 11:00:01"
DEADLINES: dict[str, dict[str, Any]] = {
    "": {},
    "past deadline": {"startingDeadlineSeconds": 10},
    "not past deadline": {"startingDeadlineSeconds": 1_000_000},
}


def begun(name: str, **spec: Any) -> Scenario:
    """Begin as the first words of a case say."""
    never = name.startswith("never ran")
    state = a_task(HOURLY, created="10:58:00" if never else "09:58:00", **spec)
    if never:
        return state.since("10:58:00")
    state = state.since("10:01:00").counted(launched=1)
    done = name.startswith("prev ran but done")
    return state.with_run("10:00:00", Phase.SUCCEEDED if done else Phase.ACTIVE).written()


def stopped(decision: Decision) -> int:
    """Count the runs that are stopped."""
    return sum(1 for a in decision.actions if isinstance(a, Stop))


def counted(decision: Decision) -> dict[str, int]:
    """Count what was not launched, closed in the books or not yet."""
    found = {n.reason: n.count for n in decision.ledger.not_launched}
    return found | {str(o.reason): o.count for o in decision.ledger.pending if o.reason}


Deed = tuple[list[str], int]
START: Deed = (["11:00:00"], 0)
STOP: Deed = ([], 1)
NOTHING: Deed = ([], 0)
SKIPPED = {"MaxInstances": 1}

CASES: dict[str, tuple[str, Deed, dict[str, int]]] = {
    # name: now, (what is launched, how many runs are stopped), what is counted as not launched
    **{f"never ran, not time, {p}": (BEFORE_THE_HOUR, NOTHING, {}) for p in POLICIES},
    **{f"never ran, is time, {p}": (AFTER_THE_HOUR, START, {}) for p in POLICIES},
    "never ran, is time, suspended": (AFTER_THE_HOUR, NOTHING, {}),
    "never ran, is time, past deadline": (A_MINUTE_LATE, NOTHING, {"Deadline": 1}),  # CronJob forgets it; we count
    "never ran, is time, not past deadline": (A_MINUTE_LATE, START, {}),
    **{f"prev ran but done, not time, {p}": (BEFORE_THE_HOUR, NOTHING, {}) for p in POLICIES},
    **{f"prev ran but done, is time, {p}": (AFTER_THE_HOUR, START, {}) for p in POLICIES},
    "prev ran but done, is time, suspended": (AFTER_THE_HOUR, NOTHING, {}),
    "prev ran but done, is time, past deadline": (A_MINUTE_LATE, NOTHING, {"Deadline": 1}),
    "prev ran but done, is time, not past deadline": (A_MINUTE_LATE, START, {}),
    **{f"still active, not time, {p}": (BEFORE_THE_HOUR, NOTHING, {}) for p in POLICIES},
    "still active, is time, A": (AFTER_THE_HOUR, START, {}),
    # CronJob looks again when the run ends, and starts the blocked time then, or not; ours is skipped, and told (L5)
    "still active, is time, F": (AFTER_THE_HOUR, NOTHING, SKIPPED),
    # CronJob deletes and starts in one breath, and both may run; ours waits until the old run is gone (L5)
    "still active, is time, R": (AFTER_THE_HOUR, STOP, {}),
    "still active, is time, suspended": (AFTER_THE_HOUR, NOTHING, {}),
    "still active, is time, past deadline": (A_MINUTE_LATE, NOTHING, {"Deadline": 1}),
    "still active, is time, not past deadline": (A_MINUTE_LATE, START, {}),
}


def of_case(name: str) -> dict[str, Any]:
    """Return the spec that the last words of a case's name mean; without a policy it is Allow, as there."""
    last = name.rpartition(", ")[2]
    suspended = {"suspend": True} if last == "suspended" else {}
    return {"concurrencyPolicy": POLICIES.get(last, "Allow"), **suspended, **DEADLINES.get(last, {})}


@pytest.mark.parametrize("name", CASES)
def test_a_case_of_the_table(name: str) -> None:
    """Never ran, ran before, still active: what is launched, stopped and counted, and when to look again."""
    now, (started, stops), not_launched = CASES[name]
    decision = begun(name, **of_case(name)).decided(now)

    assert launches(decision) == started
    assert stopped(decision) == stops
    assert counted(decision) == not_launched
    next_hour = "11:00:00" if now == BEFORE_THE_HOUR else "12:00:00"
    assert decision.next_time == (None if name.endswith("suspended") else at(next_hour))


WEEK = 7 * 24 + 1
OVERDUE = [
    *[("not past deadline", policy, {"startingDeadlineSeconds": 1_000_000}) for policy in POLICIES],
    *[("no deadline", policy, {}) for policy in POLICIES],
    *[("past medium deadline", policy, {"startingDeadlineSeconds": 2 * 3_600}) for policy in POLICIES],
    *[("past short deadline", policy, {"startingDeadlineSeconds": 10}) for policy in POLICIES],
]


@pytest.mark.parametrize(("words", "policy", "deadline"), OVERDUE)
def test_prev_ran_but_done_long_overdue(words: str, policy: str, deadline: dict[str, int]) -> None:
    """The newest of a week of hours runs, the others are counted. CronJob warns of too many; we count any number."""
    state = begun("prev ran but done", concurrencyPolicy=POLICIES[policy], **deadline)
    decision = state.decided(A_WEEK_LATER)

    assert launches(decision) == ["11:00:00"], words
    assert counted(decision) == {"Downtime": WEEK - 1}


def test_the_newest_of_a_week_is_missed_too_once_it_is_past_the_deadline() -> None:
    """The week before is Downtime, the newest one Deadline: the sums hold for all of them."""
    state = begun("prev ran but done", startingDeadlineSeconds=10)
    decision = state.decided("2026-06-08 11:00:20")

    assert launches(decision) == []
    assert counted(decision) == {"Downtime": WEEK - 1, "Deadline": 1}


@pytest.mark.parametrize("policy", POLICIES.values())
@pytest.mark.parametrize("schedule", ["obvious error schedule", "0 0 25 * * *"])
def test_never_ran_not_valid_schedule(policy: str, schedule: str) -> None:
    """Nothing is launched, and the task says why."""
    state = replace(begun("never ran"), task=a_task(schedule, created="10:58:00", concurrencyPolicy=policy).task)
    decision = state.decided(AFTER_THE_HOUR)

    assert (launches(decision), decision.next_time) == ([], None)
    assert state.task.problem is not None
    assert state.task.problem.reason == SpecReason.INVALID_SCHEDULE


def test_a_schedule_that_never_comes() -> None:
    """CronJob asks for it for ever; ours is refused, and says so."""
    problem = a_task("0 0 0 30 2 *").task.problem

    assert problem is not None
    assert problem.reason == SpecReason.INVALID_SCHEDULE


@pytest.mark.parametrize("policy", POLICIES.values())
@pytest.mark.parametrize("earlier", ["10:59:30", BEFORE_THE_HOUR])
def test_this_ran_but_done_time_drifted_back(earlier: str, policy: str) -> None:
    """The run has ended when the clock says that its hour is still to come: it does not run again, nor count again."""
    state = a_task(HOURLY, concurrencyPolicy=policy).since("11:00:01").counted(launched=1, succeeded=1)
    state = state.with_run("11:00:00", Phase.SUCCEEDED).written()
    assert state.ledger is not None
    assert state.ledger.published is not None
    state = replace(state, ledger=replace(state.ledger, counted_runs=state.ledger.published.counted_runs))
    back = state.decided(earlier)
    again = state.after(back).decided(AFTER_THE_HOUR)

    assert (launches(back), launches(again)) == ([], [])
    assert (again.ledger.counts.launched, again.ledger.counts.stopped) == (1, 0)


@pytest.mark.parametrize("policy", POLICIES.values())
def test_this_ran_but_time_drifted_back_and_the_status_was_not_written(policy: str) -> None:
    """The Job alone keeps its fire time from being launched again."""
    state = begun("never ran", concurrencyPolicy=policy).with_run("11:00:00", Phase.SUCCEEDED)
    back = state.decided(BEFORE_THE_HOUR)
    again = state.after(back).decided(AFTER_THE_HOUR)

    assert (launches(back), launches(again)) == ([], [])
    assert again.ledger.counts.launched == 1


@pytest.mark.parametrize("policy", POLICIES.values())
def test_this_started_but_went_missing(policy: str) -> None:
    """The list of Jobs lags: an accepted launch counts as active until it must have been seen, and is not repeated."""
    state = begun("never ran", concurrencyPolicy=policy).since("11:00:00").with_flight("11:00:00", Attempt.ACCEPTED)
    decision = state.decided(AFTER_THE_HOUR)

    assert (decision.actions, counted(decision)) == ((), {})
    assert decision.ledger.counts.stopped == 0


@pytest.mark.parametrize("policy", POLICIES.values())
def test_this_started_but_is_not_present_in_the_active_list(policy: str) -> None:
    """A Job that the status does not know of is adopted, whoever created it."""
    decision = begun("never ran", concurrencyPolicy=policy).with_run("11:00:00").decided(AFTER_THE_HOUR)

    assert decision.actions == ()
    assert (decision.ledger.counts.launched, counted(decision)) == (1, {})


def collided() -> Scenario:
    """Begin with a launch whose name was taken."""
    state = begun("never ran")
    state = state.after(state.decided("11:00:00"), sent="11:00:00")
    flight, outcome = settle(state.flights[unit("11:00:00")], Reply(Answer.EXISTS), at("11:00:00.2"))
    assert (flight is not None, outcome) == (True, None)
    return replace(state, flights={unit("11:00:00"): flight} if flight else {})


@pytest.mark.parametrize(
    ("answer", "result", "reason"),
    [(Answer.OURS, Result.LAUNCHED, None), (Answer.FOREIGN, Result.SKIPPED, "NameTaken")],
)
def test_a_create_that_answers_already_exists(answer: Answer, result: Result, reason: str | None) -> None:
    """CronJob takes any Job of that name for its own; we look whose it is."""
    state = collided()
    assert state.decided(AFTER_THE_HOUR).actions == (LookUp(unit("11:00:00")),)

    _, outcome = settle(state.flights[unit("11:00:00")], Reply(answer), at(AFTER_THE_HOUR))
    assert outcome is not None
    assert (outcome.result, outcome.reason) == (result, reason)


@pytest.mark.parametrize("policy", POLICIES.values())
def test_an_owned_job_deleted_by_hand_while_active(policy: str) -> None:
    """The run is stopped, its fire time does not run again, and the next one finds room."""
    state = replace(begun("still active", concurrencyPolicy=policy), runs=())
    decision = state.decided(AFTER_THE_HOUR)

    assert launches(decision) == ["11:00:00"]
    assert decision.ledger.counts.stopped == 1


@pytest.mark.parametrize(("limit", "kept"), [(0, []), (1, ["10:00:00"])])
def test_history_limits_hold_while_a_quota_is_full(limit: int, kept: list[str]) -> None:
    """What the history lets go is pruned while launches are refused: that may be what frees the quota."""
    state = a_task(HOURLY, created="07:58:00", successfulJobsHistoryLimit=limit).since("11:00:00").counted(launched=3)
    for hour in ("08:00:00", "09:00:00", "10:00:00"):
        state = state.with_run(hour, Phase.SUCCEEDED)
    state = state.written().with_flight("11:00:00", Attempt.REFUSED, retry_time=at("11:00:02"), message="quota")

    pruned = {a.run.fire_time for a in state.decided(AFTER_THE_HOUR).actions if isinstance(a, Prune)}
    again = state.decided("11:00:02")

    assert {r.fire_time for r in state.runs} - pruned == {at(time) for time in kept}
    assert Launch(unit("11:00:00")) in again.actions
