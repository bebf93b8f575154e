"""Statuses → `Ledger`: the other half of `status.render_status`. A status that cannot be read is no status."""

from collections.abc import Mapping

from torchtask.core.account import Counts, Ledger, NotLaunched, Outage, Published
from torchtask.core.conditions import Condition
from torchtask.core.instants import instant, optional_instant
from torchtask.core.model import Json, Phase, Run

_MOST = 2**53
_COUNTS = ("launched", "skipped", "missed", "succeeded", "failed", "stopped")


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
    counted = frozenset(str(s) for s in status.get("countedRuns") or ())
    queued = tuple(sorted(instant(time) for time in status.get("queuedTimes") or ()))
    last, failure, outage = status.get("lastRun"), status.get("lastFailure"), status.get("lastOutage")
    return Ledger(
        accounted_time=accounted,
        decided_time=accounted,
        digest=str(status["scheduleHash"]),
        generation=int(status["observedGeneration"]),
        counts=Counts(since=instant(counts["since"]), **{name: _count(counts[name]) for name in _COUNTS}),
        queued=queued,
        counted_runs=counted,
        published=Published(accounted, frozenset(queued), counted),
        not_launched=tuple(_not_launched(n) for n in status.get("notLaunched") or ()),
        consecutive_failures=int(status.get("consecutiveFailures", 0)),
        last_schedule_time=optional_instant(status.get("lastScheduleTime")),
        last_successful_time=optional_instant(status.get("lastSuccessfulTime")),
        last_run=_run(last, Phase(last["result"])) if last else None,
        last_failure=_run(failure, Phase.FAILED) if failure else None,
        last_outage=Outage(
            instant(outage["startTime"]), instant(outage["endTime"]), int(outage["missed"]), int(outage["started"])
        )
        if outage
        else None,
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


def _run(entry: Json, phase: Phase) -> Run:
    code = entry.get("exitCode")
    return Run(
        name=str(entry["name"]),
        uid="",
        fire_time=instant(entry["scheduleTime"]),
        phase=phase,
        creation_time=instant(entry["scheduleTime"]),
        start_time=optional_instant(entry.get("startTime")),
        completion_time=optional_instant(entry.get("completionTime")),
        reason=str(entry.get("reason") or ""),
        message=str(entry.get("message") or ""),
        exit_code=None if code is None else int(code),
    )


def conditions(status: object) -> tuple[Condition, ...]:
    """Read the conditions of a status, as far as they can be read; they only tell since when something holds."""
    found = []
    for entry in (status.get("conditions") or ()) if isinstance(status, Mapping) else ():
        try:
            since = instant(entry["lastTransitionTime"])
            found.append(Condition(entry["type"], entry["status"] == "True", entry["reason"], entry["message"], since))
        except (KeyError, TypeError, ValueError):
            continue
    return tuple(found)
