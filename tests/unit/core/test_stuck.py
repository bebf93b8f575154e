"""Why a run does not start, told from the Pods of its Job."""

from typing import Any

import pytest

from torchtask.core.ends import LONGEST_MESSAGE, EndReason, stuck_of

PULL = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "nosuch:1"'}
PULL_WORDS = 'ImagePullBackOff: Back-off pulling image "nosuch:1"'
NO_ROOM = {"reason": "Unschedulable", "message": "0/3 nodes are available: 3 Insufficient cpu."}
SIDECAR = {"name": "side", "restartPolicy": "Always"}


def container(name: str = "task", *, before: Any = None, **state: Any) -> Any:
    """Write the status of a container that is `waiting`, `running` or `terminated`."""
    return {"name": name, "state": state, "lastState": {"terminated": before} if before else {}}


def waiting(reason: str, name: str = "task") -> Any:
    """Write the status of a container that waits, without a message."""
    return container(name, waiting={"reason": reason})


def pod(*containers: Any, init: Any = (), prepared: Any = (), phase: str = "Pending", **scheduled: Any) -> Any:
    """Write a Pod with these statuses of containers and of init containers."""
    return {
        "spec": {"initContainers": list(init), "containers": [{"name": "task"}]},
        "status": {
            "phase": phase,
            "conditions": [{"type": "PodScheduled", "status": "True", **scheduled}],
            "initContainerStatuses": list(prepared),
            "containerStatuses": list(containers),
        },
    }


STUCK: dict[str, tuple[list[Any], str]] = {
    "an image that cannot be pulled": ([pod(container(waiting=PULL))], PULL_WORDS),
    "no room on any node": (
        [pod(status="False", **NO_ROOM)],
        "Unschedulable: 0/3 nodes are available: 3 Insufficient cpu.",
    ),
    "a gate that nobody opened": ([pod(status="False", reason="SchedulingGated")], "SchedulingGated"),
    "a volume that is not there, of which the Pod does not tell": (
        [pod(waiting("ContainerCreating"))],
        "ContainerCreating",
    ),
    "what has words goes before what has none": (
        [pod(waiting("PodInitializing"), prepared=[container("prepare", waiting=PULL)], init=[{"name": "prepare"}])],
        PULL_WORDS,
    ),
    "and one Pod's before another's": ([pod(waiting("ContainerCreating")), pod(container(waiting=PULL))], PULL_WORDS),
    "a Pod that no kubelet has looked at": ([pod()], "the Pod is Pending"),
    "init containers that are done": (
        [
            pod(
                container(waiting=PULL),
                prepared=[container("prepare", terminated={"exitCode": 0})],
                init=[{"name": "prepare"}],
            )
        ],
        PULL_WORDS,
    ),
    "a sidecar that runs for nobody": (
        [pod(container(waiting=PULL), prepared=[container("side", running={})], init=[SIDECAR])],
        PULL_WORDS,
    ),
    "words that are no text": ([pod(container(waiting={"reason": 7, "message": ["x"]}))], "the Pod is Pending"),
}


@pytest.mark.parametrize("case", STUCK)
def test_a_pod_that_has_not_started_says_why(case: str) -> None:
    """The words that help most, of whatever has some."""
    pods, words = STUCK[case]

    assert stuck_of(pods) == (EndReason.PENDING_TIMEOUT, words)


def test_a_job_without_a_pod_says_so() -> None:
    """The Job controller was refused, time and again; its Job does not tell."""
    found = stuck_of([])

    assert found is not None
    assert found[0] is EndReason.NO_POD
    assert "quota" in found[1]


STARTED: dict[str, list[Any]] = {
    "runs": [pod(container(running={"startedAt": "2026-06-01T12:00:10Z"}))],
    "runs, and tells no more": [pod(container(running={}))],
    "ended": [pod(container(terminated={"exitCode": 1}))],
    "is restarted": [pod(container(waiting={"reason": "CrashLoopBackOff"}, before={"exitCode": 1}))],
    "runs beside one that cannot": [pod(container("a", running={}), container("b", waiting=PULL))],
    "is being prepared": [
        pod(waiting("PodInitializing"), prepared=[container("prepare", running={})], init=[{"name": "prepare"}])
    ],
    "runs, says its phase": [pod(phase="Running")],
    "succeeded": [pod(phase="Succeeded")],
    "failed before it started": [pod(phase="Failed")],
    "is one of two": [pod(container(waiting=PULL)), pod(container(running={}))],
}


@pytest.mark.parametrize("case", STARTED)
def test_a_run_that_has_started_is_not_stuck(case: str) -> None:
    """Nothing is ended that works, however slowly."""
    assert stuck_of(STARTED[case]) is None


@pytest.mark.parametrize("pods", [None, "pods", 7, {}, [None, 7, "x"]])
def test_rubbish_ends_no_run(pods: Any) -> None:
    """An answer that is no list of Pods is not an empty list of Pods."""
    assert stuck_of(pods) is None


@pytest.mark.parametrize(
    "pods",
    [
        [{}],
        [{"spec": 1, "status": 2}],
        [{"status": {"conditions": 7, "containerStatuses": [None, {"state": 1, "lastState": "x"}]}}],
        [{"status": {"phase": ["Running"], "containerStatuses": [{"state": {"running": 7, "terminated": []}}]}}],
    ],
)
def test_a_pod_of_rubbish_has_not_started(pods: Any) -> None:
    """It is there, and shows no sign of life."""
    assert stuck_of(pods) == (EndReason.PENDING_TIMEOUT, "the Pod is Pending")


def test_the_words_are_bounded() -> None:
    """They go into an annotation and into the status."""
    found = stuck_of([pod(container(waiting={"reason": "a", "message": "x" * 5000}))])

    assert found is not None
    assert len(found[1]) == LONGEST_MESSAGE
