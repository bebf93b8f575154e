"""A model of one task's world, for crash replay: the API server with its Jobs, requests under way, and a clock.

Operators come and go in it. Each knows what it has seen, which may be old; what it asks for may be lost, late, or
answered without anybody hearing. A request lives for `LONGEST_LIFE`; the laws allow for 60 s. An operator that has been
replaced goes on for `LEASE` at most.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tests.property.operators import Operator, Request
from tests.scenario import at, document
from torchtask.core import daemon, launch
from torchtask.core import ledger as books
from torchtask.core.account import Slot
from torchtask.core.clearing import EndPending, Prune, Remove, Stop
from torchtask.core.daemon import SlotState
from torchtask.core.decide import Action, Decision, decide
from torchtask.core.launch import Answer, Attempt, Launch, LookUp
from torchtask.core.model import Phase, Run, Task
from torchtask.core.names import run_name
from torchtask.core.nodes import Node
from torchtask.core.spec import Json, Spec
from torchtask.core.state import State, Surroundings
from torchtask.core.status import Sight, render_status
from torchtask.core.units import Manual, Timed, Unit
from torchtask.core.wire import ledgers, tasks

LONGEST_LIFE = timedelta(seconds=50)
LEASE = timedelta(seconds=15)
START = at("12:00:00")


@dataclass
class World:
    """One task and its cluster. `nodes` are those that exist, and whether they are ready."""

    fields: dict[str, Any]
    nodes: dict[str, bool] = field(default_factory=dict)
    now: datetime = START
    generation: int = 1
    annotations: dict[str, str] = field(default_factory=dict)
    held: bool = False
    caps_full: bool = False
    jobs: dict[Unit, Run] = field(default_factory=dict)
    created: Counter[Unit] = field(default_factory=Counter)
    version: int = 1
    status: Json | None = None
    status_version: int = 1
    requests: list[Request] = field(default_factory=list)
    latecomers: int = 0
    lives: int = 1

    def __post_init__(self) -> None:
        self.task = self.read()
        self.operator = Operator(0, self.now, 1, None, {}, 1)
        self.ghost: Operator | None = None

    def read(self) -> Task:
        """Read the task as the server has it."""
        made = document(created="12:00:00", **self.fields)
        made["metadata"] |= {"generation": self.generation, "annotations": self.annotations}
        return tasks.task(made, self.now)

    def edit(self, **fields: Any) -> None:
        """Change the spec."""
        self.fields |= fields
        self.generation += 1
        self.task = self.read()

    def annotate(self, **annotations: str) -> None:
        """Change the annotations of the group."""
        self.annotations |= {f"torchtask.dev/{name.replace('_', '-')}": text for name, text in annotations.items()}
        self.task = self.read()

    # --- the operators

    def around(self, operator: Operator) -> Surroundings:
        """Tell what an operator knows beside the task."""
        nodes = [Node(name, {}, (), (), ready) for name, ready in self.nodes.items()]
        return Surroundings(operator.taken_over, nodes, "maintenance" if self.held else None)

    def slots(self, operator: Operator) -> tuple[tuple[Slot, SlotState], ...]:
        """Tell how an operator sees the slots of a daemon."""
        spec, ledger = self.task.spec, operator.ledger
        if ledger is None or not isinstance(spec, Spec) or spec.daemon is None:
            return ()
        runs = tuple(operator.seen.values())
        state = State(self.task, ledger, runs, operator.flights, self.now, self.around(operator))
        return tuple(daemon.states(state, spec, spec.daemon))

    def decide(self, operator: Operator) -> Decision:
        """Decide, and take over what was decided."""
        seen, around = tuple(operator.seen.values()), self.around(operator)
        flights = launch.unseen(operator.flights, operator.seen_version)
        decision = decide(self.task, operator.ledger, seen, flights, self.now, around)
        operator.ledger, operator.flights = decision.ledger, dict(decision.flights)
        assert decision.wake_time is None or decision.wake_time > self.now, "turning in circles"
        again = decide(self.task, operator.ledger, seen, operator.flights, self.now, around)
        asked = [a for a in again.actions if isinstance(a, Launch | LookUp)]
        assert asked == [], "decided twice, asked twice"
        assert again.ledger == decision.ledger
        return decision

    def send(self, operator: Operator, decision: Decision) -> list[Unit]:
        """Send what was asked for, as far as the caps let it; name the units whose launches are asked for."""
        launched = []
        for action in decision.actions:
            if not isinstance(action, Launch) or operator.flights[action.unit].is_sent:
                self.requests.append(Request(action, operator.life, self.now, self.template()))
                launched += [action.unit] if isinstance(action, Launch) else []
        if self.caps_full or self.held:
            return launched
        for unit, flight in operator.flights.items():
            if flight.attempt is Attempt.WANTED:
                operator.flights[unit] = launch.sent(flight, self.now)
                self.requests.append(Request(Launch(unit), operator.life, self.now, self.template()))
                launched.append(unit)
        return launched

    def write(self, operator: Operator) -> None:
        """Write the status, unless somebody else did since (L13)."""
        if operator.ledger is None:
            return
        if operator.version != self.status_version:
            held = ledgers.ledger(self.status)
            operator.version = self.status_version
            if held is not None and held.accounted_time > operator.ledger.accounted_time:
                operator.ledger = held
            return
        self.status = render_status(self.task, operator.ledger, Sight(slots=self.slots(operator)))
        self.status_version += 1
        operator.version = self.status_version
        operator.ledger = books.published(operator.ledger, operator.ledger)

    def successor(self) -> Operator:
        """Begin anew from what the cluster holds."""
        self.lives += 1
        ledger = ledgers.ledger(self.status)
        return Operator(self.lives - 1, self.now, self.status_version, ledger, dict(self.jobs), self.version)

    def watch(self, operator: Operator) -> None:
        """Catch up with the cluster; what was learned from Pods stays known."""
        known = {r.uid for r in operator.seen.values() if r.finished and not r.unexplained}
        operator.seen_version = self.version
        operator.seen = {u: replace(r, unexplained=r.unexplained and r.uid not in known) for u, r in self.jobs.items()}

    def explain(self, operator: Operator) -> None:
        """Answer every inquiry about Pods."""
        operator.seen = {u: replace(r, unexplained=False) for u, r in operator.seen.items()}

    # --- the cluster

    def pass_on(self, request: Request, *, answered: bool) -> None:
        """Let the server act on a request, unless it is older than any request gets."""
        answer = self.act(request) if self.now - request.sent_time < LONGEST_LIFE else Answer.UNKNOWN
        sender = next((o for o in (self.operator, self.ghost) if o and o.life == request.life), None)
        if request.life != self.operator.life:
            self.latecomers += answer is Answer.CREATED
        if sender is not None and answer is not None:
            self.hear(sender, request.action, answer if answered else Answer.UNKNOWN)

    def hear(self, operator: Operator, action: Action, answer: Answer) -> None:
        """Give an operator an answer."""
        flight = operator.flights.pop(action.unit, None) if isinstance(action, Launch | LookUp) else None
        if flight is None:
            return
        after, outcome = launch.settle(flight, launch.Reply(answer, version=self.version), self.now)
        if after is not None:
            operator.flights[flight.unit] = after
        if outcome is not None:
            assert operator.ledger is not None
            operator.ledger = books.noted(operator.ledger, (outcome,))

    def act(self, request: Request) -> Answer | None:
        """Do as the API server does."""
        action = request.action
        if isinstance(action, Prune | Stop | EndPending):
            self.clear(action)
            return None
        if isinstance(action, Remove):
            return None
        if isinstance(action, LookUp):
            return Answer.OURS if action.unit in self.jobs else Answer.ABSENT
        unit = action.unit
        if unit in self.jobs:
            return Answer.EXISTS
        self.version += 1
        self.created[unit] += 1
        name = run_name(self.task.name, self.task.uid, unit)
        fire_time = unit.fire_time if isinstance(unit, Timed) else self.now
        run = Run(name, f"{name}-{self.version}", unit, fire_time, Phase.ACTIVE, creation_time=self.now)
        self.jobs[unit] = replace(run, template=request.template, start_time=self.now, started=True, pod_seen=True)
        return Answer.CREATED

    def template(self) -> str:
        """Tell what Jobs are made from now."""
        return daemon.revision(self.task, self.task.spec) if isinstance(self.task.spec, Spec) else ""

    def clear(self, action: Prune | Stop | EndPending) -> None:
        """Delete a Job, that very one: an active one when its Pods are gone."""
        unit = action.run.unit
        if unit in self.jobs and self.jobs[unit].uid == action.run.uid and not isinstance(action, EndPending):
            self.version += 1
            if isinstance(action, Prune):
                del self.jobs[unit]
            else:
                self.jobs[unit] = replace(self.jobs[unit], deleting=True)

    def finish(self, unit: Unit, phase: Phase, ran: timedelta | None = None) -> None:
        """End a run."""
        unexplained = phase is Phase.FAILED or ran is not None
        ended = replace(self.jobs[unit], phase=phase, completion_time=self.now, unexplained=unexplained, ran=ran)
        self.jobs[unit] = ended
        self.version += 1

    def expire(self, lifetime: timedelta) -> None:
        """Remove the Jobs that ended longer ago than `lifetime`; not the manual ones, which carry none."""
        old = self.now - lifetime
        kept = {
            unit: run
            for unit, run in self.jobs.items()
            if run.completion_time is None or run.completion_time > old or isinstance(unit, Manual)
        }
        self.version += len(self.jobs) - len(kept)
        self.jobs = kept

    def let_go(self) -> None:
        """End the foreground deletions: the Pods are gone."""
        self.jobs = {u: r for u, r in self.jobs.items() if not r.deleting}
        self.version += 1

    def active(self) -> list[Run]:
        """Name the runs that are not over."""
        return [r for r in self.jobs.values() if not r.finished]
