"""The conditions: is the task accepted, does it rest, has it come to its end. Runs that fail change none of them.

Ready is True for every task that is accepted, also one that is suspended, held or over: its reason says so. `Complete`
and `Failed` stand only on a task that launches no more, so that `kubectl wait` can wait for them. `LimitReached` tells
that a cap of the operator keeps a launch back, `CircuitOpen` that failures do, `Late` that launches come too late.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from torchtask.core import names
from torchtask.core.account import Ended
from torchtask.core.breaker import is_tripped, probe_time
from torchtask.core.daemon import MOST_INSTANCES, SlotState, left_out, states
from torchtask.core.instants import rfc3339
from torchtask.core.launch import Attempt
from torchtask.core.model import Phase, Reason, Run
from torchtask.core.spec import Spec
from torchtask.core.state import State

LONGEST_MESSAGE = 1024
LATE_MILLISECONDS = 1_000

_Verdict = tuple[bool, str, str]  # status, reason, message


@dataclass(frozen=True, slots=True)
class Condition:
    """One of the resource's conditions; `last_transition_time` is when `status` last changed."""

    type: str
    status: bool
    reason: str
    message: str
    last_transition_time: datetime


def conditions(state: State, before: Sequence[Condition], late: int | None, *, over: bool) -> tuple[Condition, ...]:
    """Judge the task; `late`: the p99 of its launches, in milliseconds; `over`: it launches nothing any more."""
    spec = state.task.spec
    verdicts = {"Ready": _ready(state, over=over), "Suspended": _suspended(state)}
    verdicts |= _limited(state) | _late(late)
    if isinstance(spec, Spec):
        if spec.breaker is not None:
            verdicts["CircuitOpen"] = _circuit(spec, state)
        if over:
            verdicts |= _end(spec, state)
    return tuple(_condition(kind, verdict, before, state.now) for kind, verdict in verdicts.items())


def _ready(state: State, *, over: bool) -> _Verdict:
    task, problem = state.task, state.task.problem
    if problem is not None:
        return False, problem.reason, str(problem)
    if _is_suspended(state):
        return True, Reason.SUSPENDED, "spec.suspend is true: nothing is launched"
    if over:
        return True, "Complete", "nothing is left to launch"
    if state.around.held is not None:
        return True, Reason.HELD, f"launches are held: {state.around.held or 'no reason is given'}"
    notes = "".join(f"; note: {note}" for note in task.notes)
    return True, "Scheduled", f"the task is accepted and scheduled{notes}"


def _suspended(state: State) -> _Verdict:
    return (True, Reason.SUSPENDED, "spec.suspend is true") if _is_suspended(state) else (False, "NotSuspended", "")


def _is_suspended(state: State) -> bool:
    return isinstance(state.task.spec, Spec) and state.task.spec.suspend


def _limited(state: State) -> dict[str, _Verdict]:
    """Tell which cap keeps a launch back; the words come from the one who keeps it."""
    spec = state.task.spec
    too_many = left_out(state, spec) if isinstance(spec, Spec) and spec.daemon is not None else 0
    if too_many:
        words = f"{MOST_INSTANCES} instances are the most; {too_many} more are not started"
        return {"LimitReached": (True, "TooManyInstances", words)}
    held = next((f for f in state.flights.values() if f.attempt is Attempt.WANTED and f.message), None)
    if held is None:
        return {}
    reason, colon, words = held.message.partition(": ")
    return {"LimitReached": (True, reason, words) if colon else (True, Reason.LIMIT_REACHED, held.message)}


def _late(late: int | None) -> dict[str, _Verdict]:
    if late is None or late <= LATE_MILLISECONDS:
        return {}
    return {"Late": (True, "LaunchesLate", f"1 of 100 launches came {late} ms or more after its fire time")}


def _circuit(spec: Spec, state: State) -> _Verdict:
    if not is_tripped(spec, state.ledger):
        return False, "Closed", ""
    failures, time = state.ledger.consecutive_failures, rfc3339(probe_time(spec, state.ledger))
    return True, Reason.CIRCUIT_OPEN, f"{failures} runs failed in a row; one fire time from {time} on is tried"


def _end(spec: Spec, state: State) -> dict[str, _Verdict]:
    """Say how the task ended: a window closes; what was to run once ran well, or not, or never."""
    at = spec.schedule.when.at
    if spec.daemon is not None:
        options = spec.daemon
        if any(kind is SlotState.FATAL for _, kind in states(state, spec, options)):
            message = f"a start failed {options.start_retries + 1} times in a row"
            return {"Failed": (True, "Fatal", f"{message}; another spec or torchtask.dev/restart tries again")}
        return {"Complete": (True, "Completed", "every instance ended well")}
    if at is None:
        return {"Complete": (True, "WindowClosed", "the last fire time of its window has passed")}
    return _once(at, state)


def _once(at: datetime, state: State) -> dict[str, _Verdict]:
    """Say how what was to run once came out: well, if it ran and no run of it failed."""
    task, ledger = state.task, state.ledger
    ends = _own_ends(at, state)
    failure = next((e for e in ends if e.phase is Phase.FAILED), None)
    if failure is not None:
        return {"Failed": (True, failure.reason, failure.message)}
    if ends:
        return {"Complete": (True, "Completed", "the run succeeded")}
    if at <= task.creation_time:
        message = f"spec.at: {rfc3339(at)} was not later than the task's creation, {rfc3339(task.creation_time)}"
        return {"Failed": (True, "InThePast", message)}
    given_up = next((n for n in reversed(ledger.not_launched) if n.last_time == at), None)
    if given_up is not None:
        return {"Failed": (True, given_up.reason, given_up.message)}
    was_launched = ledger.last_schedule_time == at
    words = "its Job was deleted before it ended" if was_launched else "the moment had passed when it was set"
    return {"Failed": (True, "NotRun", f"spec.at: {rfc3339(at)}: {words}")}


def _own_ends(at: datetime, state: State) -> list[Ended | Run]:
    """Return how the runs of that moment ended. The account knows best, and forgets; then their Jobs still tell."""
    task = state.task
    jobs = {r.name: r for r in state.runs if r.finished}
    told = {e.name: e for e in state.ledger.recent_runs}
    known: dict[str, Ended | Run] = {**jobs, **told}
    return [e for name, e in sorted(known.items()) if names.is_run_of(name, task.name, task.uid, at)]


def _condition(kind: str, verdict: _Verdict, before: Sequence[Condition], now: datetime) -> Condition:
    status, reason, message = verdict
    since = next((c.last_transition_time for c in before if c.type == kind and c.status == status), now)
    return Condition(kind, status, str(reason), message[:LONGEST_MESSAGE], since)
