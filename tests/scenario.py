"""States to decide on, told in one line: `a_task("*/10 * * * * *").since("12:00:00").with_run("12:00:10")`."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Self

from torchtask.core.account import Ledger
from torchtask.core.decide import Decision, decide
from torchtask.core.launch import Attempt, InFlight
from torchtask.core.ledger import opened, published
from torchtask.core.model import Phase, Run, Spec, Task
from torchtask.core.names import run_name
from torchtask.core.wire import tasks

UID = "0a1b2c3d-0000-4000-8000-000000000000"
OTHER_UID = "ffffffff-0000-4000-8000-000000000000"


def at(text: str) -> datetime:
    """Read `12:00:10`, on 1 June 2026 unless a date stands before it, in UTC."""
    day, _, time = text.rpartition(" ")
    return datetime.fromisoformat(f"{day or '2026-06-01'}T{time}").replace(tzinfo=UTC)


def document(schedule: str = "*/10 * * * * *", *, created: str = "11:00:00", **spec: Any) -> dict[str, Any]:
    """Write a TorchTask as the API server has it."""
    what = {} if "jobTemplate" in spec else {"container": {"image": "busybox:1.36"}}
    return {
        "metadata": {
            "namespace": "default",
            "name": "report",
            "uid": UID,
            "generation": 1,
            "resourceVersion": "1",
            "creationTimestamp": f"2026-06-01T{created}Z",
        },
        "spec": {"schedule": schedule, **what, **spec},
    }


@dataclass(frozen=True)
class Scenario:
    """What is known of one task."""

    task: Task
    ledger: Ledger | None = None
    runs: tuple[Run, ...] = ()
    flights: dict[datetime, InFlight] = field(default_factory=dict)
    taken_over: datetime = datetime(2026, 6, 1, tzinfo=UTC)

    def since(self, time: str) -> Self:
        """Say that everything up to `time` is accounted for."""
        digest = self.task.spec.digest if isinstance(self.task.spec, Spec) else ""
        ledger = opened(self.task, digest, at(time))
        return replace(self, ledger=replace(ledger, accounted_time=at(time), decided_time=at(time)))

    def with_run(self, time: str, phase: Phase = Phase.ACTIVE, **changes: Any) -> Self:
        """Add the Job of the fire time `time`."""
        name = run_name(self.task.name, self.task.uid, at(time))
        end = at(time) if phase is not Phase.ACTIVE else None
        run = Run(name, f"uid-of-{name}", at(time), phase, creation_time=at(time), completion_time=end)
        return replace(self, runs=(*self.runs, replace(run, **changes)))

    def with_flight(self, time: str, attempt: Attempt, **changes: Any) -> Self:
        """Add a launch in flight."""
        flight = InFlight(at(time), at(time), at(time), attempt, asking=False)
        return replace(self, flights={**self.flights, at(time): replace(flight, **changes)})

    def queued(self, *times: str) -> Self:
        """Say that these fire times wait."""
        assert self.ledger is not None
        return replace(self, ledger=replace(self.ledger, queued=tuple(at(t) for t in times)))

    def written(self) -> Self:
        """Say that the API server holds the status, with every finished run counted in it."""
        assert self.ledger is not None
        counted = frozenset(r.suffix for r in self.runs if r.finished)
        return replace(self, ledger=published(self.ledger, replace(self.ledger, counted_runs=counted)))

    def counted(self, **changes: Any) -> Self:
        """Set counts."""
        assert self.ledger is not None
        return replace(self, ledger=replace(self.ledger, counts=replace(self.ledger.counts, **changes)))

    def edited(self, schedule: str = "*/10 * * * * *", *, generation: int = 2, **spec: Any) -> Self:
        """Apply another spec."""
        task = tasks.task(document(schedule, **spec), at("12:00:00"))
        return replace(self, task=replace(task, generation=generation))

    def decided(self, time: str) -> Decision:
        """Decide at `time`."""
        return decide(self.task, self.ledger, self.runs, self.flights, at(time), self.taken_over)

    def after(self, decision: Decision) -> Self:
        """Go on with what was decided."""
        return replace(self, ledger=decision.ledger, flights=dict(decision.flights))


def a_task(schedule: str = "*/10 * * * * *", **spec: Any) -> Scenario:
    """Begin with a task that was never looked at; `created="11:00:00"` unless said otherwise."""
    return Scenario(tasks.task(document(schedule, **spec), at("12:00:00")))
