"""How a run ended, told from Pods as a real cluster shows them, and from rubbish."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.pods import FINISH, SIDECAR, disrupted, pod, stopped
from torchtask.core.ends import LONGEST_MESSAGE, End, end_of, shortened

NO_COMMAND = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
    'unable to start container process: exec: "nosuch": executable file not found in $PATH'
)
LOST_SIGHT = "The container could not be located when the pod was terminated"
NO_LOG = "Error on reading termination message from logs: failed to try resolving symlinks in path"

CRASHING = {
    "name": "task",
    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": {"terminated": {"exitCode": 5, "reason": "Error", "message": "tail here\n", "finishedAt": FINISH}},
}

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
        End("Evicted", None, "The node was low on resource: memory.", disrupted=True),
    ),
    "evicted, beyond its limit": (
        [pod(stopped("task", 137, "Error", NO_LOG), reason="Evicted", message="Pod ephemeral local storage usage …")],
        End("Evicted", 137, "Pod ephemeral local storage usage …"),
    ),
    "drained": (
        [disrupted("EvictionByEvictionAPI", "Eviction API: evicting", {"name": "task"}, phase="Running")],
        End("Disrupted", None, "Eviction API: evicting", disrupted=True),
    ),
    "preempted": (
        [disrupted("PreemptionByScheduler", "default-scheduler: preempting", stopped("task", 143))],
        End("Disrupted", 143, "default-scheduler: preempting", disrupted=True),
    ),
    "the node shut down": (
        [disrupted("TerminationByKubelet", "", reason="Terminated", message="Pod was terminated")],
        End("Disrupted", disrupted=True),
    ),
    "the node went away": (
        [disrupted("DeletionByPodGC", "PodGC: node no longer exists", phase="Failed")],
        End("NodeLost", None, "PodGC: node no longer exists", disrupted=True),
    ),
    "the node went away, in the words of old": (
        [pod(reason="NodeLost", phase="Unknown")],
        End("NodeLost", disrupted=True),
    ),
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
    "a Pod that ended well": ([pod(stopped("task", 0, "Completed"), phase="Succeeded")], End("Completed")),
    "a Pod that waits for its image": (
        [pod({"name": "task", "state": {"waiting": {"reason": "ImagePullBackOff"}}}, phase="Pending")],
        None,
    ),
    "no Pod": ([], None),
}


@pytest.mark.parametrize("case", CASES)
def test_each_end_is_told_from_the_others(case: str) -> None:
    """Reason, exit code and last words, as the Pods tell them; and whether the cluster ended it."""
    pods, end = CASES[case]

    found = end_of(pods)

    assert (found and replace(found, ran=None)) == end


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

    assert end_of([pod(strange), pod(stopped("task", 3, ""))]) == End("Error", 3, ran=timedelta(seconds=2))


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
