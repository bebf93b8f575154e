"""How a run ended, told from Pods as a real cluster shows them, and from rubbish."""

from typing import Any

import pytest

from tests.scenario import a_task
from torchtask.core.ends import LONGEST_MESSAGE, End, EndReason, end_of, explained, shortened
from torchtask.core.model import Phase

START = "2026-06-01T12:00:10Z"
FINISH = "2026-06-01T12:00:12Z"
NO_COMMAND = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
    'unable to start container process: exec: "nosuch": executable file not found in $PATH'
)
LOST_SIGHT = "The container could not be located when the pod was terminated"
NO_LOG = "Error on reading termination message from logs: failed to try resolving symlinks in path"


def stopped(name: str, code: int | None, reason: str = "Error", message: str = "", finish: Any = FINISH) -> Any:
    """Write the status of a container that stopped."""
    state = {"exitCode": code, "reason": reason, "message": message, "startedAt": START, "finishedAt": finish}
    return {"name": name, "state": {"terminated": state}, "lastState": {}, "restartCount": 0}


def pod(*statuses: Any, containers: str = "task", init: Any = (), phase: str = "Failed", **status: Any) -> Any:
    """Write a Pod of these containers, in the order of its spec."""
    initial = [i["name"] for i in init]
    return {
        "metadata": {"name": "report-0a1b2c3d-1780315210-x7k2p", "creationTimestamp": START},
        "spec": {"initContainers": list(init), "containers": [{"name": name} for name in containers.split()]},
        "status": {
            "phase": phase,
            "startTime": START,
            "conditions": [{"type": "Ready", "status": "False", "reason": "PodFailed"}],
            "initContainerStatuses": [s for s in statuses if s["name"] in initial],
            "containerStatuses": [s for s in statuses if s["name"] not in initial],
            **status,
        },
    }


def disrupted(by: str, words: str, *statuses: Any, **status: Any) -> Any:
    """Write a Pod that the cluster took away."""
    condition = {"type": "DisruptionTarget", "status": "True", "reason": by, "message": words}
    return pod(*statuses, conditions=[condition], **status)


CRASHING = {
    "name": "task",
    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": {"terminated": {"exitCode": 5, "reason": "Error", "message": "tail here\n", "finishedAt": FINISH}},
}
SIDECAR = {"name": "side", "restartPolicy": "Always"}

CASES: dict[str, tuple[list[Any], End | None]] = {
    "exit 3": ([pod(stopped("task", 3, message="out\ncannot go on\n"))], End("Error", 3, "out\ncannot go on")),
    "out of memory": ([pod(stopped("task", 137, "OOMKilled", "eating\n"))], End("OOMKilled", 137, "eating")),
    "no such command, containerd": (
        [pod(stopped("task", 128, "StartError", NO_COMMAND))],
        End("CannotStart", 128, NO_COMMAND),
    ),
    "no such command, dockerd": (
        [pod(stopped("task", 127, "ContainerCannotRun", "no"))],
        End("CannotStart", 127, "no"),
    ),
    "an exit without a reason": ([pod(stopped("task", 1, ""))], End("Error", 1)),
    "a container that was lost sight of": (
        [pod(stopped("task", 137, "ContainerStatusUnknown", LOST_SIGHT, None))],
        End("ContainerStatusUnknown", None, LOST_SIGHT),
    ),
    "an init container": (
        [pod(stopped("prepare", 7, message="no disk"), {"name": "task"}, init=[{"name": "prepare"}])],
        End("Error", 7, "no disk"),
    ),
    "the second of two": (
        [pod(stopped("a", 4), stopped("b", 0, "Completed"), containers="b a")],
        End("Error", 4),
    ),
    "both of two, in the order of the spec": (
        [pod(stopped("a", 4), stopped("b", 6), containers="b a")],
        End("Error", 6),
    ),
    "a sidecar that was stopped because the task failed": (
        [pod(stopped("side", 137), stopped("task", 9), init=[SIDECAR])],
        End("Error", 9),
    ),
    "a sidecar alone": (
        [pod(stopped("side", 2), {"name": "task"}, init=[SIDECAR], phase="Running")],
        End("Error", 2),
    ),
    "a container that is restarted": ([pod(CRASHING, phase="Running")], End("Error", 5, "tail here")),
    "evicted, the node ran short": (
        [disrupted("TerminationByKubelet", "x", reason="Evicted", message="The node was low on resource: memory. ")],
        End("Evicted", None, "The node was low on resource: memory."),
    ),
    "evicted, beyond its limit": (
        [pod(stopped("task", 137, "Error", NO_LOG), reason="Evicted", message="Pod ephemeral local storage usage …")],
        End("Evicted", 137, "Pod ephemeral local storage usage …"),
    ),
    "drained": (
        [disrupted("EvictionByEvictionAPI", "Eviction API: evicting", {"name": "task"}, phase="Running")],
        End("Disrupted", None, "Eviction API: evicting"),
    ),
    "preempted": (
        [disrupted("PreemptionByScheduler", "default-scheduler: preempting", stopped("task", 143))],
        End("Disrupted", 143, "default-scheduler: preempting"),
    ),
    "the node shut down": (
        [disrupted("TerminationByKubelet", "", reason="Terminated", message="Pod was terminated")],
        End("Disrupted", None, ""),
    ),
    "the node went away": (
        [disrupted("DeletionByPodGC", "PodGC: node no longer exists", phase="Failed")],
        End("NodeLost", None, "PodGC: node no longer exists"),
    ),
    "the node went away, in the words of old": ([pod(reason="NodeLost", phase="Unknown")], End("NodeLost")),
    "no disruption, says the condition": (
        [pod(stopped("task", 1), conditions=[{"type": "DisruptionTarget", "status": "False", "reason": "x"}])],
        End("Error", 1),
    ),
    "refused by the kubelet": (
        [pod(reason="OutOfcpu", message="Node didn't have enough resource: cpu")],
        End("OutOfcpu", None, "Node didn't have enough resource: cpu"),
    ),
    "the last attempt of three": (
        [
            pod(stopped("task", 2, finish="2026-06-01T12:00:14Z")),
            pod(stopped("task", 3, finish="2026-06-01T12:00:20Z")),
            pod(stopped("task", 1, finish="2026-06-01T12:00:12Z")),
        ],
        End("Error", 3),
    ),
    "one that failed beside one that succeeded later": (
        [pod(stopped("task", 2)), pod(stopped("task", 1, finish="2026-06-01T12:01:00Z"), phase="Succeeded")],
        End("Error", 2),
    ),
    "a Pod that ended well": ([pod(stopped("task", 0, "Completed"), phase="Succeeded")], None),
    "a Pod that waits for its image": (
        [pod({"name": "task", "state": {"waiting": {"reason": "ImagePullBackOff"}}}, phase="Pending")],
        None,
    ),
    "no Pod": ([], None),
}


@pytest.mark.parametrize("case", CASES)
def test_each_end_is_told_from_the_others(case: str) -> None:
    """Reason, exit code and last words, as the Pods tell them."""
    pods, end = CASES[case]

    assert end_of(pods) == end


RUBBISH: list[Any] = [
    None,
    "pods",
    7,
    [None, 7, "x", []],
    [{}],
    [{"spec": 1, "status": 2, "metadata": 3}],
    [pod(conditions=7)],
    [pod(conditions=[None, {"type": "DisruptionTarget"}])],
    [pod() | {"spec": {"containers": "task", "initContainers": {"a": 1}}}],
    [pod(stopped("task", None))],
    [pod(stopped("task", 2**40))],
    [pod({"name": "task", "state": "terminated", "lastState": [1]})],
    [pod({"name": "task", "state": {"terminated": {"exitCode": True}}})],
    [pod({"name": "task", "state": {"terminated": {"exitCode": "3"}}})],
    [pod({"name": ["task"], "state": {}})],
]


@pytest.mark.parametrize("pods", RUBBISH)
def test_rubbish_tells_nothing(pods: Any) -> None:
    """Whatever stands there, nothing is made up and nothing is raised."""
    assert end_of(pods) is None


def test_words_that_are_no_text_are_left_out() -> None:
    """What cannot be read does not hide what can."""
    strange = stopped("task", 3, finish=7)
    strange["state"]["terminated"] |= {"reason": ["Error"], "message": {"a": 1}}

    assert end_of([pod(strange), pod(stopped("task", 3, ""))]) == End("Error", 3)


def test_words_are_bounded() -> None:
    """A container may write what it likes; the status stays small, and keeps what was said last."""
    end = end_of([pod(stopped("task", 3, "R" * 5000, "x" * 5000 + "the cause\n"))])

    assert end is not None
    assert len(end.reason) == 128
    assert len(end.message) == LONGEST_MESSAGE
    assert end.message.endswith("xthe cause")
    assert shortened(end.message, LONGEST_MESSAGE) == end.message
    assert shortened("short", 5) == "short"
    assert shortened("longer", 5) == "…nger"


def test_an_explained_run_keeps_the_jobs_words_where_its_pods_have_none() -> None:
    """Asked in vain is asked: the run is counted as it is."""
    (run,) = a_task().with_run("12:00:10", Phase.FAILED, reason="BackoffLimitExceeded", message="limit").runs
    asked = explained(run, None)
    told = explained(run, End(EndReason.EVICTED, 137))

    assert (asked.reason, asked.exit_code, asked.message) == ("BackoffLimitExceeded", None, "limit")
    assert (told.reason, told.exit_code, told.message) == ("Evicted", 137, "limit")
    assert not asked.unexplained
