"""Task and start → the Job document. What the operator writes into a Job is written here, and nowhere else.

Law: what is not named here passes as it is, fields that we have never heard of included; what is not what it should be
is not touched, and the API server refuses it. Documents that are passed in are not changed, but shared by what is made
of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from torchtask.core import affinity, names
from torchtask.core.instants import rfc3339
from torchtask.core.lenient import mappings, text
from torchtask.core.model import Task
from torchtask.core.spec import Json, Spec
from torchtask.core.units import Manual, Timed, Unit

_POD_FIELDS = ("serviceAccountName", "nodeSelector")
_CONTAINER_LISTS = ("initContainers", "containers")
_POD_PATH = "spec.jobTemplate.spec.template.spec"
_TELLING = {"terminationMessagePolicy": "FallbackToLogsOnError"}
_DISRUPTIONS_IGNORED = {
    "rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
}


class Trigger(StrEnum):
    """Why a run was started; it stands in a label."""

    SCHEDULE = "schedule"
    AT = "at"
    MANUAL = "manual"
    DAEMON = "daemon"
    CATCH_UP = "catchup"


@dataclass(frozen=True, slots=True)
class Start:
    """What one launch adds to what all Jobs of a task have in common.

    `nodes` names those that the run may be on, None: any; a unit with a node runs on that one. `last_success` is when a
    run of the task last succeeded. `revision` stands for what a daemon's instance is launched from; empty: not told.
    """

    unit: Unit
    fire_time: datetime
    trigger: Trigger
    nodes: tuple[str, ...] | None = None
    last_success: datetime | None = None
    revision: str = ""


def job_spec(spec: Json) -> dict[str, Any]:
    """Build what all Jobs of a task have in common, from a TorchTask's spec: its `jobTemplate`, or its `container`.

    We write `backoffLimit`, `activeDeadlineSeconds`, the Pod's `nodeSelector`, and into each of its `containers` and
    `initContainers` that sets none `terminationMessagePolicy: FallbackToLogsOnError`, so that a container that fails
    leaves the tail of its output behind; and a `podFailurePolicy` by which disruptions are no attempts, where there are
    several attempts and Kubernetes accepts one. Raises SpecError when the Pod's node affinity is too long for a task
    that names nodes.
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
    job["backoffLimit"] = spec.get("backoffLimit") or 0
    if "timeoutSeconds" in spec:
        job["activeDeadlineSeconds"] = spec["timeoutSeconds"]
    if _may_ignore_disruptions(job, pod):
        job["podFailurePolicy"] = _DISRUPTIONS_IGNORED
    if spec.get("nodeNames") or spec.get("nodeAddresses") or spec.get("runOn") == "EveryNode":
        affinity.judge(_POD_PATH, pod)
    return job


def _telling(containers: list[Any]) -> list[Any]:
    """Have the containers leave their last words."""
    return [_TELLING | c if isinstance(c, dict) else c for c in containers]


def _may_ignore_disruptions(job: Json, pod: Json) -> bool:
    """Tell whether the Job gains from a `podFailurePolicy`, has none, and may have one.

    Kubernetes accepts one only with Pods that are never restarted in place, and replaced when they have failed:
    https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy
    """
    return (
        job["backoffLimit"] >= 1
        and pod.get("restartPolicy") == "Never"
        and job.get("podFailurePolicy") is None
        and job.get("podReplacementPolicy") in (None, "Failed")
    )


def _pod_spec(container: Json) -> dict[str, Any]:
    own = {k: v for k, v in container.items() if k != "terminationGracePeriodSeconds"}
    pod: dict[str, Any] = {"restartPolicy": "Never", "containers": [{"name": "task", **own}]}
    if "terminationGracePeriodSeconds" in container:
        pod["terminationGracePeriodSeconds"] = container["terminationGracePeriodSeconds"]
    return pod


def job(task: Task, spec: Spec, start: Start) -> dict[str, Any]:
    """Build the Job of one launch, owned by `task`, so that it goes when the task goes."""
    name = names.run_name(task.name, task.uid, start.unit)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": task.namespace,
            "labels": {
                **spec.labels,
                names.MANAGED_BY_LABEL: names.MANAGED_BY,
                names.TASK_LABEL: task.name,
                names.TASK_UID_LABEL: task.uid,
                names.TRIGGER_LABEL: start.trigger.value,
            },
            "annotations": {**spec.annotations, **_annotations(start)},
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
        "spec": _started(spec.job, start, {names.TASK_LABEL: task.name}, _environment(task, start, name)),
    }


def _annotations(start: Start) -> dict[str, str]:
    time = rfc3339(start.fire_time)
    written = {names.FIRE_TIME_ANNOTATION: time}
    if isinstance(start.unit, Timed):
        written[names.CRONJOB_TIME_ANNOTATION] = time
    if start.unit.node:
        written[names.NODE_ANNOTATION] = start.unit.node
    if start.revision:
        written[names.TEMPLATE_ANNOTATION] = start.revision
    return written


def _environment(task: Task, start: Start, name: str) -> dict[str, str]:
    """Say what a run may want to know of itself."""
    return {
        "TORCHTASK_NAME": task.name,
        "TORCHTASK_RUN": name,
        "TORCHTASK_FIRE_TIME": rfc3339(start.fire_time),
        "TORCHTASK_LAST_SUCCESS": rfc3339(start.last_success) if start.last_success else "",
    }


def _started(common: Json, start: Start, labels: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, Any]:
    """Add to a Job's spec what one launch adds; only what lies on the way is copied."""
    template = _labelled(common["template"], labels)
    pod = dict(template["spec"])
    for kind in _CONTAINER_LISTS:
        if isinstance(pod.get(kind), list):
            pod[kind] = [_told(c, environment) if isinstance(c, dict) else c for c in pod[kind]]
    nodes = (start.unit.node,) if start.unit.node else start.nodes
    job = {**common, "template": {**template, "spec": pod if nodes is None else affinity.narrowed(pod, nodes)}}
    if isinstance(start.unit, Manual):  # its Job is how we know that it ran
        job.pop("ttlSecondsAfterFinished", None)
    return job


def _labelled(template: Json, labels: Mapping[str, str]) -> Json:
    """Mark a Pod as a task's, so that its logs can be asked for by that; its own labels stand."""
    metadata = {} if template.get("metadata") is None else template["metadata"]
    own = {} if not isinstance(metadata, dict) or metadata.get("labels") is None else metadata["labels"]
    if not isinstance(metadata, dict) or not isinstance(own, dict):
        return template
    return {**template, "metadata": {**metadata, "labels": {**labels, **own}}}


def _told(container: Json, environment: Mapping[str, str]) -> Json:
    """Put `environment` before a container's own variables, which may then refer to it; its own names stand."""
    own = [] if container.get("env") is None else container["env"]
    if not isinstance(own, list):
        return container
    taken = {text(variable.get("name")) for variable in mappings(own)}
    ours = [{"name": name, "value": value} for name, value in environment.items() if name not in taken]
    return {**container, "env": [*ours, *own]}


def ended_by(reason: str) -> dict[str, Any]:
    """Write the merge patch that ends a stuck run; `reason` is one of `ends.EndReason`, ": " and words."""
    return {"metadata": {"annotations": {names.ENDED_BY_ANNOTATION: reason}}, "spec": {"activeDeadlineSeconds": 1}}
