"""Everything that is known of one task at one moment: what a decision is made from, and what its steps return."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from torchtask.core import ledger as books
from torchtask.core.account import Ledger, Outcome
from torchtask.core.launch import Flights, InFlight
from torchtask.core.model import Run, Task
from torchtask.core.nodes import Node
from torchtask.core.spec import Spec
from torchtask.core.units import Unit


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What matters to a task beside itself.

    `taken_over`: when this operator began to look. `nodes`: the cluster's, None when they are out of sight. `held`: why
    nothing is launched in the task's namespace, None when nothing holds it. `led_until`: when whoever led before last
    said that it was there; None when nobody is known.
    """

    taken_over: datetime
    nodes: Collection[Node] | None = None
    held: str | None = None
    led_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class State:
    """A task, its account, its runs, the launches in flight, the time, and its surroundings."""

    task: Task
    ledger: Ledger
    runs: Collection[Run]
    flights: Flights
    now: datetime
    around: Surroundings

    def is_blind(self, spec: Spec) -> bool:
        """Tell whether the nodes are out of sight that `spec` depends on: then nobody knows where runs may be."""
        return spec.where.needs_nodes and self.around.nodes is None

    def noting(self, outcomes: Iterable[Outcome]) -> "State":
        """Add outcomes to the account; what has one is no longer in flight."""
        added = tuple(outcomes)
        if not added:
            return self
        settled = {o.unit for o in added}
        flights = {u: f for u, f in self.flights.items() if u not in settled}
        return replace(self, ledger=books.noted(self.ledger, added), flights=flights)

    def starting(self, launches: Iterable[InFlight]) -> "State":
        """Add launches."""
        added = {f.unit: f for f in launches}
        return replace(self, flights={**self.flights, **added}) if added else self

    def without(self, units: Collection[Unit]) -> "State":
        """Forget launches."""
        if not units:
            return self
        return replace(self, flights={u: f for u, f in self.flights.items() if u not in units})

    def taken(self, node: str | None = None) -> int:
        """Count the instances that are taken (on `node`): by runs, and by launches whose Job may exist (L4)."""
        runs = sum(1 for r in self.runs if not r.finished and node in (None, r.unit.node))
        return runs + sum(1 for f in self.flights.values() if f.takes_room and node in (None, f.unit.node))

    def taken_on_nodes(self) -> Counter[str]:
        """Count the instances that are taken on each node."""
        runs = Counter(r.unit.node for r in self.runs if not r.finished)
        return runs + Counter(f.unit.node for f in self.flights.values() if f.takes_room)

    def existing(self) -> set[Unit]:
        """Name the units that have a Job, or a launch in flight."""
        return {*(r.unit for r in self.runs), *self.flights}
