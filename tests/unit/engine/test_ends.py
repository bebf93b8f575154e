"""Ends in the running operator: an explanation stays with its run, and each end has one line in the log."""

import json
import logging
from collections import deque
from typing import Any

import pytest

from tests.launches import START
from tests.scenario import a_task, at, document
from tests.telling import complaint
from torchtask.core.ends import End
from torchtask.core.manifest import job
from torchtask.core.model import Phase, Run
from torchtask.core.spec import Spec
from torchtask.core.wire import tasks
from torchtask.engine.ends import tell
from torchtask.engine.runs import Runs
from torchtask.engine.store import Record
from torchtask.logs import JsonFormatter

END = End("Error", 3, "cannot go on")


def a_job(*conditions: str) -> dict[str, Any]:
    """Write the Job of 12:00:10, with these conditions."""
    task = tasks.task(document(), at("12:00:00"))
    assert isinstance(task.spec, Spec)
    made = job(task, task.spec, START)
    made["metadata"] |= {"uid": "job-uid", "creationTimestamp": "2026-06-01T12:00:10Z"}
    held = {"status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": "2026-06-01T12:00:12Z"}
    return made | {"status": {"conditions": [held | {"type": c} for c in conditions]}}


def only(runs: Runs) -> Run:
    """Return the one run there is."""
    (run,) = runs.of(a_task().task)
    return run


def test_an_explanation_outlives_the_next_event() -> None:
    """It is learned while the Pods stop, and stands when the Job has its final condition."""
    woken: list[str] = []
    runs = Runs(woken.append, complaint())
    runs.changed(a_job("FailureTarget"))
    assert only(runs).unexplained
    woken.clear()

    runs.explain("job-uid", END)
    assert woken
    runs.changed(a_job("FailureTarget", "Failed"))

    run = only(runs)
    assert (run.phase, run.reason, run.exit_code, run.message) == (Phase.FAILED, "Error", 3, "cannot go on")
    assert not run.unexplained


def test_an_explanation_of_a_job_that_is_gone_is_dropped() -> None:
    """It went while its Pods were asked; and a Job of the same name that comes later has an end of its own."""
    runs = Runs(lambda _: None, complaint())
    runs.changed(a_job("Failed"))
    runs.explain("job-uid", END)
    runs.gone("job-uid")

    runs.explain("job-uid", END)
    assert list(runs.of(a_task().task)) == []

    runs.changed(a_job("Failed"))
    assert only(runs).unexplained


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Read what was logged, as whoever collects logs does."""
    return [json.loads(JsonFormatter().format(r)) for r in caplog.records]


def test_each_end_is_one_line_for_machines(caplog: pytest.LogCaptureFixture) -> None:
    """Task, run, lateness, duration, result, reason, exit code and tail; nothing that a user wrote breaks the line."""
    caplog.set_level(logging.INFO)
    state = a_task().since("12:00:15")
    changes = {"reason": "Error", "exit_code": 3, "message": 'a "b"\nc', "start_time": at("12:00:11")}
    (run,) = state.with_run("12:00:10", Phase.FAILED, **changes, completion_time=at("12:00:15")).runs
    record = Record(state.task, 1, state.ledger, (), lateness=deque([(at("12:00:00"), 9), (at("12:00:10"), 7)]))

    tell(record, run)

    (line,) = lines(caplog)
    assert {k: line[k] for k in line.keys() - {"time", "logger", "level"}} == {
        "message": "a run ended",
        "task": "default/report",
        "run": run.name,
        "lateness_milliseconds": 7,
        "duration_seconds": 4,
        "result": "Failed",
        "reason": "Error",
        "exit_code": 3,
        "tail": 'a "b"\nc',
    }
    assert "\n" not in JsonFormatter().format(caplog.records[0])


def test_a_tail_that_repeats_is_said_once_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    """A task that fails each second for one reason does not fill the log with it."""
    caplog.set_level(logging.INFO)
    state = a_task().since("12:00:00")
    record = Record(state.task, 1, state.ledger, ())
    for second, message in enumerate(("one", "one", "one", "", "two", "one"), start=10):
        (run,) = state.with_run(f"12:00:{second}", Phase.FAILED, message=message).runs
        tell(record, run)

    assert [line.get("tail") for line in lines(caplog)] == ["one", "same tail ×2", "same tail ×3", None, "two", "one"]
