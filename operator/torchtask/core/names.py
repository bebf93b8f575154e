"""How a run is named and marked. The name is a function of task and fire time: the API server is the lock."""

from datetime import UTC, datetime

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
CRONJOB_TIME_ANNOTATION = "batch.kubernetes.io/cronjob-scheduled-timestamp"

_EPOCH_DIGITS = 11
_TASK_PART = 38  # + "-" + 8 + "-" + 10 = 58 ≤ 63, the longest name whose Pods carry it as a label


def run_name(task_name: str, task_uid: str, fire_time: datetime) -> str:
    """Name the run of `fire_time`: `<task>-<first 8 of the UID>-<epoch seconds>`."""
    return f"{task_name[:_TASK_PART].rstrip('-')}-{task_uid[:8]}-{int(fire_time.timestamp())}"


def fire_time_of(run: str) -> datetime | None:
    """Read the fire time from a run's name; None when the name has none."""
    seconds = run.rpartition("-")[2]
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= _EPOCH_DIGITS):
        return None
    return datetime.fromtimestamp(int(seconds), UTC)
