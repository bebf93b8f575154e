"""Fields that have no meaning beside others: what a user would wait for in vain is refused."""

from typing import Any

from torchtask.core.errors import SpecError
from torchtask.core.spec import Json

WHEN = ("schedule", "at", "daemon")
JOB_LIFETIME = "jobTemplate.spec.ttlSecondsAfterFinished"

# What the API server fills in, and so cannot be told from what was not written.
_DEFAULTS: dict[str, Any] = {
    "additionalSchedules": [],
    "dayMatch": "Or",
    "daylightSaving.gap": "RunAfter",
    "daylightSaving.fold": "Once",
    "timeZone": "UTC",
    "concurrencyPolicy": "Forbid",
    "catchUp": "Latest",
}

# For daemons: they are always due and never late, `maxInstances` of them run, and `startRetries` count what fails.
_BESIDE = {
    "schedule": ("ttlSecondsAfterFinished",),
    "at": (
        *("additionalSchedules", "dayMatch", "daylightSaving.gap", "daylightSaving.fold"),
        *("circuitBreaker", JOB_LIFETIME),
    ),
    "daemon": (
        *("additionalSchedules", "dayMatch", "daylightSaving.gap", "daylightSaving.fold", "timeZone"),
        *("notBefore", "notAfter", "jitterSeconds", "concurrencyPolicy", "queueLimit", "startingDeadlineSeconds"),
        *("catchUp", "catchUpLimit", "circuitBreaker", "backoffLimit", "ttlSecondsAfterFinished", JOB_LIFETIME),
    ),
}


def judge(fields: Json) -> None:
    """Refuse a spec that says in no way or in several when it runs, or sets a field that has no meaning beside that."""
    chosen = [name for name in WHEN if name in fields]
    if len(chosen) != 1:
        raise SpecError("spec", "exactly one of schedule, at and daemon is needed")
    for path in _BESIDE[chosen[0]]:
        value = found(fields, path)
        if value is not None and value != _DEFAULTS.get(path):
            raise SpecError(f"spec.{path}", f"has no meaning beside spec.{chosen[0]}; remove it")


def found(fields: Json, path: str) -> object:
    """Return what stands at a path; None when nothing does."""
    value: object = fields
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value
