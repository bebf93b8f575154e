"""The status document, as DESIGN section 3 has it. Everything a user reads about a task is put into words here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from torchtask.core.account import Ledger, NotLaunched, Outage
from torchtask.core.conditions import Condition
from torchtask.core.ends import LONGEST_MESSAGE, shortened
from torchtask.core.instants import rfc3339
from torchtask.core.ledger import waiting
from torchtask.core.model import Phase, Run, Spec, Task

SHORT_MESSAGE = 256


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
        "nextScheduleTime": _local(task, next_time),
        "accountedTime": _time(ledger.accounted_time),
        "lastScheduleTime": _time(ledger.last_schedule_time),
        "lastSuccessfulTime": _time(ledger.last_successful_time),
        "active": active,
        "queuedTimes": [_time(t) for t in waiting(ledger)],
        "counts": {
            "since": _time(counts.since),
            "due": counts.due + len(waiting(ledger)),
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
        "lastFailure": _failure_document(ledger.last_failure) if ledger.last_failure else None,
        "lastOutage": _outage_document(ledger.last_outage) if ledger.last_outage else None,
    }
    if late is not None:
        document["latenessMilliseconds"] = {"p50": late.p50, "p99": late.p99, "max": late.maximum}
    return document


def _local(task: Task, instant: datetime | None) -> str | None:
    """Write an instant with the offset of the task's zone: `NEXT` is read by people."""
    if instant is None or not isinstance(task.spec, Spec):
        return _time(instant)
    return task.spec.schedule.local(instant).isoformat().replace("+00:00", "Z")


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
    result = "Succeeded" if run.phase is Phase.SUCCEEDED else "Failed"
    return {**_end_document(run, SHORT_MESSAGE), "result": result}


def _failure_document(run: Run) -> dict[str, Any]:
    return _end_document(run, LONGEST_MESSAGE)


def _end_document(run: Run, length: int) -> dict[str, Any]:
    return {
        "name": run.name,
        "scheduleTime": _time(run.fire_time),
        "startTime": _time(run.start_time),
        "completionTime": _time(run.completion_time),
        "reason": run.reason,
        "exitCode": run.exit_code,
        "message": shortened(run.message, length) or None,
    }


def _outage_document(outage: Outage) -> dict[str, Any]:
    return {
        "startTime": _time(outage.start_time),
        "endTime": _time(outage.end_time),
        "missed": outage.missed,
        "started": outage.started,
    }
