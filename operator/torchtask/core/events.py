"""Which Kubernetes events follow from what happened to a task: what `kubectl describe` shows of it.

CronJob's own words stand where they mean the same. What a user did on purpose is no event; what an event says also
stands in the status, for events are dropped when there are too many, and go after an hour.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from torchtask.core.account import NotLaunched
from torchtask.core.changes import Changes
from torchtask.core.conditions import Condition
from torchtask.core.ends import shortened
from torchtask.core.errors import SpecReason
from torchtask.core.instants import rfc3339
from torchtask.core.launch import Answer
from torchtask.core.model import Phase, Reason, Run

LONGEST_MESSAGE = 500
LONGEST_TAIL = 256


class EventReason(StrEnum):
    """What an event is about."""

    SUCCESSFUL_CREATE = "SuccessfulCreate"
    FAILED_CREATE = "FailedCreate"
    SUCCESSFUL_DELETE = "SuccessfulDelete"
    FAILED_DELETE = "FailedDelete"
    SAW_COMPLETED_JOB = "SawCompletedJob"
    RUN_FAILED = "RunFailed"
    JOB_ALREADY_ACTIVE = "JobAlreadyActive"
    MISS_SCHEDULE = "MissSchedule"
    LATE_ACCEPTED = "LateAccepted"
    QUEUE_FULL = "QueueFull"
    REPLACED = "Replaced"
    NAME_TAKEN = "NameTaken"
    LIMIT_REACHED = "LimitReached"
    HELD = "Held"
    CIRCUIT_OPEN = "CircuitOpen"
    CIRCUIT_CLOSED = "CircuitClosed"
    NODE_NOT_READY = "NodeNotReady"
    NO_NODE = "NoNode"
    UNPARSEABLE_SCHEDULE = "UnparseableSchedule"
    UNKNOWN_TIME_ZONE = "UnknownTimeZone"
    INVALID_SPEC = "InvalidSpec"
    TEMPLATE_INVALID = "TemplateInvalid"
    LAUNCHES_LATE = "LaunchesLate"
    COMPLETED = "Completed"
    FAILED = "Failed"

    @property
    def is_normal(self) -> bool:
        """Whether it is part of the daily round; everything else is a warning."""
        return self in _NORMAL


_NORMAL = {
    EventReason.SUCCESSFUL_CREATE,
    EventReason.SUCCESSFUL_DELETE,
    EventReason.SAW_COMPLETED_JOB,
    EventReason.JOB_ALREADY_ACTIVE,
    EventReason.REPLACED,
    EventReason.HELD,
    EventReason.CIRCUIT_CLOSED,
    EventReason.COMPLETED,
}
_WHY = {
    Reason.MAX_INSTANCES: (EventReason.JOB_ALREADY_ACTIVE, "as many runs are active as may be"),
    Reason.QUEUE_FULL: (EventReason.QUEUE_FULL, "as many fire times wait as may"),
    Reason.REPLACED: (EventReason.REPLACED, "a newer fire time took its place"),
    Reason.DEADLINE: (EventReason.MISS_SCHEDULE, "its starting deadline passed"),
    Reason.DOWNTIME: (EventReason.MISS_SCHEDULE, "the operator or the API server was away"),
    Reason.REJECTED: (EventReason.FAILED_CREATE, "the API server will never take its Job"),
    Reason.REFUSED: (EventReason.MISS_SCHEDULE, "the API server refused its Job until the next fire time came"),
    Reason.NAME_TAKEN: (EventReason.NAME_TAKEN, "a Job of its name exists, and is not the task's"),
    Reason.LIMIT_REACHED: (EventReason.LIMIT_REACHED, "a limit of the operator left no room for it"),
    Reason.HELD: (EventReason.HELD, "launches were held"),
    Reason.CIRCUIT_OPEN: (EventReason.CIRCUIT_OPEN, "too many runs had failed in a row"),
    Reason.NODE_NOT_READY: (EventReason.NODE_NOT_READY, "its node was not ready"),
    Reason.NO_NODE: (EventReason.NO_NODE, "no node matched"),
}
_NOT_READY = {
    SpecReason.INVALID_SCHEDULE: EventReason.UNPARSEABLE_SCHEDULE,
    SpecReason.UNKNOWN_TIME_ZONE: EventReason.UNKNOWN_TIME_ZONE,
    SpecReason.INVALID_SPEC: EventReason.INVALID_SPEC,
    SpecReason.TEMPLATE_INVALID: EventReason.TEMPLATE_INVALID,
    SpecReason.LIMIT_REACHED: EventReason.LIMIT_REACHED,
}
_BEGUN = {
    "LimitReached": EventReason.LIMIT_REACHED,
    "CircuitOpen": EventReason.CIRCUIT_OPEN,
    "Late": EventReason.LAUNCHES_LATE,
    "Complete": EventReason.COMPLETED,
    "Failed": EventReason.FAILED,
}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a task, `count` times."""

    reason: EventReason
    message: str
    count: int = 1


def of_changes(found: Changes) -> Iterator[Event]:
    """Tell of what came to be in the account; launches are told of when they are answered."""
    for why in found.not_launched:
        if why.reason in _WHY:  # else it is told once, by the condition; or a user wanted it so
            yield _not_launched(why)
    if found.late:
        words = "a Job turned up after its fire time had been given up: it counts as launched too"
        yield Event(EventReason.LATE_ACCEPTED, words, found.late)


def _not_launched(why: NotLaunched) -> Event:
    reason, words = _WHY[Reason(why.reason)]
    which = f"the run of {rfc3339(why.last_time)}"
    which = which if why.count == 1 else f"{why.count} runs, the last of them {which}"
    said = f": {why.message}" if why.message else ""
    return Event(reason, f"did not start {which}: {words}{said}"[:LONGEST_MESSAGE], why.count)


def of_answer(run_name: str, answer: Answer, message: str) -> Iterator[Event]:
    """Tell of the answer to a launch. One that is rejected for good is told of by the account."""
    if answer is Answer.CREATED:
        yield Event(EventReason.SUCCESSFUL_CREATE, f"created job {run_name}")
    elif answer is Answer.REFUSED:
        yield Event(EventReason.FAILED_CREATE, f"creating job {run_name}: {message}"[:LONGEST_MESSAGE])


def of_deletion(run_name: str, error: str = "") -> Event:
    """Tell that a Job was deleted, or could not be."""
    if error:
        return Event(EventReason.FAILED_DELETE, f"deleting job {run_name}: {error}"[:LONGEST_MESSAGE])
    return Event(EventReason.SUCCESSFUL_DELETE, f"deleted job {run_name}")


def of_ends(runs: Iterable[Run]) -> Iterator[Event]:
    """Tell how runs ended."""
    for run in runs:
        if run.phase is Phase.SUCCEEDED:
            yield Event(EventReason.SAW_COMPLETED_JOB, f"saw completed job: {run.name}, condition: Complete")
        else:
            code = f", exit code {run.exit_code}" if run.exit_code is not None else ""
            tail = f": {shortened(run.message, LONGEST_TAIL)}" if run.message else ""
            yield Event(EventReason.RUN_FAILED, f"run {run.name} failed: {run.reason}{code}{tail}")


def of_conditions(before: Sequence[Condition], after: Sequence[Condition]) -> Iterator[Event]:
    """Tell of conditions that are others now; of the same one never twice, whoever writes it."""
    known = {c.type: c for c in before}
    for now in after:
        was = known.get(now.type)
        if now.type == "Ready":
            if not now.status and (was is None or (was.status, was.message) != (now.status, now.message)):
                yield _event(_NOT_READY[SpecReason(now.reason)], now)
            elif now.reason == Reason.HELD and (was is None or was.reason != now.reason):
                yield _event(EventReason.HELD, now)
        elif now.type in _BEGUN and now.status and not (was is not None and was.status):
            yield _event(_BEGUN[now.type], now)
        elif now.type == "CircuitOpen" and not now.status and was is not None and was.status:
            yield Event(EventReason.CIRCUIT_CLOSED, "runs are launched again")


def _event(reason: EventReason, condition: Condition) -> Event:
    said = condition.message or condition.reason
    own = reason is EventReason.FAILED and condition.message
    return Event(reason, (f"{condition.reason}: {said}" if own else said)[:LONGEST_MESSAGE])
