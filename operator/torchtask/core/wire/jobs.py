"""Job documents → `Run`. A Job that no TorchTask controls is no run, whatever its labels and name say."""

from typing import Any

from torchtask.core import names
from torchtask.core.ends import COMPLETED, LONGEST_MESSAGE, LONGEST_REASON, EndReason, shortened
from torchtask.core.instants import instant, optional_instant
from torchtask.core.lenient import mapping, text
from torchtask.core.model import Phase, Run
from torchtask.core.spec import Json
from torchtask.core.units import Instance, Timed, Unit

_FINAL = {"Complete": Phase.SUCCEEDED, "Failed": Phase.FAILED}
_TOOK_TOO_LONG = "DeadlineExceeded"  # says all: the Job controller takes away what still runs
_OUR_WORDS = (EndReason.PENDING_TIMEOUT, EndReason.NO_POD)
_COUNTS_OF_STARTED = ("ready", "succeeded", "failed")
_COUNTS_OF_PODS = ("active", "terminating", *_COUNTS_OF_STARTED)

Owner = tuple[str, str]  # namespace and UID of a task; both, for a Job elsewhere may name any UID as its owner's


def run(document: Json) -> tuple[Owner, Run] | None:
    """Read a Job that a TorchTask controls, and that has the name which the operator gives.

    Raises KeyError, TypeError or ValueError when it cannot be read.
    """
    metadata = document["metadata"]
    owner = next((o for o in metadata.get("ownerReferences", ()) if o.get("controller")), None)
    if owner is None or owner["kind"] != names.KIND or not owner["apiVersion"].startswith(f"{names.GROUP}/"):
        return None
    node = text(mapping(metadata.get("annotations")).get(names.NODE_ANNOTATION))
    unit = names.unit_of_run(metadata["name"], owner["name"], owner["uid"], node)
    return ((metadata["namespace"], owner["uid"]), _run(document, metadata, unit)) if unit else None


def _run(document: Json, metadata: Json, unit: Unit) -> Run:
    status, annotations = mapping(document.get("status")), mapping(metadata.get("annotations"))
    true = {c["type"]: c for c in status.get("conditions", ()) if c["status"] == "True"}
    final = true.get("Complete") or true.get("Failed") or {}
    failing = true.get("Failed") or true.get("FailureTarget") or {}
    phase = _FINAL[final["type"]] if final else Phase.ACTIVE
    creation_time = instant(metadata["creationTimestamp"])
    end = status.get("completionTime") or final.get("lastTransitionTime")
    reason, message = _words(phase, final, annotations)
    return Run(
        name=metadata["name"],
        uid=metadata["uid"],
        unit=unit,
        fire_time=unit.fire_time if isinstance(unit, Timed) else creation_time,
        phase=phase,
        creation_time=creation_time,
        start_time=optional_instant(status.get("startTime")),
        completion_time=optional_instant(end) if final else None,
        reason=reason,
        message=message,
        deleting="deletionTimestamp" in metadata,
        unexplained=_has_more_to_tell(phase, failing, unit),
        pod_seen=_has(status, _COUNTS_OF_PODS) or any(mapping(status.get("uncountedTerminatedPods")).values()),
        started=_has(status, _COUNTS_OF_STARTED) or bool(final),
        parked=mapping(document.get("spec")).get("suspend") is True,
        template=text(annotations.get(names.TEMPLATE_ANNOTATION)),
    )


def _has_more_to_tell(phase: Phase, failing: Json, unit: Unit) -> bool:
    """Tell whether its Pods are to be asked: why it failed, or how long a daemon's instance ran."""
    if phase is Phase.SUCCEEDED:
        return isinstance(unit, Instance)
    return bool(failing) and failing.get("reason") != _TOOK_TOO_LONG


def _words(phase: Phase, final: Json, annotations: Json) -> tuple[str, str]:
    """Return reason and message: kubectl's word for Pods that succeeded, a failed Job's own words.

    A run that took too long because it was stuck, and was set a deadline for that, has the words of then.
    """
    if phase is not Phase.FAILED:
        return (COMPLETED if final else ""), ""
    word, _, words = text(annotations.get(names.ENDED_BY_ANNOTATION)).partition(": ")
    if word in _OUR_WORDS and final.get("reason") == _TOOK_TOO_LONG:
        return word, shortened(words, LONGEST_MESSAGE)
    return text(final.get("reason"))[:LONGEST_REASON], text(final.get("message"))


def _has(status: dict[str, Any], counts: tuple[str, ...]) -> bool:
    return any((status.get(name) or 0) > 0 for name in counts)
