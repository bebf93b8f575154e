"""The heart: one pure function for one task at one instant.

It is told what is known (`State`: the task, its account, its Jobs, the launches in flight, the time) and answers what
follows: the account and launches as they are now, and what to ask of the API server. It can be asked again at any
moment, and after every crash: what it decided stands in the cluster (a Job's name, the status) or is decided again
likewise.

The steps, in the order that the laws need: adopt what exists; follow an edit; give up what is too late; place what is
due; ask again what has no answer; close the account. Each takes a state and returns the next.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from torchtask.core import daemon, edits, launch, manual, placing
from torchtask.core import ledger as books
from torchtask.core.account import NEVER, Ledger
from torchtask.core.clearing import Clearing, EndPending, Prune, Remove, Stop, clearings
from torchtask.core.daemon import Plan
from torchtask.core.finished import is_over, with_finished
from torchtask.core.launch import LONGEST_PAUSE, RETRY, Attempt, Flights, Launch, LookUp
from torchtask.core.model import Run, Task
from torchtask.core.spec import Spec
from torchtask.core.state import State, Surroundings
from torchtask.core.units import Manual, Timed

UNSEEN = timedelta(seconds=10)  # after which a Job that the watch never showed is looked for: it may be gone already

Action = Launch | LookUp | Clearing

__all__ = ["Action", "Decision", "EndPending", "Launch", "LookUp", "Prune", "Remove", "Stop", "decide"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows.

    `next_time` is the next fire time; `wake_time` is when to ask again if nothing happens before. `over`: the task
    launches nothing any more, and nothing of it is active.
    """

    ledger: Ledger
    flights: Flights
    actions: tuple[Action, ...] = ()
    next_time: datetime | None = None
    wake_time: datetime | None = None
    over: bool = False


def decide(
    task: Task, ledger: Ledger | None, runs: Collection[Run], flights: Flights, now: datetime, around: Surroundings
) -> Decision:
    """Decide what happens to `task` at `now`; `ledger` is None for a task without a status."""
    spec = task.spec if isinstance(task.spec, Spec) else None
    digest = spec.digest if spec else ""
    if ledger is None:
        ledger = books.opened(task, digest, now)
    elif books.is_ahead(ledger, now):
        ledger = books.fallen_back(ledger, now)
    state = edits.adopted(edits.asked(State(task, ledger, runs, flights, now, around)))
    if task.deleting:
        return Decision(state.ledger, state.flights)
    state, settled = edits.followed(state, digest)
    state = replace(state, flights=launch.retried(state.flights, now))
    plan = Plan()
    if spec is not None:
        state = placing.doubted(_counted(state, spec), spec)
        if settled and not launch.is_unanswered(state.flights, now):
            state, plan = _planned(state, spec)
    waiting, asking = launch.ask_again(state.flights, now)
    wanted = [u for u, f in waiting.items() if f.attempt is Attempt.WANTED]
    starting = [u for u in wanted if u not in flights or flights[u].attempt is not Attempt.WANTED]
    state = replace(state, flights=waiting, ledger=books.with_repeated(state.ledger, asking))
    state = _closed(state, spec)
    next_time = _next_time(state, spec)
    over = spec is not None and _is_over(state, spec)
    due = clearings(state, spec, plan.stops, over=over) if spec else {}
    actions = (*map(Launch, starting), *asking, *(c for c, time in due.items() if time <= now))
    expiries = placing.expiry_times(state, spec) if spec else ()
    times = _wake_times(state, spec, next_time, (*plan.wake_times, *due.values(), *expiries))
    return Decision(state.ledger, state.flights, actions, next_time, min(times, default=None), over)


def _counted(state: State, spec: Spec) -> State:
    """Follow the template, and let whoever depends on it know how runs ended, before anything is planned."""
    ledger = books.relaunched(state.ledger, daemon.revision(state.task, spec))
    if spec.daemon is not None or spec.breaker is not None:
        ledger = with_finished(ledger, state.runs, spec.daemon)
    return state if ledger is state.ledger else replace(state, ledger=ledger)


def _planned(state: State, spec: Spec) -> tuple[State, Plan]:
    """Decide what is launched, for a daemon also what is stopped."""
    plan = Plan()
    if spec.daemon is not None:
        plan = daemon.plan(state, spec, spec.daemon)
        state = state.without(plan.forgotten).starting(plan.launches)
        state = replace(state, ledger=replace(state.ledger, decided_time=max(state.ledger.decided_time, state.now)))
    elif not state.is_blind(spec):
        # What a user asks for comes before what waits: a queue that is never empty would leave it no room.
        state = placing.placed(manual.placed(placing.given_up(state, spec), spec), spec)
    return state, plan


def _closed(state: State, spec: Spec | None) -> State:
    """Close the account as far as it goes, and see that its sums hold."""
    flights = state.flights
    open_times = [u.fire_time for u, f in flights.items() if f.is_open and isinstance(u, Timed)]
    ledger = with_finished(books.closed(state.ledger, open_times), state.runs, spec.daemon if spec else None)
    if ledger.repeated:
        ledger = replace(ledger, repeated=ledger.repeated & {*flights, *(r.unit for r in state.runs)})
    if ledger.slots:
        ledger = replace(ledger, slots=daemon.slots_in_use(state, spec))
    active = [r.unit for r in state.runs if not is_over(ledger, r)]
    active += [u for u, f in flights.items() if not f.is_open]
    asked = sum(1 for r in state.runs if isinstance(r.unit, Manual))
    ledger = books.balanced(ledger, sum(1 for u in active if books.accounts_for(ledger, u)), asked)
    if spec is not None:
        ledger = books.with_following(ledger, spec.schedule)
    return state if ledger is state.ledger else replace(state, ledger=ledger)


def _next_time(state: State, spec: Spec | None) -> datetime | None:
    """Find the next fire time to be launched: also one that came already and waits for its jitter."""
    following = state.ledger.following
    if spec is None or spec.suspend or following is None or following == NEVER:
        return None
    while following is not None and spec.launch_time(following) <= state.now:
        following = spec.schedule.after(max(state.now, following))
    return following


def _is_over(state: State, spec: Spec) -> bool:
    """Tell whether nothing will be launched any more; a suspended `at` is over when its moment has passed."""
    if state.task.problem is not None or state.flights or state.ledger.queued or state.ledger.open_key:
        return False
    if spec.daemon is not None:
        return daemon.is_over(state, spec, spec.daemon)
    if state.ledger.following != NEVER or (spec.suspend and not spec.is_once):
        return False
    return all(is_over(state.ledger, r) for r in state.runs)


def _wake_times(
    state: State, spec: Spec | None, next_time: datetime | None, others: Iterable[datetime]
) -> list[datetime]:
    """Say when to look again: later than now, always, or whoever asks would turn in circles."""
    now = state.now
    times = [time for time in others if time > now]
    open_flights = (f for f in state.flights.values() if f.is_open and not f.asking)
    times += [
        min(max(f.retry_time, now + RETRY), now + LONGEST_PAUSE)
        for f in open_flights
        if f.attempt is not Attempt.WANTED
    ]
    if any(not f.is_open for f in state.flights.values()):
        times.append(now + UNSEEN)
    if spec is not None and state.is_blind(spec):
        times.append(now + RETRY)
    if spec is not None and next_time is not None:
        times.append(spec.launch_time(next_time))
    at = spec.schedule.when.at if spec is not None and spec.suspend else None
    if at is not None and at > now:  # to say that it passed
        times.append(at)
    return times
