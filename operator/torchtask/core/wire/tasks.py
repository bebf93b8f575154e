"""TorchTask documents → `Task`. What a user wrote is judged a second time: the CRD may be an older one.

Law: a spec raises nothing but `SpecError`, which names the field.
"""

import hashlib
import json
from typing import Any

from torchtask.core.errors import SpecError
from torchtask.core.instants import instant
from torchtask.core.manifest import job_spec
from torchtask.core.model import Json, Spec, Task
from torchtask.core.schedule import When, parse

_HISTORY = 3
_MOST = 2**31 - 1


def task(document: Json) -> Task:
    """Read a TorchTask. A spec that cannot be understood is in the result, as the error."""
    metadata = document["metadata"]
    understood: Spec | SpecError
    try:
        understood = spec(document.get("spec"), metadata["uid"])
    except SpecError as error:
        understood = error
    return Task(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        generation=metadata.get("generation", 1),
        creation_time=instant(metadata["creationTimestamp"]),
        spec=understood,
        deleting="deletionTimestamp" in metadata,
    )


def spec(document: object, uid: str) -> Spec:
    """Read a spec; raises SpecError, naming the field."""
    fields = _mapping("spec", document)
    text = _string("spec.schedule", fields.get("schedule"))
    suspend = _boolean("spec.suspend", fields.get("suspend", False))
    _integer("spec.timeoutSeconds", fields.get("timeoutSeconds", 1), 1)
    _integer("spec.backoffLimit", fields.get("backoffLimit", 0), 0)
    metadata = _what(fields)
    return Spec(
        schedule=parse(When(schedule=text, seed=uid)),
        summary=text,
        digest=digest(text, suspend),
        suspend=suspend,
        max_instances=_limit(fields),
        successful_history=_integer(
            "spec.successfulJobsHistoryLimit", fields.get("successfulJobsHistoryLimit", _HISTORY), 0
        ),
        failed_history=_integer("spec.failedJobsHistoryLimit", fields.get("failedJobsHistoryLimit", _HISTORY), 0),
        job=job_spec(fields),
        labels=_mapping("spec.jobTemplate.metadata.labels", metadata.get("labels") or {}),
        annotations=_mapping("spec.jobTemplate.metadata.annotations", metadata.get("annotations") or {}),
    )


def digest(*parts: object) -> str:
    """Hash what decides when a task fires; the same in every process."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _limit(fields: Json) -> int | None:
    policy = fields.get("concurrencyPolicy", "Forbid")
    if policy == "Allow":
        if "maxInstances" in fields:
            raise SpecError("spec.maxInstances", "has no meaning with concurrencyPolicy Allow, which has no limit")
        return None
    if policy != "Forbid":
        raise SpecError("spec.concurrencyPolicy", f"{policy!r} is not one of Forbid, Allow")
    return _integer("spec.maxInstances", fields.get("maxInstances", 1), 1)


def _what(fields: Json) -> Json:
    """Judge what is to run; return the metadata wanted on Jobs."""
    if ("container" in fields) == ("jobTemplate" in fields):
        raise SpecError("spec", "exactly one of container and jobTemplate is needed")
    if "container" in fields:
        _string("spec.container.image", _mapping("spec.container", fields["container"]).get("image"))
        return {}
    template = _mapping("spec.jobTemplate", fields["jobTemplate"])
    job = _mapping("spec.jobTemplate.spec", template.get("spec"))
    _mapping(
        "spec.jobTemplate.spec.template.spec",
        _mapping("spec.jobTemplate.spec.template", job.get("template")).get("spec"),
    )
    return _mapping("spec.jobTemplate.metadata", template.get("metadata") or {})


def _typed(path: str, value: object, kind: type, word: str) -> Any:  # noqa: ANN401 -- the callers say which
    if value is None:
        raise SpecError(path, f"is missing: {word} is needed")
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise SpecError(path, f"{value!r:.40} is not {word}")
    return value


def _mapping(path: str, value: object) -> dict[str, Any]:
    result: dict[str, Any] = _typed(path, value, dict, "an object")
    return result


def _string(path: str, value: object) -> str:
    result: str = _typed(path, value, str, "a text")
    return result


def _boolean(path: str, value: object) -> bool:
    result: bool = _typed(path, value, bool, "true or false")
    return result


def _integer(path: str, value: object, least: int) -> int:
    number: int = _typed(path, value, int, "a whole number")
    if not least <= number <= _MOST:
        raise SpecError(path, f"{number} is not in {least}–{_MOST}")
    return number
