"""The status document, as DESIGN section 3 has it. Everything a user reads about a task is put into words here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from torchtask.core.instants import rfc3339
from torchtask.core.model import Ledger, NotLaunched, Outage, Phase, Reason, Run, Spec, Task

SHORT_MESSAGE = 256
LONG_MESSAGE = 1024
READY = "Ready"
SUSPENDED = "Suspended"

_Verdict = tuple[bool, str, str]  # status, reason, message


@dataclass(frozen=True, slots=True)
class Condition:
    """One of the resource's conditions; `last_transition_time` is when `status` last changed."""

    type: str
    status: bool
    reason: str
    message: str
    last_transition_time: datetime


@dataclass(frozen=True, slots=True)
class Lateness:
    """How long after their fire times the API server had accepted the last launches, in milliseconds."""

    p50: int
    p99: int
    maximum: int


def lateness(samples: Iterable[int]) -> Lateness | None:
    """Summarise `samples` in milliseconds; None when there are none."""
    ranked = sorted(samples)
    if not ranked:
        return None
    return Lateness(ranked[(len(ranked) - 1) // 2], ranked[-(-99 * len(ranked) // 100) - 1], ranked[-1])


def conditions(task: Task, before: Sequence[Condition], now: datetime) -> tuple[Condition, ...]:
    """Judge the task. Ready means accepted and scheduled; runs that fail do not change it."""
    problem = task.problem
    suspended = isinstance(task.spec, Spec) and task.spec.suspend
    ready: _Verdict
    if problem is not None:
        ready = (False, problem.reason, str(problem))
    elif suspended:
        ready = (True, Reason.SUSPENDED, "spec.suspend is true: nothing is launched")
    else:
        ready = (True, "Scheduled", "the task is accepted and scheduled")
    pause: _Verdict = (True, Reason.SUSPENDED, "spec.suspend is true") if suspended else (False, "NotSuspended", "")
    return _condition(READY, ready, before, now), _condition(SUSPENDED, pause, before, now)


def _condition(kind: str, verdict: _Verdict, before: Sequence[Condition], now: datetime) -> Condition:
    status, reason, message = verdict
    since = next((c.last_transition_time for c in before if c.type == kind and c.status == status), now)
    return Condition(kind, status, str(reason), message[:LONG_MESSAGE], since)


def render_status(
    task: Task,
    ledger: Ledger,
    active: int,
    next_time: datetime | None,
    judged: Sequence[Condition],
    late: Lateness | None,
) -> dict[str, Any]:
    """Write the status. None stands where a merge patch is to remove a field; unknown lateness is left as it is."""
    counts = ledger.counts
    document: dict[str, Any] = {
        "observedGeneration": ledger.generation,
        "conditions": [_condition_document(c, task.generation) for c in judged],
        "scheduleSummary": task.spec.summary if isinstance(task.spec, Spec) else None,
        "scheduleHash": ledger.digest,
        "nextScheduleTime": _time(next_time),
        "accountedTime": _time(ledger.accounted_time),
        "lastScheduleTime": _time(ledger.last_schedule_time),
        "lastSuccessfulTime": _time(ledger.last_successful_time),
        "active": active,
        "counts": {
            "since": _time(counts.since),
            "due": counts.due,
            "launched": counts.launched,
            "skipped": counts.skipped,
            "missed": counts.missed,
            "succeeded": counts.succeeded,
            "failed": counts.failed,
            "stopped": counts.stopped,
        },
        "countedRuns": sorted(ledger.counted_runs),
        "notLaunched": [_not_launched_document(n) for n in ledger.not_launched],
        "consecutiveFailures": ledger.consecutive_failures,
        "lastRun": _run_document(ledger.last_run) if ledger.last_run else None,
        "lastOutage": _outage_document(ledger.last_outage) if ledger.last_outage else None,
    }
    if late is not None:
        document["latenessMilliseconds"] = {"p50": late.p50, "p99": late.p99, "max": late.maximum}
    return document


def _time(instant: datetime | None) -> str | None:
    return None if instant is None else rfc3339(instant)


def _condition_document(condition: Condition, generation: int) -> dict[str, Any]:
    return {
        "type": condition.type,
        "status": "True" if condition.status else "False",
        "reason": condition.reason,
        "message": condition.message,
        "lastTransitionTime": _time(condition.last_transition_time),
        "observedGeneration": generation,
    }


def _not_launched_document(entry: NotLaunched) -> dict[str, Any]:
    document: dict[str, Any] = {"reason": entry.reason, "count": entry.count, "lastTime": _time(entry.last_time)}
    return document | ({"message": entry.message[:SHORT_MESSAGE]} if entry.message else {})


def _run_document(run: Run) -> dict[str, Any]:
    document: Mapping[str, Any] = {
        "name": run.name,
        "scheduleTime": _time(run.fire_time),
        "startTime": _time(run.start_time),
        "completionTime": _time(run.completion_time),
        "result": "Succeeded" if run.phase is Phase.SUCCEEDED else "Failed",
        "reason": run.reason,
        "message": run.message[:SHORT_MESSAGE] or None,
    }
    return {**document}


def _outage_document(outage: Outage) -> dict[str, Any]:
    return {
        "startTime": _time(outage.start_time),
        "endTime": _time(outage.end_time),
        "missed": outage.missed,
        "started": outage.started,
    }
