"""Crash replay for daemons: the instances against a model cluster that loses answers, lags behind, and forgets.

As in `test_crash_replay` Hypothesis takes the steps in any order, and what must hold stands in the invariants. What a
daemon is for is checked at the end: once all is answered and time has passed, every slot that is wanted is filled.
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
from torchtask.core.daemon import SlotState
from torchtask.core.launch import Launch
from torchtask.core.model import Phase
from torchtask.core.spec import Spec
from torchtask.core.units import Instance, Unit
from torchtask.core.wire import ledgers

DONE = (SlotState.FATAL, SlotState.COMPLETED, SlotState.STOPPED)


class Replay(Replaying):
    """One daemon, its cluster and its operators."""

    @initialize(
        copies=st.integers(1, 3),
        options=st.fixed_dictionaries(
            {"restartDelaySeconds": st.sampled_from([0, 1, 3]), "startRetries": st.sampled_from([0, 1, 3])},
            optional={"restartPolicy": st.just("OnFailure")},
        ),
        history=st.integers(0, 2),
    )
    def begin(self, copies: int, options: dict[str, Any], history: int) -> None:
        """Create the task."""
        limits = {"successfulJobsHistoryLimit": history, "failedJobsHistoryLimit": history}
        self.world = World({"daemon": options, "maxInstances": copies, **limits})
        self.copies = copies
        self.edits = 0
        self.counted_before: Counter[str] = Counter()
        self.reborn: set[Unit] = set()

    @rule(suspend=st.booleans())
    def suspend(self, suspend: bool) -> None:  # noqa: FBT001 -- a strategy's value
        """Suspend or resume."""
        if bool(self.world.fields.get("suspend")) != suspend:
            self.world.edit(suspend=suspend)

    @rule()
    def edit_template(self) -> None:
        """Let other containers run."""
        self.edits += 1
        self.world.edit(container={"image": f"busybox:{self.edits}"})

    @rule(priority=st.sampled_from([0, "high"]))
    def break_or_repair(self, priority: Any) -> None:
        """Write a spec that cannot be understood, or mend it."""
        if self.world.fields.get("priority", 0) != priority:
            self.world.edit(priority=priority)

    @rule()
    def restart(self) -> None:
        """Ask for other instances."""
        self.edits += 1
        self.world.annotate(restart=f"nonce {self.edits}")

    @rule(data=st.data())
    def delete_by_hand(self, data: st.DataObject) -> None:
        """Delete a Job that is accounted for, together with its Pods."""
        held = ledgers.ledger(self.world.status)
        units = [] if held is None else [u for u in self.world.jobs if books.launch_is_published(held, u)]
        if units:
            unit = data.draw(st.sampled_from(sorted(units, key=str)))
            self.note_copies(unit)
            del self.world.jobs[unit]
            self.world.version += 1

    def act(self, operator: Operator) -> None:
        """Let an operator decide; refuse launches that are held, or of a task that does not want any."""
        decision = self.world.decide(operator)
        spec = self.world.task.spec
        for unit in self.world.send(operator, decision):
            assert isinstance(unit, Instance), "a daemon launches instances only"
            assert 0 <= unit.slot < self.copies, "no slot"
            assert not self.world.held, "launched while held"
            assert isinstance(spec, Spec), "launched from a spec that says nothing"
            assert not spec.suspend, "launched while suspended"

    @precondition(lambda self: self.world.active())
    @rule(data=st.data(), phase=st.sampled_from([Phase.SUCCEEDED, Phase.FAILED]), ran=st.sampled_from([0, 5]))
    def finish(self, data: st.DataObject, phase: Phase, ran: int) -> None:
        """End an instance, before it was up or later."""
        units = sorted((r.unit for r in self.world.active()), key=str)
        self.world.finish(data.draw(st.sampled_from(units)), phase, timedelta(seconds=ran))

    @precondition(lambda self: any(r.deleting for r in self.world.jobs.values()))
    @rule()
    def let_go(self) -> None:
        """End the foreground deletions."""
        for unit in [u for u, r in self.world.jobs.items() if r.deleting]:
            self.note_copies(unit)
        self.world.let_go()

    def note_copies(self, unit: Unit) -> None:
        """Remember that a copy of the launch of `unit`, whose Job goes, may make it once more: it is stopped too."""
        world = self.world
        flights = [o.flights.get(unit) for o in (world.operator, world.ghost) if o]
        if any(r.action == Launch(unit) for r in world.requests) or any(f and f.is_sent for f in flights):
            self.reborn.add(unit)

    # --- what must hold

    @invariant()
    def one_job_for_a_unit(self) -> None:
        """Attempts are never used again, whatever was forgotten."""
        assert [u for u, n in self.world.created.items() if n > 1 and u not in self.reborn] == []

    @invariant()
    def slots_hold_one(self) -> None:
        """While one operator lives, no slot has two active Jobs, and no slot is there beyond `maxInstances`."""
        if self.world.lives == 1:
            active = Counter(r.unit.slot for r in self.world.active() if isinstance(r.unit, Instance))
            assert max(active.values(), default=0) <= 1
            assert len(active) <= self.copies

    @invariant()
    def no_count_falls(self) -> None:
        """Nor is any below 0; every start is due and launched, but for what an edit overtook."""
        ledger = self.world.operator.ledger
        if ledger is None:
            return
        counts = ledger.counts
        now = Counter(launched=counts.launched, skipped=counts.skipped, failed=counts.failed, stopped=counts.stopped)
        assert min(now.values()) >= 0
        assert counts.missed == counts.manual == 0
        if self.world.lives == 1:
            assert all(now[k] >= self.counted_before[k] for k in now), "a count fell"
            self.counted_before = now

    def teardown(self) -> None:
        """Let everything be answered and seen, and time pass: then every slot is as it is wanted."""
        if not hasattr(self, "world"):
            return
        world = self.world
        world.held, world.caps_full, world.ghost = False, False, None
        self.break_or_repair(0)
        for seconds in (61, *[2] * 24):
            while world.requests:
                world.pass_on(world.requests.pop(0), answered=True)
            self.let_go()
            self.watch()
            self.explain()
            self.turn()
            self.write()
            world.now += timedelta(seconds=seconds)
        self.slots_are_as_wanted()
        self.books_are_true()

    def slots_are_as_wanted(self) -> None:
        """Each has one active Job of the current template, or is done with and has none."""
        world = self.world
        found = world.slots(world.operator)
        stuck = SlotState.FATAL in [state for _, state in found]  # then nobody else is replaced
        for slot, state in found:
            active = [r for r in world.active() if isinstance(r.unit, Instance) and r.unit.slot == slot.number]
            assert len(active) == (state not in DONE), (slot, state)
            assert stuck or {r.template for r in active} <= {world.template()}, "not replaced"
            assert (state is SlotState.STOPPED) <= bool(world.fields.get("suspend"))
        if not world.fields.get("suspend"):
            assert len(found) == self.copies

    def books_are_true(self) -> None:
        """Every Job that was created is launched, and every end that can be seen is counted."""
        ledger = self.world.operator.ledger
        assert ledger is not None
        assert {r.suffix for r in self.world.jobs.values() if r.finished} <= ledger.counted_runs, (
            "an end is not counted"
        )
        counts, active = ledger.counts, len(self.world.active())
        assert counts.launched == counts.succeeded + counts.failed + counts.stopped + active, "L12"
        created = self.world.created
        assert len(created) <= counts.launched <= sum(created.values())


Replay.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestDaemonReplay = pytest.mark.property(Replay.TestCase)
