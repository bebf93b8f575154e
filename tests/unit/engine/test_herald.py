"""What happened to tasks shows in the numbers, once."""

from tests.scenario import Scenario, a_task, at, unit
from torchtask.core.account import Outcome, Result
from torchtask.core.ledger import noted
from torchtask.core.model import Phase, Reason
from torchtask.engine.herald import Herald
from torchtask.engine.store import Record
from torchtask.metrics import Metrics


def value(metrics: Metrics, name: str, **labels: str) -> float:
    """Return a number; 0 while there is none."""
    return metrics.registry.get_sample_value(f"torchtask_{name}", labels) or 0.0


def passed(herald: Herald, state: Scenario, time: str) -> Record:
    """Have a state decided, and the herald told."""
    record = Record(state.task, 1, state.ledger, ())
    record.ledger = state.decided(time).ledger
    herald.passed(record, state.ledger, state.runs)
    return record


def test_a_run_that_ended_is_counted_once() -> None:
    """By how it ended, and for how long it ran."""
    metrics = Metrics()
    herald = Herald(metrics, lambda *_: None)
    state = a_task().since("12:00:10").counted(launched=1)
    ended = {"reason": "OOMKilled", "start_time": at("12:00:10"), "completion_time": at("12:00:17")}
    state = state.with_run("12:00:10", Phase.FAILED, **ended)
    after = passed(herald, state, "12:00:18")
    herald.passed(after, after.ledger, state.runs)

    assert value(metrics, "runs_total", result="failed", reason="OOMKilled") == 1
    assert value(metrics, "run_duration_seconds_sum", result="failed") == 7


def test_a_reason_that_a_user_made_up_adds_no_series() -> None:
    """A container chooses the words of its end."""
    metrics = Metrics()
    state = a_task().since("12:00:10").counted(launched=1).with_run("12:00:10", Phase.FAILED, reason="Mine")
    passed(Herald(metrics, lambda *_: None), state, "12:00:18")

    assert value(metrics, "runs_total", result="failed", reason="Other") == 1
    assert value(metrics, "runs_total", result="failed", reason="Mine") == 0


def test_what_did_not_run_is_counted_by_its_reason() -> None:
    """A fire time at the limit is skipped, and an answer settles a launch between two looks."""
    metrics = Metrics()
    herald = Herald(metrics, lambda *_: None)
    state = a_task().since("12:00:05").counted(launched=1).with_run("12:00:00")
    record = passed(herald, state, "12:00:10")
    before = record.ledger
    assert before is not None
    record.ledger = noted(before, [Outcome(Result.MISSED, unit("12:00:20"), Reason.REJECTED)])
    herald.settled(record, before)

    assert value(metrics, "fire_times_total", result="skipped") == 1
    assert value(metrics, "fire_times_total", result="missed") == 1
    assert value(metrics, "not_launched_total", reason="MaxInstances") == 1
    assert value(metrics, "not_launched_total", reason="Rejected") == 1
    assert value(metrics, "fire_times_total", result="launched") == 0
