"""Crash replay: the decisions against a model cluster that loses answers, lags behind, and forgets the operator.

The machine below is the whole world of one task: the API server with its Jobs, what the operator has seen of them
(which may be old), the requests under way, and a clock. Hypothesis takes the steps in any order. What must hold after
each of them stands in the invariants; they read the model cluster, never what the operator says of itself, but for its
sums.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.scenario import at, document
from torchtask.core import launch
from torchtask.core import ledger as books
from torchtask.core.account import Ledger
from torchtask.core.decide import Prune, Stop, decide
from torchtask.core.launch import Answer, InFlight, Launch, LookUp
from torchtask.core.model import Json, Phase, Run, Spec, Task
from torchtask.core.names import run_name
from torchtask.core.status import render_status
from torchtask.core.wire import ledgers, tasks

LONGEST_LIFE = timedelta(seconds=50)  # of a request; the laws allow for 60
SCHEDULES = ("* * * * * *", "*/2 * * * * *", "*/10 * * * * *", "3,4,30 * * * * *")


@dataclass(frozen=True)
class Request:
    """Something asked of the API server, by the operator of a certain life."""

    action: Launch | LookUp | Prune | Stop
    life: int
    sent_time: datetime


class World(RuleBasedStateMachine):
    """One task, its cluster and its operator."""

    @initialize(
        schedule=st.sampled_from(SCHEDULES),
        limit=st.sampled_from([1, 2, None]),
        policy=st.sampled_from(["Forbid", "Queue", "Replace"]),
        fields=st.fixed_dictionaries(
            {"successfulJobsHistoryLimit": st.integers(min_value=0, max_value=2)},
            optional={
                "jitterSeconds": st.just(5),
                "startingDeadlineSeconds": st.sampled_from([3, 20]),
                "catchUp": st.sampled_from(["None", "Latest", "All"]),
            },
        ),
    )
    def begin(self, schedule: str, limit: int | None, policy: str, fields: dict[str, Any]) -> None:
        """Create the task."""
        self.now = at("12:00:00")
        overlap = (
            {"concurrencyPolicy": "Allow"} if limit is None else {"concurrencyPolicy": policy, "maxInstances": limit}
        )
        self.fields: dict[str, Any] = {"schedule": schedule, **fields, **overlap}
        if self.fields.get("catchUp") == "All" and self.fields["concurrencyPolicy"] != "Queue":
            del self.fields["catchUp"]
        self.limit, self.generation, self.life, self.taken_over = limit, 1, 0, self.now
        self.suspensions: list[tuple[datetime, bool]] = [(self.now, False)]
        self.jobs: dict[datetime, Run] = {}
        self.seen: dict[datetime, Run] = {}
        self.created: Counter[datetime] = Counter()
        self.version = self.seen_version = 1
        self.requests: list[Request] = []
        self.latecomers = 0
        self.status: Json | None = None
        self.counted_before: Counter[str] = Counter()
        self.task = self.read()
        self.ledger: Ledger | None = None
        self.flights: dict[datetime, InFlight] = {}

    def read(self) -> Task:
        """Read the task as the server has it."""
        return replace(tasks.task(document(created="12:00:00", **self.fields), self.now), generation=self.generation)

    # --- time and the user

    @rule(seconds=st.sampled_from([0.3, 1, 1, 2, 4, 11, 60]))
    def pass_time(self, seconds: float) -> None:
        """Let time pass; nobody decides meanwhile."""
        self.now += timedelta(seconds=seconds)

    @rule(suspend=st.booleans())
    def edit(self, suspend: bool) -> None:  # noqa: FBT001 -- a strategy's value
        """Suspend or resume; seen at once."""
        if bool(self.fields.get("suspend")) != suspend:
            self.fields["suspend"] = suspend
            self.generation += 1
            self.suspensions.append((self.now, suspend))
            self.task = self.read()
            self.turn()

    # --- the operator

    @rule()
    def turn(self) -> None:
        """Decide, and send what is asked for."""
        flights = launch.unseen(self.flights, self.seen_version)
        decision = decide(self.task, self.ledger, tuple(self.seen.values()), flights, self.now, self.taken_over)
        self.ledger, self.flights = decision.ledger, dict(decision.flights)
        for action in decision.actions:
            self.requests.append(Request(action, self.life, self.now))
            if isinstance(action, Launch):
                self.check_launch(action.fire_time)
        assert decision.wake_time is None or decision.wake_time > self.now, "turning in circles"
        again = decide(self.task, self.ledger, tuple(self.seen.values()), self.flights, self.now, self.taken_over)
        assert [a for a in again.actions if not isinstance(a, Prune | Stop)] == [], "decided twice, asked twice"
        assert again.ledger == decision.ledger

    def check_launch(self, fire_time: datetime) -> None:
        """Refuse launches that are early, unnamed, or of a suspended task."""
        assert isinstance(self.task.spec, Spec)
        assert fire_time <= self.task.spec.launch_time(fire_time) <= self.now, "early"
        assert self.task.spec.schedule.latest(fire_time) == fire_time, "no fire time"
        assert not self.task.spec.suspend, "launched while suspended"
        assert not [t for t, _ in self.suspensions[1:] if t >= fire_time], "fired from before an edit"

    @rule()
    def write(self) -> None:
        """Write the status; only what the server holds survives a crash."""
        if self.ledger is not None:
            self.status = render_status(self.task, self.ledger, 0, None, (), None)
            self.ledger = books.published(self.ledger, self.ledger)

    @rule()
    def crash(self) -> None:
        """Forget everything that is not in the cluster; a new operator lists it, then looks."""
        self.life, self.taken_over = self.life + 1, self.now
        self.flights = {}
        self.ledger = ledgers.ledger(self.status)
        self.seen, self.seen_version = dict(self.jobs), self.version

    # --- the cluster

    @precondition(lambda self: self.requests)
    @rule(data=st.data(), answered=st.booleans())
    def serve(self, data: st.DataObject, answered: bool) -> None:  # noqa: FBT001 -- a strategy's value
        """Act on any request under way, in any order; its answer may be lost."""
        self.pass_on(self.requests.pop(data.draw(st.integers(0, len(self.requests) - 1))), answered=answered)

    def pass_on(self, request: Request, *, answered: bool) -> None:
        """Let the server act on a request, unless it is older than any request gets."""
        answer = self.act(request.action) if self.now - request.sent_time < LONGEST_LIFE else Answer.UNKNOWN
        if request.life != self.life:
            self.latecomers += answer is Answer.CREATED
        elif answer is not None:
            self.hear(request.action, answer if answered else Answer.UNKNOWN)

    @precondition(lambda self: self.requests)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        """Lose a request before the server sees it."""
        request = self.requests.pop(data.draw(st.integers(0, len(self.requests) - 1)))
        if request.life == self.life:
            self.hear(request.action, Answer.UNKNOWN)

    def act(self, action: Launch | LookUp | Prune | Stop) -> Answer | None:
        """Do as the API server does."""
        if isinstance(action, Prune):
            if self.jobs.pop(action.run.fire_time, None):
                self.version += 1
            return None
        if isinstance(action, Stop):
            time = action.run.fire_time
            if time in self.jobs and self.jobs[time].uid == action.run.uid:
                self.jobs[time] = replace(self.jobs[time], deleting=True)
                self.version += 1
            return None
        if isinstance(action, LookUp):
            return Answer.OURS if action.fire_time in self.jobs else Answer.ABSENT
        if action.fire_time in self.jobs:
            return Answer.EXISTS
        self.version += 1
        self.created[action.fire_time] += 1
        name = run_name(self.task.name, self.task.uid, action.fire_time)
        uid = f"{name}-{self.version}"
        self.jobs[action.fire_time] = Run(name, uid, action.fire_time, Phase.ACTIVE, creation_time=self.now)
        return Answer.CREATED

    def hear(self, action: Launch | LookUp | Prune | Stop, answer: Answer) -> None:
        """Give the operator an answer."""
        flight = None if isinstance(action, Prune | Stop) else self.flights.pop(action.fire_time, None)
        if flight is None:
            return
        after, outcome = launch.settle(flight, answer, self.now, version=self.version)
        if after is not None:
            self.flights[flight.fire_time] = after
        if outcome is not None:
            assert self.ledger is not None
            self.ledger = books.noted(self.ledger, (outcome,))

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), phase=st.sampled_from([Phase.SUCCEEDED, Phase.FAILED]))
    def finish(self, data: st.DataObject, phase: Phase) -> None:
        """End a run."""
        active = sorted(t for t, r in self.jobs.items() if not r.finished)
        if active:
            time = data.draw(st.sampled_from(active))
            unexplained = phase is Phase.FAILED
            self.jobs[time] = replace(self.jobs[time], phase=phase, completion_time=self.now, unexplained=unexplained)
            self.version += 1

    @precondition(lambda self: any(r.deleting for r in self.jobs.values()))
    @rule()
    def let_go(self) -> None:
        """End the foreground deletions: the Pods are gone."""
        self.jobs = {t: r for t, r in self.jobs.items() if not r.deleting}
        self.version += 1

    @rule()
    def watch(self) -> None:
        """Catch up with the cluster; what was learned from Pods stays known."""
        known = {r.uid for r in self.seen.values() if r.finished and not r.unexplained}
        self.seen, self.seen_version = dict(self.jobs), self.version
        self.seen = {t: replace(r, unexplained=r.unexplained and r.uid not in known) for t, r in self.seen.items()}

    @rule()
    def explain(self) -> None:
        """Answer every inquiry about Pods."""
        self.seen = {t: replace(r, unexplained=False) for t, r in self.seen.items()}

    # --- what must hold

    @invariant()
    def one_job_for_a_fire_time(self) -> None:
        """Promise 1, pruned Jobs included."""
        assert [t for t, n in self.created.items() if n > 1] == []

    @invariant()
    def limit_holds(self) -> None:
        """Promise 5: counting requests that may still be acted on is the operator's business, not the cluster's."""
        active = sum(1 for r in self.jobs.values() if not r.finished)
        if self.limit is not None and self.life == 0:
            assert active <= self.limit

    @invariant()
    def the_books_balance(self) -> None:
        """Both sums of L12, and every fire time up to `accountedTime` in exactly one count (promise 2)."""
        if self.ledger is None or not isinstance(self.task.spec, Spec):
            return
        counts = self.ledger.counts
        assert min(counts.launched, counts.skipped, counts.missed, counts.stopped) >= 0
        if len(self.suspensions) == 1 and not counts.stopped and counts.since == self.task.creation_time:
            named = self.task.spec.schedule.count(counts.since, self.ledger.accounted_time)
            due = counts.due + len(books.waiting(self.ledger))
            assert named <= due <= named + self.latecomers, "LateAccepted adds what turned up too late"
        if self.life == 0:
            now = Counter(launched=counts.launched, skipped=counts.skipped, missed=counts.missed, failed=counts.failed)
            assert all(now[k] >= self.counted_before[k] for k in now), "a count fell"
            self.counted_before = now

    def teardown(self) -> None:
        """Let everything be answered and seen: then nothing may be open, and the launches are the Jobs created."""
        if not hasattr(self, "now"):
            return
        for _ in range(12):
            while self.requests:
                self.pass_on(self.requests.pop(0), answered=True)
            self.let_go()
            self.watch()
            self.explain()
            self.now += timedelta(seconds=1)
            self.turn()
        assert self.ledger is not None
        ended = {r.suffix for r in self.seen.values() if r.finished and r.fire_time <= self.ledger.accounted_time}
        assert ended <= self.ledger.counted_runs, "an end is not counted"
        accepted = [
            t for t, f in self.flights.items() if f.is_open and f.decided_time < self.now - timedelta(seconds=2)
        ]
        assert accepted == [], "a launch stays open"


World.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestCrashReplay = pytest.mark.property(World.TestCase)
