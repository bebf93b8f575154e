"""How long a run ran, and what is known of it when its Pods were asked."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.launches import FIRE_TIME
from tests.pods import FINISH, SIDECAR, START, pod, stopped
from torchtask.core.ends import End, EndReason, end_of, explained
from torchtask.core.model import Phase, Run
from torchtask.core.units import Timed


def seconds(number: float) -> timedelta:
    """Make a duration."""
    return timedelta(seconds=number)


def restarted(*spans: tuple[Any, Any]) -> Any:
    """Write the status of the container `task` that stopped, and before that stopped another time."""
    states = [{"terminated": {"exitCode": 1, "startedAt": start, "finishedAt": finish}} for start, finish in spans]
    return {"name": "task", "state": states[0], "lastState": states[1] if states[1:] else {}}


SUCCEEDED = pod(stopped("task", 0, "Completed"), phase="Succeeded")
RAN: dict[str, tuple[list[Any], float | None]] = {
    "a Pod that failed": ([pod(stopped("task", 3))], 2),
    "a Pod that ended well": ([SUCCEEDED], 2),
    "the longest of two containers": (
        [pod(stopped("a", 1), stopped("b", 0, finish="2026-06-01T12:00:15Z"), containers="a b")],
        5,
    ),
    "the longest of two times": (
        [pod(restarted(("2026-06-01T12:01:00Z", "2026-06-01T12:01:01Z"), (START, "2026-06-01T12:00:40Z")))],
        30,
    ),
    "init containers do not count": (
        [pod(stopped("prepare", 7), {"name": "task"}, init=[{"name": "prepare"}])],
        None,
    ),
    "nor do sidecars": ([pod(stopped("side", 2), {"name": "task"}, init=[SIDECAR], phase="Running")], None),
    "the last of two Pods": (
        [pod(stopped("task", 2, finish="2026-06-01T12:00:50Z")), pod(stopped("task", 3))],
        40,
    ),
    "the last of two Pods, which ended well": (
        [pod(stopped("task", 2)), pod(stopped("task", 0, finish="2026-06-01T12:00:50Z"), phase="Succeeded")],
        40,
    ),
    "a container that could not be started, as containerd tells": (
        [pod(restarted(("1970-01-01T00:00:00Z", FINISH)))],
        0,
    ),
    "a node whose clock went back": ([pod(restarted((FINISH, START)))], 0),
    "a container that was lost sight of": ([pod(restarted((None, None)), reason="Evicted")], None),
    "a start that is not told": ([pod(restarted((None, FINISH)))], None),
    "an end that is rubbish": ([pod(restarted((START, "soon")))], None),
}


@pytest.mark.parametrize("case", RAN)
def test_how_long_it_ran_is_told_apart_from_never_started(case: str) -> None:
    """A daemon that ends at once is a failed start; whole seconds, as Kubernetes stamps them."""
    pods, ran = RAN[case]

    end = end_of(pods)

    assert end is not None
    assert end.ran == (None if ran is None else seconds(ran))


def a_run(phase: Phase, **changes: Any) -> Run:
    """Make a run whose Pods were not asked yet."""
    return replace(Run("a", "b", Timed(FIRE_TIME), FIRE_TIME, phase, FIRE_TIME, unexplained=True), **changes)


def test_an_explained_run_keeps_the_jobs_words_where_its_pods_have_none() -> None:
    """Asked in vain is asked: the run is counted as it is."""
    run = a_run(Phase.FAILED, reason="BackoffLimitExceeded", message="limit")
    asked = explained(run, None)
    told = explained(run, End(EndReason.EVICTED, 137, ran=seconds(4), disrupted=True))

    assert asked == replace(run, unexplained=False)
    assert (told.reason, told.exit_code, told.message) == ("Evicted", 137, "limit")
    assert (told.ran, told.disrupted, told.unexplained) == (seconds(4), True, False)


@pytest.mark.parametrize(
    ("run", "end"),
    [
        (a_run(Phase.SUCCEEDED, reason="Completed"), End("Completed", ran=seconds(4))),
        (a_run(Phase.SUCCEEDED, reason="Completed"), End("Disrupted", 143, "drained", seconds(4), disrupted=True)),
        (a_run(Phase.FAILED, reason="BackoffLimitExceeded"), End("Completed", ran=seconds(4))),
        (a_run(Phase.ACTIVE), End("Completed", ran=seconds(4))),
    ],
)
def test_pods_do_not_say_whether_a_run_succeeded(run: Run, end: End) -> None:
    """Its Job does: of the Pods that are left one may have failed before, or ended well beside one that is gone."""
    assert explained(run, end) == replace(run, unexplained=False, ran=seconds(4))
