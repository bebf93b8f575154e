"""The fields that decide when a task fires; the schedule package judges the texts themselves."""

import json
from dataclasses import fields
from hashlib import sha256
from typing import Any

from torchtask.core.instants import rfc3339
from torchtask.core.schedule import DayMatch, Fold, Gap, When
from torchtask.core.spec import Daemon, Json
from torchtask.core.wire.values import choice, given, mapping, moment, text, texts

_PLAIN = When()
_JSON = json.JSONEncoder(sort_keys=True)  # what was hashed before is to have the same hash


def read(spec: Json, uid: str) -> When:
    """Read when a task fires; of a daemon nothing but the defaults."""
    saving = mapping("spec.daylightSaving", given(spec, "daylightSaving", {}))
    known: dict[str, Any] = {
        "schedule": text("spec.schedule", spec["schedule"]) if "schedule" in spec else None,
        "additional_schedules": texts("spec.additionalSchedules", given(spec, "additionalSchedules", [])),
        "time_zone": text("spec.timeZone", given(spec, "timeZone", "UTC")),
        "gap": choice("spec.daylightSaving.gap", given(saving, "gap", Gap.RUN_AFTER), Gap),
        "fold": choice("spec.daylightSaving.fold", given(saving, "fold", Fold.ONCE), Fold),
        "day_match": choice("spec.dayMatch", given(spec, "dayMatch", DayMatch.OR), DayMatch),
    }
    for name, field in (("at", "at"), ("not_before", "notBefore"), ("not_after", "notAfter")):
        known[name] = moment(f"spec.{field}", spec[field]) if spec.get(field) is not None else None
    return When(**known, seed=uid)


def summary(when: When, copies: int | None) -> str:
    """Say when a task fires, in few words; `copies` are a daemon's."""
    if copies is not None:
        return f"daemon ×{copies}"
    if when.at is not None:
        return f"at {rfc3339(when.at)}"
    more = f" (+{len(when.additional_schedules)})" if when.additional_schedules else ""
    return f"{when.schedule}{more}"


def digest(when: When, daemon: Daemon | None, *, suspend: bool, job_lifetime: int | None) -> str:
    """Hash what decides when a task fires. What is at its default is left out: a new field changes no old hash."""
    chosen: dict[str, Any] = _changed(when, _PLAIN)
    if daemon is not None:
        chosen["daemon"] = _changed(daemon, Daemon())
    if job_lifetime is not None:
        chosen["lifetime"] = str(job_lifetime)
    return hashed([chosen, suspend])


def _changed(value: When | Daemon, default: When | Daemon) -> dict[str, str]:
    pairs = ((f.name, getattr(value, f.name), getattr(default, f.name)) for f in fields(value))
    return {name: str(item) for name, item, plain in pairs if item != plain}


def hashed(value: object) -> str:
    """Return 16 hexadecimal digits that stand for a JSON value."""
    return sha256(_JSON.encode(value).encode()).hexdigest()[:16]
