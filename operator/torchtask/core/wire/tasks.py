"""TorchTask documents → `Task`. What a user wrote is judged a second time: the CRD may be an older one.

Law: a spec raises nothing but `SpecError`, which names the field.
"""

import hashlib
import json
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta
from typing import Any

from torchtask.core.errors import SpecError
from torchtask.core.instants import instant, rfc3339
from torchtask.core.manifest import job_spec
from torchtask.core.model import CatchUp, ConcurrencyPolicy, Json, Overlap, Spec, Task
from torchtask.core.schedule import DayMatch, Fold, Gap, When, parse
from torchtask.core.wire.values import boolean, choice, given, integer, mapping, moment, text, texts

_HISTORY = 3
_MOST_JITTER = 86_400


def task(document: Json, now: datetime) -> Task:
    """Read a TorchTask. A spec that cannot be understood is in the result, as the error."""
    try:
        understood = spec(document.get("spec"), document["metadata"]["uid"])
        return _task(document, understood, understood.schedule.warnings(now))
    except SpecError as error:
        return _task(document, error)


def unreadable(document: Json) -> Task:
    """Read a TorchTask whose spec cannot even be judged, through a fault of ours."""
    return _task(document, SpecError("spec", "the operator failed to read it; its log says how"))


def _task(document: Json, understood: Spec | SpecError, notes: tuple[str, ...] = ()) -> Task:
    metadata = document["metadata"]
    return Task(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        generation=metadata.get("generation", 1),
        creation_time=instant(metadata["creationTimestamp"]),
        spec=understood,
        notes=notes,
        deleting="deletionTimestamp" in metadata,
    )


def spec(document: object, uid: str) -> Spec:
    """Read a spec; raises SpecError, naming the field."""
    fields = mapping("spec", document)
    suspend = boolean("spec.suspend", given(fields, "suspend", False))
    when = _when(fields, uid)
    integer("spec.timeoutSeconds", given(fields, "timeoutSeconds", 1), 1)
    integer("spec.backoffLimit", given(fields, "backoffLimit", 0), 0)
    metadata = _what(fields)
    overlap = _overlap(fields)
    catch_up, catch_up_limit = _catch_up(fields, overlap)
    successful, failed = (given(fields, name, _HISTORY) for name in _HISTORY_LIMITS)
    return Spec(
        schedule=parse(when),
        jitter_seconds=integer("spec.jitterSeconds", given(fields, "jitterSeconds", 0), 0, _MOST_JITTER),
        summary=_summary(when),
        digest=_digest(when, suspend=suspend, lifetime=_lifetime(fields)),
        suspend=suspend,
        overlap=overlap,
        deadline=_deadline(fields),
        catch_up=catch_up,
        catch_up_limit=catch_up_limit,
        successful_history=integer("spec.successfulJobsHistoryLimit", successful, 0),
        failed_history=integer("spec.failedJobsHistoryLimit", failed, 0),
        job=job_spec(fields),
        labels=mapping("spec.jobTemplate.metadata.labels", given(metadata, "labels", {})),
        annotations=mapping("spec.jobTemplate.metadata.annotations", given(metadata, "annotations", {})),
    )


_HISTORY_LIMITS = ("successfulJobsHistoryLimit", "failedJobsHistoryLimit")


def _when(fields: Json, uid: str) -> When:
    """Read the fields that decide when the task fires; the schedule package judges the texts themselves."""
    if ("schedule" in fields) == ("at" in fields):
        raise SpecError("spec", "exactly one of schedule and at is needed")
    saving = mapping("spec.daylightSaving", given(fields, "daylightSaving", {}))
    known: dict[str, Any] = {
        "schedule": text("spec.schedule", fields["schedule"]) if "schedule" in fields else None,
        "additional_schedules": texts("spec.additionalSchedules", given(fields, "additionalSchedules", [])),
        "time_zone": text("spec.timeZone", given(fields, "timeZone", "UTC")),
        "gap": choice("spec.daylightSaving.gap", given(saving, "gap", Gap.RUN_AFTER), Gap),
        "fold": choice("spec.daylightSaving.fold", given(saving, "fold", Fold.ONCE), Fold),
        "day_match": choice("spec.dayMatch", given(fields, "dayMatch", DayMatch.OR), DayMatch),
    }
    for name, field in (("at", "at"), ("not_before", "notBefore"), ("not_after", "notAfter")):
        known[name] = moment(f"spec.{field}", fields[field]) if fields.get(field) is not None else None
    when = When(**known, seed=uid)
    if when.at is not None and replace(when, **_UNIONS) != when:
        message = "is once: additionalSchedules, dayMatch and daylightSaving have no meaning beside it"
        raise SpecError("spec.at", message)
    if when.at is not None and _lifetime(fields) is not None:
        raise SpecError("spec.jobTemplate.spec.ttlSecondsAfterFinished", "goes with a schedule, and not with spec.at")
    return when


_UNIONS: dict[str, Any] = {
    name: When.__dataclass_fields__[name].default for name in ("additional_schedules", "gap", "fold", "day_match")
}


def _summary(when: When) -> str:
    if when.at is not None:
        return f"at {rfc3339(when.at)}"
    more = f" (+{len(when.additional_schedules)})" if when.additional_schedules else ""
    return f"{when.schedule}{more}"


def _digest(when: When, *, suspend: bool, lifetime: int | None) -> str:
    """Hash what decides when a task fires. What is at its default is left out: a new field changes no old hash."""
    defaults = {field.name: field.default for field in fields(When)}
    chosen = {name: str(value) for name, value in asdict(when).items() if value != defaults[name]}
    if lifetime is not None:
        chosen["lifetime"] = str(lifetime)
    return hashlib.sha256(json.dumps([chosen, suspend], sort_keys=True).encode()).hexdigest()[:16]


def _overlap(fields: Json) -> Overlap:
    policy = choice("spec.concurrencyPolicy", given(fields, "concurrencyPolicy", _FORBID), ConcurrencyPolicy)
    if policy is not ConcurrencyPolicy.QUEUE and fields.get("queueLimit") is not None:
        raise SpecError("spec.queueLimit", f"has no meaning with concurrencyPolicy {policy}: only Queue lets them wait")
    waiting = integer("spec.queueLimit", given(fields, "queueLimit", _QUEUE), 1, _MOST_WAITING)
    if policy is not ConcurrencyPolicy.ALLOW:
        return Overlap(policy, integer("spec.maxInstances", given(fields, "maxInstances", 1), 1), waiting)
    if fields.get("maxInstances") is not None:
        raise SpecError("spec.maxInstances", "has no meaning with concurrencyPolicy Allow, which has no limit")
    return Overlap(policy, None)


_FORBID = ConcurrencyPolicy.FORBID
_QUEUE = 10
_MOST_WAITING = 100


def _catch_up(fields: Json, overlap: Overlap) -> tuple[CatchUp, int]:
    chosen = choice("spec.catchUp", given(fields, "catchUp", CatchUp.LATEST), CatchUp)
    if chosen is CatchUp.ALL and overlap.policy is not ConcurrencyPolicy.QUEUE:
        raise SpecError("spec.catchUp", "All needs concurrencyPolicy Queue, where late fire times can wait their turn")
    if chosen is not CatchUp.ALL and fields.get("catchUpLimit") is not None:
        raise SpecError("spec.catchUpLimit", f"has no meaning with catchUp {chosen}")
    if chosen is not CatchUp.ALL:
        return chosen, 0
    limit = given(fields, "catchUpLimit", min(_QUEUE, overlap.queue_limit))
    return chosen, integer("spec.catchUpLimit", limit, 1, overlap.queue_limit)


def _deadline(fields: Json) -> timedelta | None:
    """Read how late a launch may be; a Job's own lifetime is one too: a younger Job still exists, and would be seen."""
    given_deadline = fields.get("startingDeadlineSeconds")
    if given_deadline is not None:
        given_deadline = integer("spec.startingDeadlineSeconds", given_deadline, 1)
    seconds = min(filter(None, (given_deadline, _lifetime(fields))), default=None)
    return None if seconds is None else timedelta(seconds=seconds)


def _lifetime(fields: Json) -> int | None:
    """Read how long a finished Job stands before Kubernetes removes it, if the template says so."""
    template = fields.get("jobTemplate")
    job = template.get("spec") if isinstance(template, dict) else None
    value = job.get("ttlSecondsAfterFinished") if isinstance(job, dict) else None
    return None if value is None else integer("spec.jobTemplate.spec.ttlSecondsAfterFinished", value, _LEAST_LIFETIME)


_LEAST_LIFETIME = 60


def _what(fields: Json) -> Json:
    """Judge what is to run; return the metadata wanted on Jobs."""
    if ("container" in fields) == ("jobTemplate" in fields):
        raise SpecError("spec", "exactly one of container and jobTemplate is needed")
    if "container" in fields:
        text("spec.container.image", mapping("spec.container", fields["container"]).get("image"))
        return {}
    job_template = mapping("spec.jobTemplate", fields["jobTemplate"])
    job = mapping("spec.jobTemplate.spec", job_template.get("spec"))
    template = mapping("spec.jobTemplate.spec.template", job.get("template"))
    mapping("spec.jobTemplate.spec.template.spec", template.get("spec"))
    return mapping("spec.jobTemplate.metadata", given(job_template, "metadata", {}))
