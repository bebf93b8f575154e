"""The conditions: is the task accepted, does it rest, has it come to its end. Runs that fail change none of them.

Ready is True for every task that is accepted, also one that is suspended or over: its reason says so. `Complete` and
`Failed` stand only on a task that fires no more, so that `kubectl wait` can wait for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from torchtask.core.account import Ledger
from torchtask.core.instants import rfc3339
from torchtask.core.model import Phase, Reason, Spec, Task

LONGEST_MESSAGE = 1024

_Verdict = tuple[bool, str, str]  # status, reason, message


@dataclass(frozen=True, slots=True)
class Condition:
    """One of the resource's conditions; `last_transition_time` is when `status` last changed."""

    type: str
    status: bool
    reason: str
    message: str
    last_transition_time: datetime


def conditions(
    task: Task, ledger: Ledger, before: Sequence[Condition], now: datetime, *, over: bool
) -> tuple[Condition, ...]:
    """Judge the task; `over`: it has no fire time left, and nothing of it is active."""
    verdicts = {"Ready": _ready(task, over=over), "Suspended": _suspended(task)}
    if over and isinstance(task.spec, Spec):
        verdicts |= _end(task.spec, task, ledger)
    return tuple(_condition(kind, verdict, before, now) for kind, verdict in verdicts.items())


def _ready(task: Task, *, over: bool) -> _Verdict:
    problem = task.problem
    if problem is not None:
        return False, problem.reason, str(problem)
    if _is_suspended(task):
        return True, Reason.SUSPENDED, "spec.suspend is true: nothing is launched"
    if over:
        return True, "Complete", "no fire time is left"
    notes = "".join(f"; note: {note}" for note in task.notes)
    return True, "Scheduled", f"the task is accepted and scheduled{notes}"


def _suspended(task: Task) -> _Verdict:
    return (True, Reason.SUSPENDED, "spec.suspend is true") if _is_suspended(task) else (False, "NotSuspended", "")


def _is_suspended(task: Task) -> bool:
    return isinstance(task.spec, Spec) and task.spec.suspend


def _end(spec: Spec, task: Task, ledger: Ledger) -> dict[str, _Verdict]:
    """Say how the task ended: a window closes; what was to run once ran well, or not, or never."""
    at = spec.schedule.when.at
    if at is None:
        return {"Complete": (True, "WindowClosed", "the last fire time of its window has passed")}
    run = ledger.last_run
    if run is not None and run.fire_time == at:
        if run.phase is Phase.SUCCEEDED:
            return {"Complete": (True, "Completed", "the run succeeded")}
        return {"Failed": (True, run.reason, run.message)}
    if at <= task.creation_time:
        message = f"spec.at: {rfc3339(at)} was not later than the task's creation, {rfc3339(task.creation_time)}"
        return {"Failed": (True, "InThePast", message)}
    last = ledger.not_launched[-1] if ledger.not_launched else None
    return {"Failed": (True, last.reason if last else "NotRun", last.message if last else "no run was seen to end")}


def _condition(kind: str, verdict: _Verdict, before: Sequence[Condition], now: datetime) -> Condition:
    status, reason, message = verdict
    since = next((c.last_transition_time for c in before if c.type == kind and c.status == status), now)
    return Condition(kind, status, str(reason), message[:LONGEST_MESSAGE], since)
