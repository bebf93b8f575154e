"""TorchTask documents → `Task`. What a user wrote is judged a second time: the CRD may be an older one.

Law: a spec raises nothing but `SpecError`, which names the field.
"""

from datetime import datetime

from torchtask.core import names
from torchtask.core.errors import SpecError
from torchtask.core.instants import instant
from torchtask.core.manifest import job_spec
from torchtask.core.model import Task
from torchtask.core.schedule import NEVER, parse
from torchtask.core.spec import Json, Spec
from torchtask.core.wire import conflicts, daemons, limits, places, when
from torchtask.core.wire.values import boolean, given, integer, mapping, packed, text

_HISTORY = 3
_MOST_JITTER = 86_400
_MOST_PRIORITY = 1_000
_LONGEST_NONCE = 64
_MOST_BYTES = 128 * 2**10  # of a spec: all are kept in memory


def task(document: Json, now: datetime, default_timeout: int | None = None) -> Task:
    """Read a TorchTask. A spec that cannot be understood is in the result, as the error.

    `default_timeout` (seconds) is for a task that sets none, as in `spec`.
    """
    try:
        understood = spec(document.get("spec"), document["metadata"]["uid"], default_timeout)
        return _task(document, understood, understood.schedule.warnings(now))
    except SpecError as error:
        return _task(document, error)


def unreadable(document: Json) -> Task:
    """Read a TorchTask whose spec cannot even be judged, through a fault of ours."""
    return _task(document, SpecError("spec", "the operator failed to read it; its log says how"))


def _task(document: Json, understood: Spec | SpecError, notes: tuple[str, ...] = ()) -> Task:
    metadata = document["metadata"]
    run_now, restart = nonces(metadata)
    return Task(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        generation=metadata.get("generation", 1),
        creation_time=instant(metadata["creationTimestamp"]),
        spec=understood,
        notes=notes,
        deleting="deletionTimestamp" in metadata,
        run_now=run_now,
        restart=restart,
    )


def nonces(metadata: Json) -> tuple[str, str]:
    """Read the annotations that ask for a run and for a restart; anybody may write there whatever they like."""
    found = metadata.get("annotations") or {}
    run_now, restart = (found.get(name) for name in (names.RUN_NOW_ANNOTATION, names.RESTART_ANNOTATION))
    return _nonce(run_now), _nonce(restart)


def _nonce(value: object) -> str:
    return value[:_LONGEST_NONCE] if isinstance(value, str) else ""


def spec(document: object, uid: str, default_timeout: int | None = None) -> Spec:
    """Read a spec; raises SpecError, naming the field.

    `default_timeout`: the seconds that a run may take where the task does not say; a daemon's instances may for ever.
    """
    fields = _fields(document)
    conflicts.judge(fields)
    suspend = boolean("spec.suspend", given(fields, "suspend", False))
    daemon = daemons.daemon(fields)
    told = when.read(fields, uid)
    integer("spec.backoffLimit", given(fields, "backoffLimit", 0), 0)
    pending_timeout = limits.pending_timeout(fields)
    overlap = limits.overlap(fields)
    catch_up, catch_up_limit = limits.catch_up(fields, overlap)
    successful, failed = (given(fields, name, _HISTORY) for name in _HISTORY_LIMITS)
    job, labels, annotations = _what(fields)
    limit = {} if default_timeout is None or daemon else {"activeDeadlineSeconds": default_timeout}
    return Spec(
        schedule=NEVER if daemon else parse(told),
        jitter_seconds=integer("spec.jitterSeconds", given(fields, "jitterSeconds", 0), 0, _MOST_JITTER),
        summary=when.summary(told, overlap.limit if daemon else None),
        digest=when.digest(told, daemon, suspend=suspend, job_lifetime=limits.job_lifetime(fields)),
        suspend=suspend,
        overlap=overlap,
        deadline=limits.deadline(fields),
        catch_up=catch_up,
        catch_up_limit=catch_up_limit,
        successful_history=integer("spec.successfulJobsHistoryLimit", successful, 0),
        failed_history=integer("spec.failedJobsHistoryLimit", failed, 0),
        job_text=packed({**limit, **job}),
        labels=labels,
        annotations=annotations,
        template=when.hashed([fields.get(name) for name in _TEMPLATE]),
        where=places.where(fields, overlap.policy),
        daemon=daemon,
        breaker=limits.breaker(fields),
        priority=integer("spec.priority", given(fields, "priority", 0), -_MOST_PRIORITY, _MOST_PRIORITY),
        pending_timeout=pending_timeout,
        lifetime=limits.lifetime(fields),
    )


def _fields(document: object) -> Json:
    fields = mapping("spec", document)
    size = len(packed(fields))
    if size > _MOST_BYTES:
        raise SpecError("spec", f"is {size:,} bytes as JSON, and may be {_MOST_BYTES:,}: a ConfigMap holds more")
    return fields


_TEMPLATE = (  # as the user wrote it: another operator that writes other Jobs of it is no change
    "container",
    "jobTemplate",
    "serviceAccountName",
    "nodeSelector",
    "nodeNames",
    "nodeAddresses",
    "backoffLimit",
    "timeoutSeconds",
)
_HISTORY_LIMITS = ("successfulJobsHistoryLimit", "failedJobsHistoryLimit")


def _what(fields: Json) -> tuple[Json, Json, Json]:
    """Read what is to run: the Job's spec, and the labels and annotations wanted on it."""
    if ("container" in fields) == ("jobTemplate" in fields):
        raise SpecError("spec", "exactly one of container and jobTemplate is needed")
    if "container" in fields:
        text("spec.container.image", mapping("spec.container", fields["container"]).get("image"))
        return job_spec(fields), {}, {}
    job_template = mapping("spec.jobTemplate", fields["jobTemplate"])
    job = mapping("spec.jobTemplate.spec", job_template.get("spec"))
    template = mapping("spec.jobTemplate.spec.template", job.get("template"))
    mapping("spec.jobTemplate.spec.template.spec", template.get("spec"))
    metadata = mapping("spec.jobTemplate.metadata", given(job_template, "metadata", {}))
    labels, annotations = (
        mapping(f"spec.jobTemplate.metadata.{name}", given(metadata, name, {})) for name in ("labels", "annotations")
    )
    return job_spec(fields), labels, annotations
