"""The status document, as docs/status.md has it. Everything a user reads about a task is put into words here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

import orjson

from torchtask.core.account import Ended, Ledger, NotLaunched, Outage, Slot
from torchtask.core.conditions import Condition
from torchtask.core.daemon import SlotState
from torchtask.core.ends import LONGEST_MESSAGE, shortened
from torchtask.core.instants import rfc3339
from torchtask.core.ledger import waiting
from torchtask.core.model import Phase, Task
from torchtask.core.spec import Spec

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


@dataclass(frozen=True, slots=True)
class Sight:
    """What a status tells beside the account: as it is now, and not counted."""

    active: int = 0
    next_time: datetime | None = None
    conditions: Sequence[Condition] = ()
    late: Lateness | None = None
    slots: Sequence[tuple[Slot, SlotState]] = ()


def render_status(task: Task, ledger: Ledger, sight: Sight) -> dict[str, Any]:
    """Write the status. None stands where a merge patch is to remove a field; unknown lateness is left as it is."""
    document: dict[str, Any] = {
        "observedGeneration": ledger.generation,
        "conditions": [_condition_document(c, task.generation) for c in sight.conditions],
        "scheduleSummary": task.spec.summary if isinstance(task.spec, Spec) else None,
        "scheduleHash": ledger.digest,
        "nextScheduleTime": _local(task, sight.next_time),
        "accountedTime": _time(ledger.accounted_time),
        "lastScheduleTime": _time(ledger.last_schedule_time),
        "lastSuccessfulTime": _time(ledger.last_successful_time),
        "active": sight.active,
        "queuedTimes": [_time(t) for t in waiting(ledger)],
        "counts": _counts_document(ledger),
        "countedRuns": sorted(ledger.counted_runs),
        "lastRunNow": ledger.last_run_now or None,
        "templateHash": ledger.template or None,
        "notLaunched": [_not_launched_document(n) for n in ledger.not_launched],
        "consecutiveFailures": ledger.consecutive_failures,
        "lastRun": _run_document(ledger.last_run) if ledger.last_run else None,
        "recentRuns": [_without_gaps(_run_document(r)) for r in ledger.recent_runs],
        "lastFailure": _failure_document(ledger.last_failure) if ledger.last_failure else None,
        "lastOutage": _outage_document(ledger.last_outage) if ledger.last_outage else None,
    }
    is_daemon = isinstance(task.spec, Spec) and task.spec.daemon is not None
    slots = sight.slots or [(slot, SlotState.STOPPED) for slot in ledger.slots]  # remembered until their Jobs are gone
    document["daemon"] = _daemon_document(slots) if is_daemon or slots else None
    if sight.late is not None:
        late = sight.late
        document["latenessMilliseconds"] = {"p50": late.p50, "p99": late.p99, "max": late.maximum}
    return document


def digest(document: Mapping[str, Any]) -> bytes:
    """Digest what matters of a status, rendered or as the server has it: equal ones say the same.

    `accountedTime` alone says nothing new as long as nothing came to be counted. What is None is not there.
    """
    kept = {name: value for name, value in document.items() if name != "accountedTime" and value is not None}
    kept |= {name: _without_gaps(value) for name, value in kept.items() if isinstance(value, dict)}
    return blake2b(orjson.dumps(kept, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def held_digest(document: Mapping[str, Any]) -> bytes:
    """Digest a status that another operator wrote, as one writes it that does not know how late its launches were."""
    return digest({name: value for name, value in document.items() if name != "latenessMilliseconds"})


def _counts_document(ledger: Ledger) -> dict[str, Any]:
    counts = ledger.counts
    return {
        "since": _time(counts.since),
        "due": counts.due + len(waiting(ledger)),
        "launched": counts.launched,
        "skipped": counts.skipped,
        "missed": counts.missed,
        "manual": counts.manual,
        "succeeded": counts.succeeded,
        "failed": counts.failed,
        "stopped": counts.stopped,
    }


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


def _run_document(run: Ended) -> dict[str, Any]:
    result = "Succeeded" if run.phase is Phase.SUCCEEDED else "Failed"
    return {**_end_document(run, SHORT_MESSAGE), "result": result}


def _failure_document(run: Ended) -> dict[str, Any]:
    return _end_document(run, LONGEST_MESSAGE)


def _end_document(run: Ended, length: int) -> dict[str, Any]:
    return {
        "name": run.name,
        "scheduleTime": _time(run.fire_time),
        "startTime": _time(run.start_time),
        "completionTime": _time(run.completion_time),
        "reason": run.reason,
        "exitCode": run.exit_code,
        # What a program says last tells most; of Kubernetes' own words the first do.
        "message": (run.message[:length] if run.exit_code is None else shortened(run.message, length)) or None,
    }


def _without_gaps(document: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is None: a merge patch replaces a list as it stands, and removes nothing inside."""
    return {name: value for name, value in document.items() if value is not None}


def _daemon_document(slots: Sequence[tuple[Slot, SlotState]]) -> dict[str, Any]:
    """Tell how the instances are; the state of the whole is the one that most wants to be looked at."""
    states = {state for _, state in slots}
    worst = next((state for state in _BY_URGENCY if state in states), SlotState.STOPPED)
    return {"state": worst, "instances": [_slot_document(slot, state) for slot, state in slots]}


_BY_URGENCY = (
    SlotState.FATAL,
    SlotState.BACK_OFF,
    SlotState.STARTING,
    SlotState.RUNNING,
    SlotState.COMPLETED,
    SlotState.STOPPED,
)


def _slot_document(slot: Slot, state: SlotState) -> dict[str, Any]:
    document: dict[str, Any] = {"slot": slot.number, "attempt": slot.attempt, "state": state}
    document |= {"node": slot.node} if slot.node else {}
    document |= {"failedStarts": slot.failed_starts} if slot.failed_starts else {}
    return document | ({"endTime": _time(slot.end_time)} if slot.end_time else {})


def _outage_document(outage: Outage) -> dict[str, Any]:
    return {
        "startTime": _time(outage.start_time),
        "endTime": _time(outage.end_time),
        "missed": outage.missed,
        "started": outage.started,
    }
