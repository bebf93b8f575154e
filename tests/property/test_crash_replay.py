"""Crash replay: the decisions against a model cluster that loses answers, lags behind, and forgets the operator.

Hypothesis takes the steps in any order. What must hold after each of them stands in the invariants; they read the model
cluster, never what the operator says of itself, but for its sums.
"""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from tests.property.operators import Operator
from tests.property.replaying import Replaying
from tests.property.world import World
from torchtask.core import ledger as books
from torchtask.core.model import Phase
from torchtask.core.spec import Spec
from torchtask.core.units import Timed, Unit

SCHEDULES = ("* * * * * *", "*/2 * * * * *", "*/10 * * * * *", "3,4,30 * * * * *")
POD = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox:1.36"}]}
SHORT_LIVED = {"spec": {"ttlSecondsAfterFinished": 60, "template": {"spec": POD}}}
NODES = ("one", "two", "three")
OVERLAPS: list[dict[str, Any]] = [
    {"concurrencyPolicy": "Allow"},
    *({"concurrencyPolicy": p, "maxInstances": n} for p in ("Forbid", "Queue", "Replace") for n in (1, 2)),
    {"concurrencyPolicy": "Queue", "maxInstances": 1, "catchUp": "All"},
    {"concurrencyPolicy": "Forbid", "maxInstances": 1, "runOn": "EveryNode"},
]


class Replay(Replaying):
    """One task, its cluster and its operators."""

    @initialize(
        schedule=st.sampled_from(SCHEDULES),
        overlap=st.sampled_from(OVERLAPS),
        fields=st.fixed_dictionaries(
            {"successfulJobsHistoryLimit": st.integers(min_value=0, max_value=2)},
            optional={
                "jitterSeconds": st.just(5),
                "startingDeadlineSeconds": st.sampled_from([3, 20]),
                "catchUp": st.sampled_from(["None", "Latest"]),
                "circuitBreaker": st.just({"failureThreshold": 2, "probeAfterSeconds": 5}),
                "jobTemplate": st.just(SHORT_LIVED),
            },
        ),
    )
    def begin(self, schedule: str, overlap: dict[str, Any], fields: dict[str, Any]) -> None:
        """Create the task."""
        self.world = World({"schedule": schedule, **fields, **overlap}, dict.fromkeys(NODES, True))
        self.limit = overlap.get("maxInstances")
        self.suspensions = [(self.world.now, False)]
        self.counted_before: Counter[str] = Counter()
        self.nonces = 0

    @rule(suspend=st.booleans())
    def edit(self, suspend: bool) -> None:  # noqa: FBT001 -- a strategy's value
        """Suspend or resume; seen at once."""
        if bool(self.world.fields.get("suspend")) != suspend:
            self.world.edit(suspend=suspend)
            self.suspensions.append((self.world.now, suspend))
            self.turn()

    @rule()
    def run_now(self) -> None:
        """Ask for a run."""
        self.nonces += 1
        self.world.annotate(run_now=f"nonce {self.nonces}")

    @rule(node=st.sampled_from(NODES), ready=st.sampled_from([True, False, None]))
    def change_node(self, node: str, ready: bool | None) -> None:  # noqa: FBT001 -- a strategy's value
        """Let a node come, go, or lose its readiness."""
        self.world.nodes.pop(node, None)
        if ready is not None:
            self.world.nodes[node] = ready

    def act(self, operator: Operator) -> None:
        """Let an operator decide; refuse launches that are held, early, unnamed, or of a suspended task."""
        decision = self.world.decide(operator)
        task, now = self.world.task, self.world.now
        for unit in self.world.send(operator, decision):
            assert not self.world.held, "launched while held"
            if isinstance(unit, Timed):
                assert isinstance(task.spec, Spec)
                assert unit.fire_time <= task.spec.launch_time(unit.fire_time) <= now, "early"
                assert task.spec.schedule.latest(unit.fire_time) == unit.fire_time, "no fire time"
                assert not task.spec.suspend, "launched while suspended"
                assert not [t for t, _ in self.suspensions[1:] if t >= unit.fire_time], "fired from before an edit"

    @precondition(lambda self: self.world.active())
    @rule(data=st.data(), phase=st.sampled_from([Phase.SUCCEEDED, Phase.FAILED]))
    def finish(self, data: st.DataObject, phase: Phase) -> None:
        """End a run."""
        units = sorted((r.unit for r in self.world.active()), key=str)
        self.world.finish(data.draw(st.sampled_from(units)), phase)

    @precondition(lambda self: any(r.deleting for r in self.world.jobs.values()))
    @rule()
    def let_go(self) -> None:
        """End the foreground deletions."""
        self.world.let_go()

    @precondition(lambda self: "jobTemplate" in self.world.fields)
    @rule()
    def expire(self) -> None:
        """Let Kubernetes remove the Jobs whose time to live is over, counted or not."""
        self.world.expire(timedelta(seconds=60))

    # --- what must hold

    @invariant()
    def one_job_for_a_unit(self) -> None:
        """At most one Job per fire time (docs/reliability.md), pruned Jobs included."""
        assert [u for u, n in self.world.created.items() if n > 1] == []

    @invariant()
    def limit_holds(self) -> None:
        """Limits hold: counting requests that may still be acted on is the operator's business, not the cluster's."""
        if self.limit is not None and self.world.lives == 1:
            active = Counter(r.unit.node for r in self.world.active())
            assert max(active.values(), default=0) <= self.limit

    @invariant()
    def the_books_balance(self) -> None:
        """Both sums of L12, and every fire time up to `accountedTime` in exactly one count (docs/reliability.md)."""
        ledger, spec = self.world.operator.ledger, self.world.task.spec
        if ledger is None or not isinstance(spec, Spec):
            return
        counts = ledger.counts
        assert min(counts.launched, counts.skipped, counts.missed, counts.manual, counts.stopped) >= 0
        whole = len(self.suspensions) == 1 and not counts.stopped and counts.since == self.world.task.creation_time
        if whole and not spec.where.every_node:
            named = spec.schedule.count(counts.since, ledger.accounted_time)
            due = counts.due + len(books.waiting(ledger))
            assert named <= due <= named + self.world.latecomers, "LateAccepted adds what turned up too late"
        if self.world.lives == 1:
            now = Counter(
                launched=counts.launched,
                skipped=counts.skipped,
                missed=counts.missed,
                failed=counts.failed,
                manual=counts.manual,
            )
            assert all(now[k] >= self.counted_before[k] for k in now), "a count fell"
            self.counted_before = now

    def teardown(self) -> None:
        """Let everything be answered and seen: then nothing may be open, and the launches are the Jobs created."""
        if not hasattr(self, "world"):
            return
        world = self.world
        world.held = world.caps_full = False
        world.nodes, world.ghost = dict.fromkeys(NODES, True), None
        for _ in range(12):
            while world.requests:
                world.pass_on(world.requests.pop(0), answered=True)
            world.let_go()
            for unit in [r.unit for r in world.active()]:
                world.finish(unit, Phase.SUCCEEDED)
            self.watch()
            self.explain()
            world.now += timedelta(seconds=1)
            self.turn()
        self.everything_is_settled(world.operator)

    def everything_is_settled(self, operator: Operator) -> None:
        """No end is uncounted, no launch open, and what a user asked for has been done."""
        ledger = operator.ledger
        assert ledger is not None
        ended: set[str] = {
            r.suffix for r in operator.seen.values() if r.finished and books.accounts_for(ledger, r.unit)
        }
        assert ended <= ledger.counted_runs, "an end is not counted"
        old = self.world.now - timedelta(seconds=2)
        stuck: list[Unit] = [u for u, f in operator.flights.items() if f.is_open and f.decided_time < old]
        assert stuck == [], "a launch stays open"
        if self.nonces and "nonce" in ledger.last_run_now:
            assert ledger.last_run_now == f"nonce {self.nonces}", "a run that was asked for did not come"


Replay.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestCrashReplay = pytest.mark.property(Replay.TestCase)
