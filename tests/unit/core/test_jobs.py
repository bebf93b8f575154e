"""Jobs read back: which are runs, of what, and how far they are."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.jobs import CREATED, DEADLINE, ENDED, LIMIT, held, read, stored
from tests.launches import FIRE_TIME, UID
from torchtask.core.ends import LONGEST_REASON
from torchtask.core.model import Phase
from torchtask.core.units import Instance, Manual, Timed, Unit
from torchtask.core.wire import jobs

UNITS: list[Unit] = [
    Timed(FIRE_TIME),
    Timed(FIRE_TIME, "worker-1"),
    Manual("012345678"),
    Manual("012345678", "worker-1"),
    Instance(3, 17),
    Instance(3, 17, "worker-1"),
]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("task", ["report", "x" * 52])
def test_our_job_is_read_back(unit: Unit, task: str) -> None:
    """What the operator writes into a Job is enough to know the run again after a restart."""
    found = jobs.run(stored({"unit": unit, "name": task, "revision": "a1b2"}, startTime="2026-06-01T12:00:12Z"))

    assert found is not None
    owner, run = found
    assert owner == ("default", UID)
    assert (run.unit, run.template, run.phase) == (unit, "a1b2", Phase.ACTIVE)
    assert run.fire_time == (FIRE_TIME if isinstance(unit, Timed) else CREATED)
    assert (run.creation_time, run.start_time) == (CREATED, datetime(2026, 6, 1, 12, 0, 12, tzinfo=UTC))


def test_a_job_that_no_task_controls_is_no_run() -> None:
    """Labels and names do not make a Job ours; its controller reference does (docs/reliability.md)."""
    stray = stored()
    del stray["metadata"]["ownerReferences"][0]["controller"]

    assert jobs.run(stray) is None


@pytest.mark.parametrize(
    "owner",
    [{"kind": "CronJob", "apiVersion": "batch/v1"}, {"kind": "TorchFlow"}, {"apiVersion": "example.com/v1"}],
)
def test_a_job_of_another_controller_is_no_run(owner: dict[str, str]) -> None:
    """Not even one that looks like a TorchTask by its name and UID."""
    other = stored()
    other["metadata"]["ownerReferences"][0] |= owner

    assert jobs.run(other) is None


@pytest.mark.parametrize(
    "name",
    [
        "report",
        "report-1780315210",
        "other-0a1b2c3d-1780315210",
        "report-0a1b2c3d-178031521x",
        "report-0a1b2c3d-01780315210",
        "report-0a1b2c3d-d1",
    ],
)
def test_a_job_under_another_name_is_no_run(name: str) -> None:
    """A Job that somebody made the task's own by hand belongs to no unit."""
    made = stored()
    made["metadata"]["name"] = name

    assert jobs.run(made) is None


@pytest.mark.parametrize("annotations", [None, {}, {"torchtask.dev/node": "worker-2"}, {"torchtask.dev/node": 7}])
def test_a_run_on_a_node_says_on_which(annotations: Any) -> None:
    """The name has a hash of the node; without the node, or with another one, it is no name of ours."""
    made = stored({"unit": Timed(FIRE_TIME, "worker-1")})
    made["metadata"]["annotations"] = annotations

    assert jobs.run(made) is None


@pytest.mark.parametrize(
    ("condition", "phase", "reason"),
    [
        (held("Complete"), Phase.SUCCEEDED, "Completed"),
        (held("Failed", "DeadlineExceeded"), Phase.FAILED, "DeadlineExceeded"),
        (held("Failed", "x") | {"status": "False"}, Phase.ACTIVE, ""),
        (held("FailureTarget", "DeadlineExceeded"), Phase.ACTIVE, ""),
        (held("Suspended"), Phase.ACTIVE, ""),
    ],
)
def test_a_run_is_over_when_its_job_says_so_and_not_before(
    condition: dict[str, str], phase: Phase, reason: str
) -> None:
    """Over means that the Pods are gone: a Job whose failure is only decided still holds its instance."""
    run = read(stored(conditions=[condition]))

    assert (run.phase, run.reason) == (phase, reason)
    assert (run.completion_time is None) is (phase is Phase.ACTIVE)


@pytest.mark.parametrize(
    ("unit", "conditions", "unexplained"),
    [
        (Timed(FIRE_TIME), [], False),
        (Timed(FIRE_TIME), [held("FailureTarget", LIMIT)], True),
        (Timed(FIRE_TIME), [held("FailureTarget", LIMIT), held("Failed", LIMIT)], True),
        (Timed(FIRE_TIME), [held("FailureTarget", LIMIT) | {"status": "False"}], False),
        (Timed(FIRE_TIME), [held("FailureTarget", DEADLINE)], False),
        (Timed(FIRE_TIME), [held("Failed", DEADLINE)], False),
        (Timed(FIRE_TIME), [held("Complete")], False),
        (Manual("012345678"), [held("Complete")], False),
        (Instance(1, 1), [], False),
        (Instance(1, 1), [held("SuccessCriteriaMet")], False),
        (Instance(1, 1), [held("Complete")], True),
        (Instance(1, 1), [held("Failed", LIMIT)], True),
        (Instance(1, 1), [held("Failed", DEADLINE)], False),
    ],
)
def test_pods_are_asked_about_what_only_they_know(unit: Unit, conditions: list[Any], *, unexplained: bool) -> None:
    """Why a run failed, as soon as that is decided, unless it took too long; and how long a daemon's instance ran."""
    assert read(stored({"unit": unit}, conditions=conditions)).unexplained is unexplained


@pytest.mark.parametrize(
    ("status", "pod_seen", "started"),
    [
        ({}, False, False),
        ({"startTime": ENDED, "active": 0, "ready": 0, "terminating": 0, "uncountedTerminatedPods": {}}, False, False),
        ({"active": 1, "ready": 0}, True, False),
        ({"active": 1, "ready": None}, True, False),
        ({"terminating": 1}, True, False),
        ({"active": 1, "ready": 1}, True, True),
        ({"succeeded": 1}, True, True),
        ({"failed": 1}, True, True),
        ({"uncountedTerminatedPods": {"failed": ["uid"]}}, True, False),
        ({"uncountedTerminatedPods": {"succeeded": []}}, False, False),
        ({"conditions": [held("Complete")]}, False, True),
        ({"conditions": [held("Failed", DEADLINE)]}, False, True),
        ({"conditions": [held("FailureTarget", DEADLINE)]}, False, False),
    ],
)
def test_a_run_tells_whether_it_has_a_pod_and_whether_that_started(
    status: dict[str, Any], *, pod_seen: bool, started: bool
) -> None:
    """By what the Job controller counts; a run that is over waits for no start."""
    run = read(stored(**status))

    assert (run.pod_seen, run.started) == (pod_seen, started)


@pytest.mark.parametrize(("suspend", "parked"), [(True, True), (False, False), (None, False), ("yes", False)])
def test_a_run_that_somebody_suspended_is_parked(suspend: Any, *, parked: bool) -> None:
    """Whoever queues Jobs does it so; it does not wait for a Pod."""
    made = stored()
    made["spec"]["suspend"] = suspend

    assert read(made).parked is parked


BROKEN: dict[str, Callable[[Any], Any]] = {
    "no metadata": lambda job: job.pop("metadata"),
    "no creation time": lambda job: job["metadata"].pop("creationTimestamp"),
    "a strange creation time": lambda job: job["metadata"].update(creationTimestamp="soon"),
    "a count that is none": lambda job: job["status"].update(ready="1"),
    "a condition that is none": lambda job: job["status"].update(conditions=["Failed"]),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_job_that_cannot_be_read_says_so_in_the_way_that_is_expected(fault: str) -> None:
    """Whoever keeps the runs passes over these errors, and over no others."""
    made = stored()
    BROKEN[fault](made)

    with pytest.raises((KeyError, TypeError, ValueError)):
        jobs.run(made)


def test_the_words_of_a_job_are_bounded() -> None:
    """A status that holds them is never refused for its length."""
    run = read(stored(conditions=[held("Failed", "x" * 5_000)]))

    assert len(run.reason) == LONGEST_REASON
