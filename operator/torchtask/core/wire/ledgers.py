"""Statuses → `Ledger`: the other half of `status.render_status`. A status that cannot be read is no status."""

from collections.abc import Mapping
from sys import intern
from typing import Any

from torchtask.core.account import Counts, Ended, Ledger, NotLaunched, Outage, Published, Slot
from torchtask.core.conditions import Condition
from torchtask.core.daemon import SlotState
from torchtask.core.finished import RECENT_RUNS
from torchtask.core.instants import instant, optional_instant
from torchtask.core.lenient import mapping, mappings
from torchtask.core.model import Phase
from torchtask.core.spec import Json
from torchtask.core.units import Instance, suffix, unit_of

_MOST = 2**53
_NONE: frozenset[Any] = frozenset()  # one for all: each empty one would take 216 bytes
_COUNTS = ("launched", "skipped", "missed", "succeeded", "failed", "stopped")
_LATER_COUNTS = ("manual",)  # a status of an older operator lacks them


def ledger(status: object) -> Ledger | None:
    """Read the account out of a status; None when it holds none, or rubbish."""
    if not isinstance(status, Mapping):
        return None
    try:
        return _ledger(status)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None


def _ledger(status: Json) -> Ledger:
    accounted, counts = instant(status["accountedTime"]), status["counts"]
    counted = frozenset(str(s) for s in status.get("countedRuns") or ()) or _NONE
    queued = tuple(sorted(instant(time) for time in status.get("queuedTimes") or ()))
    failure, outage = status.get("lastFailure"), status.get("lastOutage")
    slots = tuple(_slot(s) for s in (status.get("daemon") or {}).get("instances") or ())
    last_run_now = str(status.get("lastRunNow") or "")
    known = {name: _count(counts[name]) for name in _COUNTS}
    known |= {name: _count(counts.get(name, 0)) for name in _LATER_COUNTS}
    return Ledger(
        accounted_time=accounted,
        decided_time=accounted,
        digest=str(status["scheduleHash"]),
        generation=int(status["observedGeneration"]),
        counts=Counts(since=instant(counts["since"]), **known),
        queued=queued,
        counted_runs=counted,
        published=Published(accounted, frozenset(queued) or _NONE, counted, slots, last_run_now),
        not_launched=tuple(_not_launched(n) for n in status.get("notLaunched") or ()),
        consecutive_failures=_count(status.get("consecutiveFailures", 0)),
        last_schedule_time=optional_instant(status.get("lastScheduleTime")),
        last_successful_time=optional_instant(status.get("lastSuccessfulTime")),
        recent_runs=_recent(status),
        last_failure=_ended(failure, Phase.FAILED) if failure else None,
        last_outage=_outage(outage) if outage else None,
        last_run_now=last_run_now,
        template=str(status.get("templateHash") or ""),
        slots=slots,
    )


def _recent(status: Json) -> tuple[Ended, ...]:
    """Read the last runs; a status of an older operator has only the last one."""
    entries = status.get("recentRuns") or [e for e in (status.get("lastRun"),) if e]
    return tuple(_ended(e, Phase(e["result"])) for e in entries)[-RECENT_RUNS:]


def _outage(entry: Json) -> Outage:
    times = instant(entry["startTime"]), instant(entry["endTime"])
    return Outage(*times, _count(entry["missed"]), _count(entry["started"]))


def _slot(entry: Json) -> Slot:
    """Read a slot; one whose next run could not be told by its name is rubbish."""
    slot, attempt, node = _count(entry["slot"]), _count(entry["attempt"]), str(entry.get("node") or "")
    following = Instance(slot, attempt + 1, node)
    if unit_of(suffix(following), node) != following:
        raise ValueError(f"{following} names no run")
    return Slot(
        slot,
        node,
        attempt,
        _count(entry.get("failedStarts") or 0),
        optional_instant(entry.get("endTime")),
        completed=entry.get("state") == SlotState.COMPLETED,
    )


def _count(value: object) -> int:
    """Read a count; one that no task can have reached is rubbish, and would soon be more than the API server takes."""
    if not isinstance(value, int) or not 0 <= value <= _MOST:
        raise ValueError(f"{value!r} is no count")
    return value


def _not_launched(entry: Json) -> NotLaunched:
    return NotLaunched(
        str(entry["reason"]), _count(entry["count"]), instant(entry["lastTime"]), str(entry.get("message") or "")
    )


def _ended(entry: Json, phase: Phase) -> Ended:
    code = entry.get("exitCode")
    return Ended(
        name=str(entry["name"]),
        fire_time=instant(entry["scheduleTime"]),
        phase=phase,
        start_time=optional_instant(entry.get("startTime")),
        completion_time=optional_instant(entry.get("completionTime")),
        reason=str(entry.get("reason") or ""),
        message=str(entry.get("message") or ""),
        exit_code=None if code is None else int(code),
    )


def conditions(status: object) -> tuple[Condition, ...]:
    """Read the conditions of a status, as far as they can be read; they only tell since when something holds."""
    found = []
    for entry in mappings(mapping(status).get("conditions")):
        try:
            since = instant(entry["lastTransitionTime"])
            kind, reason, message = (intern(entry[name]) for name in ("type", "reason", "message"))
            found.append(Condition(kind, entry["status"] == "True", reason, message, since))
        except (KeyError, TypeError, ValueError):
            continue
    return tuple(found)
