"""Job documents → `Run`. A Job that no TorchTask controls is no run, whatever its labels and name say (promise 9)."""

from torchtask.core import names
from torchtask.core.instants import optional_instant
from torchtask.core.model import Json, Phase, Run

_FINAL = {"Complete": Phase.SUCCEEDED, "Failed": Phase.FAILED}


def run(document: Json, task_uid: str | None = None) -> tuple[str, Run] | None:
    """Read a Job that a TorchTask controls: the task's UID, and the run. None for every other Job."""
    metadata = document["metadata"]
    owner = next((o for o in metadata.get("ownerReferences", ()) if o.get("controller")), None)
    fire_time = names.fire_time_of(metadata["name"])
    if (
        owner is None
        or owner["kind"] != names.KIND
        or not owner["apiVersion"].startswith(f"{names.GROUP}/")
        or fire_time is None
    ):
        return None
    if task_uid is not None and owner["uid"] != task_uid:
        return None
    status = document.get("status", {})
    final = next((c for c in status.get("conditions", ()) if c["type"] in _FINAL and c["status"] == "True"), None)
    phase = _FINAL[final["type"]] if final else Phase.ACTIVE
    end = status.get("completionTime") or (final or {}).get("lastTransitionTime")
    return owner["uid"], Run(
        name=metadata["name"],
        uid=metadata["uid"],
        fire_time=fire_time,
        phase=phase,
        start_time=optional_instant(status.get("startTime")),
        completion_time=optional_instant(end) if final else None,
        reason=_run_reason(phase, final),
        message=(final or {}).get("message", "") if phase is Phase.FAILED else "",
        deleting="deletionTimestamp" in metadata,
    )


def _run_reason(phase: Phase, final: Json | None) -> str:
    """Use kubectl's words for Pods: a run that succeeded is Completed; a failed one has its Job's reason."""
    return "Completed" if phase is Phase.SUCCEEDED else str((final or {}).get("reason", ""))
