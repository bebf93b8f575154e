"""States to decide on, told in one line: `a_task("*/10 * * * * *").since("12:00:00").with_run("12:00:10")`."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Self

from torchtask.core import launch
from torchtask.core.account import Ledger
from torchtask.core.conditions import Condition, conditions
from torchtask.core.decide import Decision, decide
from torchtask.core.launch import Answer, Attempt, InFlight, Launch
from torchtask.core.ledger import noted, opened, published
from torchtask.core.model import Phase, Run, Task
from torchtask.core.names import run_name
from torchtask.core.nodes import Node
from torchtask.core.spec import Spec
from torchtask.core.state import State, Surroundings
from torchtask.core.status import Sight, render_status
from torchtask.core.units import Timed, Unit
from torchtask.core.wire import tasks

EVERY_TEN = "*/10 * * * * *"
UID = "0a1b2c3d-0000-4000-8000-000000000000"
OTHER_UID = "ffffffff-0000-4000-8000-000000000000"


def at(text: str) -> datetime:
    """Read `12:00:10`, on 1 June 2026 unless a date stands before it, in UTC."""
    day, _, time = text.rpartition(" ")
    return datetime.fromisoformat(f"{day or '2026-06-01'}T{time}").replace(tzinfo=UTC)


def unit(text: str, node: str = "") -> Timed:
    """Name the unit of a fire time."""
    return Timed(at(text), node)


def document(schedule: str | None = "", *, created: str = "11:00:00", **spec: Any) -> dict[str, Any]:
    """Write a TorchTask as the API server has it."""
    what = {} if "jobTemplate" in spec else {"container": {"image": "busybox:1.36"}}
    unscheduled = schedule == "" and {"at", "daemon"} & spec.keys()
    when = {} if unscheduled else {"schedule": EVERY_TEN if schedule == "" else schedule}
    return {
        "metadata": {
            "namespace": "default",
            "name": "report",
            "uid": UID,
            "generation": 1,
            "resourceVersion": "1",
            "creationTimestamp": f"2026-06-01T{created}Z",
        },
        "spec": {**when, **what, **spec},
    }


@dataclass(frozen=True)
class Scenario:
    """What is known of one task."""

    task: Task
    ledger: Ledger | None = None
    runs: tuple[Run, ...] = ()
    flights: dict[Unit, InFlight] = field(default_factory=dict)
    taken_over: datetime = datetime(2026, 6, 1, tzinfo=UTC)
    nodes: tuple[Node, ...] | None = ()
    held: str | None = None
    led_until: datetime | None = None

    def since(self, time: str) -> Self:
        """Say that everything up to `time` is accounted for."""
        digest = self.task.spec.digest if isinstance(self.task.spec, Spec) else ""
        ledger = opened(self.task, digest, at(time))
        return replace(self, ledger=replace(ledger, accounted_time=at(time), decided_time=at(time)))

    def with_run(self, time: str, phase: Phase = Phase.ACTIVE, **changes: Any) -> Self:
        """Add the Job of the fire time `time`."""
        return self.with_run_of(unit(time), time, phase, **changes)

    def with_run_of(self, of: Unit, time: str, phase: Phase = Phase.ACTIVE, **changes: Any) -> Self:
        """Add the Job of a unit, created at `time`."""
        name = run_name(self.task.name, self.task.uid, of)
        end = at(time) if phase is not Phase.ACTIVE else None
        run = Run(name, f"uid-of-{name}", of, at(time), phase, creation_time=at(time), completion_time=end)
        return replace(self, runs=(*self.runs, replace(run, **changes)))

    def with_flight(self, time: str, attempt: Attempt, **changes: Any) -> Self:
        """Add a launch in flight."""
        flight = InFlight(unit(time), at(time), at(time), at(time), attempt, asking=False)
        return replace(self, flights={**self.flights, unit(time): replace(flight, **changes)})

    def heard(self, of: Unit, answer: Answer, time: str, message: str = "") -> Self:
        """Hear the answer to the launch in flight of a unit."""
        assert self.ledger is not None
        after, outcome = launch.settle(self.flights[of], launch.Reply(answer, message), at(time))
        others = {u: f for u, f in self.flights.items() if u != of}
        ledger = noted(self.ledger, (outcome,) if outcome else ())
        return replace(self, ledger=ledger, flights=others | ({of: after} if after else {}))

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

    def edited(self, schedule: str | None = "", *, generation: int = 2, **spec: Any) -> Self:
        """Apply another spec."""
        return replace(self, task=replace(a_task(schedule, **spec).task, generation=generation))

    def asking(self, **changes: Any) -> Self:
        """Change the task: what its annotations ask for, what the API server says of its template."""
        return replace(self, task=replace(self.task, **changes))

    def with_account(self, **changes: Any) -> Self:
        """Change the account."""
        assert self.ledger is not None
        return replace(self, ledger=replace(self.ledger, **changes))

    def decided(self, time: str) -> Decision:
        """Decide at `time`."""
        return decide(self.task, self.ledger, self.runs, self.flights, at(time), self._around())

    def judged(self, decision: Decision, time: str, late: int | None = None) -> tuple[Condition, ...]:
        """Judge the task at `time`, after a decision."""
        after = self.after(decision)
        state = State(self.task, decision.ledger, self.runs, after.flights, at(time), self._around())
        return conditions(state, (), late, over=decision.over)

    def status(self, decision: Decision, judged: tuple[Condition, ...] = ()) -> dict[str, Any]:
        """Write the status after a decision."""
        return render_status(self.task, decision.ledger, Sight(next_time=decision.next_time, conditions=judged))

    def _around(self) -> Surroundings:
        return Surroundings(self.taken_over, self.nodes, self.held, self.led_until)

    def after(self, decision: Decision, *, sent: str | None = None) -> Self:
        """Go on with what was decided; `sent`: the caps let all of it be sent at that time."""
        flights = dict(decision.flights)
        if sent is not None:
            flights |= {u: launch.sent(f, at(sent)) for u, f in flights.items() if f.attempt is Attempt.WANTED}
        return replace(self, ledger=decision.ledger, flights=flights)


def a_task(schedule: str | None = "", **spec: Any) -> Scenario:
    """Begin with a task that was never looked at; `created="11:00:00"` unless said otherwise."""
    made = document(schedule, **spec)
    if {"at", "daemon"} & spec.keys():
        made["spec"].pop("schedule", None)
    return Scenario(tasks.task(made, at("12:00:00")))


def launches(decision: Decision) -> list[str]:
    """Name the fire times that are launched, as `12:00:10`."""
    units = (a.unit for a in decision.actions if isinstance(a, Launch))
    return [f"{u.fire_time:%H:%M:%S}" for u in units if isinstance(u, Timed)]


def reasons(decision: Decision) -> dict[str, int]:
    """Count what was not launched, by reason."""
    return {n.reason: n.count for n in decision.ledger.not_launched}
