"""How much of everything there is now: looked up when somebody reads the metrics, and at no other time."""

from collections import Counter
from dataclasses import asdict

from torchtask.core.caps import Limits
from torchtask.core.launch import Attempt
from torchtask.core.spec import Spec
from torchtask.engine.runs import Runs
from torchtask.engine.store import Record, Tasks
from torchtask.metrics import Levels

TASK_STATES = ("scheduled", "suspended", "over", "not_ready")


def show(levels: Levels, tasks: Tasks, runs: Runs, limits: Limits) -> None:
    """Set the gauges that tell how much there is."""
    states: Counter[str] = Counter()
    attempts: Counter[Attempt] = Counter()
    queued = 0
    for record in tasks:
        states[_state(record)] += 1
        queued += len(record.ledger.queued) if record.ledger is not None else 0
        if record.flights:
            attempts.update(flight.attempt for flight in record.flights.values())
    for state in TASK_STATES:
        levels.tasks.labels(state).set(states[state])
    for attempt in Attempt:
        levels.launches.labels(attempt.lower()).set(attempts[attempt])
    levels.queued.set(queued)
    levels.active.set(runs.active.total())
    levels.without_pod.set(runs.without_pod.total())
    for name, limit in asdict(limits).items():
        levels.limits.labels(name).set(limit)


def _state(record: Record) -> str:
    task = record.task
    if task.problem is not None:
        return "not_ready"
    if isinstance(task.spec, Spec) and task.spec.suspend:
        return "suspended"
    return "over" if record.over else "scheduled"
