"""Job documents → `Run`. A Job that no TorchTask controls is no run, whatever its labels and name say (promise 9)."""

from torchtask.core import names
from torchtask.core.instants import instant, optional_instant
from torchtask.core.model import Json, Phase, Run

_FINAL = {"Complete": Phase.SUCCEEDED, "Failed": Phase.FAILED}
_TOOK_TOO_LONG = "DeadlineExceeded"  # says all: the Job controller takes away what still runs

Owner = tuple[str, str]  # namespace and UID of a task; both, for a Job elsewhere may name any UID as its owner's


def run(document: Json) -> tuple[Owner, Run] | None:
    """Read a Job that a TorchTask controls, and that has the name which the operator gives."""
    metadata = document["metadata"]
    owner = next((o for o in metadata.get("ownerReferences", ()) if o.get("controller")), None)
    if owner is None or owner["kind"] != names.KIND or not owner["apiVersion"].startswith(f"{names.GROUP}/"):
        return None
    fire_time = names.fire_time_of(metadata["name"])
    if fire_time is None or metadata["name"] != names.run_name(owner["name"], owner["uid"], fire_time):
        return None
    status = document.get("status", {})
    true = {c["type"]: c for c in status.get("conditions", ()) if c["status"] == "True"}
    final = true.get("Complete") or true.get("Failed")
    failing = true.get("Failed") or true.get("FailureTarget") or {}
    phase = _FINAL[final["type"]] if final else Phase.ACTIVE
    end = status.get("completionTime") or (final or {}).get("lastTransitionTime")
    return (metadata["namespace"], owner["uid"]), Run(
        name=metadata["name"],
        uid=metadata["uid"],
        fire_time=fire_time,
        phase=phase,
        creation_time=instant(metadata["creationTimestamp"]),
        start_time=optional_instant(status.get("startTime")),
        completion_time=optional_instant(end) if final else None,
        reason=_run_reason(phase, final),
        message=(final or {}).get("message", "") if phase is Phase.FAILED else "",
        deleting="deletionTimestamp" in metadata,
        unexplained=bool(failing) and failing.get("reason") != _TOOK_TOO_LONG,
    )


def _run_reason(phase: Phase, final: Json | None) -> str:
    """Use kubectl's words for Pods: a run that succeeded is Completed; a failed one has its Job's reason."""
    return "Completed" if phase is Phase.SUCCEEDED else str((final or {}).get("reason", ""))
