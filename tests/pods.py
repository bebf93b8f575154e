"""Pods that ended, as a real cluster shows them."""

from typing import Any

START = "2026-06-01T12:00:10Z"
FINISH = "2026-06-01T12:00:12Z"
SIDECAR = {"name": "side", "restartPolicy": "Always"}


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
