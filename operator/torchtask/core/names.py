"""How a run is named and marked. The name is a function of task and unit: the API server is the lock."""

import re
from datetime import datetime

from torchtask.core.units import Timed, Unit, suffix, unit_of

GROUP = "torchtask.dev"
VERSION = "v1beta1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "TorchTask"
PLURAL = "torchtasks"

MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
MANAGED_BY = "torchtask"
TASK_LABEL = f"{GROUP}/task"
TASK_UID_LABEL = f"{GROUP}/task-uid"
TRIGGER_LABEL = f"{GROUP}/trigger"
FIRE_TIME_ANNOTATION = f"{GROUP}/fire-time"
NODE_ANNOTATION = f"{GROUP}/node"
TEMPLATE_ANNOTATION = f"{GROUP}/template"
ENDED_BY_ANNOTATION = f"{GROUP}/ended-by"
CRONJOB_TIME_ANNOTATION = "batch.kubernetes.io/cronjob-scheduled-timestamp"

RUN_NOW_ANNOTATION = f"{GROUP}/run-now"  # these two are the user's, on the task
RESTART_ANNOTATION = f"{GROUP}/restart"

# + "-" + 8 + "-" + suffix ≤ 63, the longest name whose Pods carry it as a label
_TASK_PART = 38
_TASK_PART_ON_A_NODE = 32

_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def run_name(task_name: str, task_uid: str, unit: Unit) -> str:
    """Name the run of `unit`: `<task>-<first 8 of the UID>-<suffix>`."""
    return f"{_stem(task_name, task_uid, unit.node)}-{suffix(unit)}"


def unit_of_run(name: str, task_name: str, task_uid: str, node: str) -> Unit | None:
    """Read the unit from a run's name; `node` is the one that the Job says it is for. None: it is no run's name."""
    stem = _stem(task_name, task_uid, node) + "-"
    return unit_of(name.removeprefix(stem), node) if name.startswith(stem) else None


def is_run_of(name: str, task_name: str, task_uid: str, fire_time: datetime) -> bool:
    """Tell whether a run's name is that of a fire time, on whichever node."""
    if name == run_name(task_name, task_uid, Timed(fire_time)):
        return True
    return name.startswith(f"{_stem(task_name, task_uid, 'any')}-{suffix(Timed(fire_time))}-")


def is_namespace(text: str) -> bool:
    """Tell whether a text can be the name of a namespace: a DNS label."""
    return _NAMESPACE.fullmatch(text) is not None


def _stem(task_name: str, task_uid: str, node: str) -> str:
    part = task_name[: _TASK_PART_ON_A_NODE if node else _TASK_PART].rstrip("-")
    return f"{part}-{task_uid[:8]}"
