"""Task and fire time → the Job document. What the operator writes into a Job is written here, and nowhere else."""

from datetime import datetime
from typing import Any

from torchtask.core import names
from torchtask.core.instants import rfc3339
from torchtask.core.model import Json, Spec, Task

_POD_FIELDS = ("serviceAccountName", "nodeSelector")
_CONTAINER_LISTS = ("initContainers", "containers")
_TELLING = {"terminationMessagePolicy": "FallbackToLogsOnError"}


def job_spec(spec: Json) -> dict[str, Any]:
    """Build what all Jobs of a task have in common, from a TorchTask's spec: its `jobTemplate`, or its `container`.

    We write `backoffLimit`, `activeDeadlineSeconds`, the Pod's `nodeSelector`, and into each of its `containers` and
    `initContainers` that sets none `terminationMessagePolicy: FallbackToLogsOnError`, so that a container that fails
    leaves the tail of its output behind. Everything else in `jobTemplate` passes as it is, fields that we have never
    heard of included.
    """
    if "container" in spec:
        job: dict[str, Any] = {"template": {"spec": _pod_spec(spec["container"])}}
    else:
        job = dict(spec["jobTemplate"]["spec"])
    template = dict(job.get("template") or {})
    pod = dict(template.get("spec") or {})
    pod |= {name: spec[name] for name in _POD_FIELDS if name in spec}
    pod |= {name: _telling(pod[name]) for name in _CONTAINER_LISTS if isinstance(pod.get(name), list)}
    job["template"] = template | {"spec": pod}
    job["backoffLimit"] = spec.get("backoffLimit", 0)
    if "timeoutSeconds" in spec:
        job["activeDeadlineSeconds"] = spec["timeoutSeconds"]
    return job


def _telling(containers: list[Any]) -> list[Any]:
    """Have the containers leave their last words; what is no container is the API server's to refuse."""
    return [_TELLING | c if isinstance(c, dict) else c for c in containers]


def _pod_spec(container: Json) -> dict[str, Any]:
    own = {k: v for k, v in container.items() if k != "terminationGracePeriodSeconds"}
    pod: dict[str, Any] = {"restartPolicy": "Never", "containers": [{"name": "task", **own}]}
    if "terminationGracePeriodSeconds" in container:
        pod["terminationGracePeriodSeconds"] = container["terminationGracePeriodSeconds"]
    return pod


def job(task: Task, spec: Spec, fire_time: datetime) -> dict[str, Any]:
    """Build the Job of `fire_time`, owned by `task`, so that it goes when the task goes."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": names.run_name(task.name, task.uid, fire_time),
            "namespace": task.namespace,
            "labels": {
                **spec.labels,
                names.MANAGED_BY_LABEL: names.MANAGED_BY,
                names.TASK_LABEL: task.name,
                names.TASK_UID_LABEL: task.uid,
                names.TRIGGER_LABEL: "schedule",
            },
            "annotations": {
                **spec.annotations,
                names.FIRE_TIME_ANNOTATION: rfc3339(fire_time),
                names.CRONJOB_TIME_ANNOTATION: rfc3339(fire_time),
            },
            "ownerReferences": [
                {
                    "apiVersion": names.API_VERSION,
                    "kind": names.KIND,
                    "name": task.name,
                    "uid": task.uid,
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": spec.job,
    }
