"""Tells the world what happened to tasks: numbers, events, and a line in the log for each run that ended."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence

from torchtask.core import events
from torchtask.core.account import Ledger
from torchtask.core.changes import Changes, changes
from torchtask.core.conditions import Condition
from torchtask.core.ends import COMPLETED, EndReason
from torchtask.core.events import Event
from torchtask.core.launch import Reply
from torchtask.core.model import Phase, Run, Task
from torchtask.core.names import run_name
from torchtask.core.units import Unit
from torchtask.engine.ends import tell
from torchtask.engine.store import SAMPLES, Record
from torchtask.metrics import Metrics

OTHER = "Other"  # reasons of runs come from Kubernetes, and from templates: only these are told apart
END_REASONS = frozenset(
    {COMPLETED, *EndReason, "Error", "OOMKilled", "DeadlineExceeded", "BackoffLimitExceeded", "PodFailurePolicy"}
)


class Herald:
    """Compares what is known of a task before and after each step; `tell` is told of every event."""

    def __init__(self, metrics: Metrics, tell: Callable[[Task, Event], None]) -> None:
        self._work, self._tell = metrics.work, tell

    def launched(self, record: Record, unit: Unit, reply: Reply) -> None:
        """Tell of the answer to a launch."""
        task, due = record.task, record.on_time.pop(unit, None)
        self._tell_all(task, events.of_answer(run_name(task.name, task.uid, unit), reply.answer, reply.message))
        if due is None or reply.time is None:
            return
        fire_time, launch_time = due
        late = reply.time - launch_time
        record.lateness = record.lateness or deque(maxlen=SAMPLES)
        record.lateness.append((fire_time, round(late.total_seconds() * 1000)))
        self._work.lateness.observe(late.total_seconds())

    def passed(self, record: Record, before: Ledger | None, runs: Collection[Run]) -> None:
        """Tell what a decision did; `before`: the account until then, `runs`: what it was decided on."""
        after = record.ledger
        if after is None or after is before:
            return
        self.settled(record, before)
        counted = before.counted_runs if before is not None else frozenset()
        fresh = after.counted_runs - counted if after.counted_runs is not counted else ()
        ended = [r for r in runs if r.suffix in fresh] if fresh else []
        for run in ended:
            tell(record, run)
            self._ended(run)
        self._tell_all(record.task, events.of_ends(ended))

    def settled(self, record: Record, before: Ledger | None) -> None:
        """Tell what became of fire times."""
        found = changes(before, record.ledger) if record.ledger is not None else None
        if found is not None:
            self._count(found)
            self._tell_all(record.task, events.of_changes(found))

    def judged(self, record: Record, before: Sequence[Condition]) -> None:
        """Tell of conditions that are others than `before`."""
        if record.conditions != before:
            self._tell_all(record.task, events.of_conditions(before, record.conditions))

    def deleted(self, task: Task, run: Run, error: str = "") -> None:
        """Tell that a Job was deleted, or what the API server has against it."""
        self._tell(task, events.of_deletion(run.name, error))

    def _tell_all(self, task: Task, found: Iterable[Event]) -> None:
        for event in found:
            self._tell(task, event)

    def _count(self, found: Changes) -> None:
        work, counts = self._work, found.counts
        for result, count in (("launched", counts.launched), ("skipped", counts.skipped), ("missed", counts.missed)):
            work.fire_times.labels(result).inc(count)
        for why in found.not_launched:
            work.not_launched.labels(why.reason).inc(why.count)
        work.manual.inc(counts.manual)
        work.runs.labels("stopped", "").inc(counts.stopped)

    def _ended(self, run: Run) -> None:
        result = "succeeded" if run.phase is Phase.SUCCEEDED else "failed"
        self._work.runs.labels(result, run.reason if run.reason in END_REASONS else OTHER).inc()
        if run.start_time is not None and run.completion_time is not None:
            seconds = (run.completion_time - run.start_time).total_seconds()
            self._work.run_seconds.labels(result).observe(max(0.0, seconds))
