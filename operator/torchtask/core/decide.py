"""The heart: one pure function for one task at one instant.

It is told what is known (the task, its ledger, its Jobs, the launches in flight, the time) and answers what follows:
the ledger and launches as they are now, and what to ask of the API server. It can be asked again at any moment, and
after every crash: what it decided stands in the cluster (a Job's name, the status) or is decided again likewise.

The steps, in the order that the laws need: adopt what exists; follow an edit; place what is due; ask again what has no
answer; close the account.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from torchtask.core import ledger as books
from torchtask.core.due import due, reach
from torchtask.core.errors import SpecReason
from torchtask.core.history import expired
from torchtask.core.launch import RETRY, Attempt, Flights, InFlight
from torchtask.core.model import Ledger, Outcome, Reason, Result, Run, Spec, Task
from torchtask.core.overlap import place

PATIENCE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Launch:
    """Create the Job of `fire_time`; also when that was asked before and not answered."""

    fire_time: datetime


@dataclass(frozen=True, slots=True)
class LookUp:
    """Read the Job that has the name of `fire_time`, and tell whose it is."""

    fire_time: datetime


@dataclass(frozen=True, slots=True)
class Prune:
    """Delete a finished run's Job."""

    run: Run


Action = Launch | LookUp | Prune


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows.

    `next_time` is the next fire time; `wake_time` is when to ask again if nothing happens before. `over`: no fire time
    is left, and nothing is active any more.
    """

    ledger: Ledger
    flights: Flights
    actions: tuple[Action, ...] = ()
    next_time: datetime | None = None
    wake_time: datetime | None = None
    over: bool = False


def decide(
    task: Task, ledger: Ledger | None, runs: Collection[Run], flights: Flights, now: datetime, taken_over: datetime
) -> Decision:
    """Decide what happens to `task` at `now`.

    `ledger` is None for a task without a status; `taken_over` is when this operator began to look.
    """
    spec = task.spec if isinstance(task.spec, Spec) else None
    digest = spec.digest if spec else ""
    if ledger is None or books.is_ahead(ledger, now):
        ledger = books.opened(task, digest, now)
    ledger, flights = _adopt(ledger, runs, flights)
    if task.deleting:
        return Decision(ledger, flights)
    edited = ledger.digest != digest or task.generation > ledger.generation + 1
    if edited or task.problem:
        ledger, flights = _drop_unsent(ledger, flights, _why_dropped(task))
    if not edited:
        ledger = replace(ledger, generation=task.generation)
    elif not any(f.is_open for f in flights.values()):
        ledger = books.restarted(ledger, digest, task.generation, now)
        edited = False
    starting: tuple[datetime, ...] = ()
    if not edited and not _is_impatient(flights, now):
        ledger, flights, starting = _place_due(task, ledger, runs, flights, now)
    flights, asking = _ask_again(flights, now, looking=edited or task.problem is not None)
    repeated = ledger.repeated.union(a.fire_time for a in asking if isinstance(a, Launch))
    ledger = _close(replace(ledger, repeated=repeated), runs, flights)
    pruning = _prune(spec, ledger, runs, taken_over)
    actions = (*(Launch(t) for t in starting), *asking, *(p for p, time in pruning.items() if time <= now))
    next_time = _next_time(spec, ledger, now) if spec and not spec.suspend else None
    fires_no_more = spec is not None and not spec.suspend and next_time is None and task.problem is None
    over = fires_no_more and not flights and all(r.finished for r in runs)
    return Decision(ledger, flights, actions, next_time, _wake_time(spec, next_time, flights, pruning, now), over)


def _adopt(ledger: Ledger, runs: Collection[Run], flights: Flights) -> tuple[Ledger, Flights]:
    """Launched is what has a Job, whoever created it and whether or not its answer came (L10)."""
    seen = {r.fire_time for r in runs}
    noted = {o.fire_time for o in ledger.pending if o.result is Result.LAUNCHED}
    found = {t for t, f in flights.items() if f.is_open and t in seen}
    found |= {t for t in seen if t > ledger.decided_time} - noted
    remaining = {t: f for t, f in flights.items() if t not in seen}
    return books.noted(ledger, (Outcome(Result.LAUNCHED, t) for t in sorted(found))), remaining


def _why_dropped(task: Task) -> Reason | SpecReason:
    if task.problem is not None:
        return task.problem.reason
    return Reason.SUSPENDED if isinstance(task.spec, Spec) and task.spec.suspend else Reason.SPEC_CHANGED


def _drop_unsent(ledger: Ledger, flights: Flights, reason: Reason | SpecReason) -> tuple[Ledger, Flights]:
    """Skip the launches that were refused and wait: the spec that they were for is no more (L9)."""
    unsent = [t for t, f in flights.items() if f.attempt is Attempt.REFUSED and not f.asking]
    dropped = books.noted(ledger, (Outcome(Result.SKIPPED, t, reason) for t in unsent))
    return dropped, {t: f for t, f in flights.items() if t not in unsent}


def _is_impatient(flights: Flights, now: datetime) -> bool:
    """While a launch has had no answer for PATIENCE, the task decides nothing more (L7)."""
    return any(
        f.attempt in (Attempt.SENT, Attempt.COLLIDED) and now - f.decided_time >= PATIENCE for f in flights.values()
    )


def _place_due(
    task: Task, ledger: Ledger, runs: Collection[Run], flights: Flights, now: datetime
) -> tuple[Ledger, Flights, tuple[datetime, ...]]:
    """Give every fire time since the last decision its outcome, or a launch."""
    spec, decided = task.spec, ledger.decided_time
    until = reach(spec, now) if isinstance(spec, Spec) else now
    ledger = replace(ledger, decided_time=max(decided, until))
    if not isinstance(spec, Spec) or spec.suspend or until <= decided:
        return ledger, flights, ()
    if task.template_error is not None:
        return books.noted(ledger, _skip_all(spec, decided, until, task.template_error)), flights, ()
    found = due(spec, decided, now, {r.fire_time for r in runs if r.fire_time > decided})
    waiting, ledger, flights = _refused(spec, ledger, flights, now)
    active = sum(1 for r in runs if not r.finished) + sum(1 for f in flights.values() if f.is_active)
    placed = place((*waiting, *found.times), active, spec.max_instances)
    outcomes = (*placed.skipped, *((found.missed,) if found.missed else ()))
    launched = {t: InFlight(t, decided_time=now, retry_time=now) for t in placed.starting}
    ledger = books.noted(replace(ledger, last_outage=found.outage or ledger.last_outage), outcomes)
    return ledger, {**flights, **launched}, placed.starting


def _skip_all(spec: Spec, after: datetime, until: datetime, message: str) -> tuple[Outcome, ...]:
    """A task that is not ready fires nothing, and says so for each fire time (L9)."""
    last = spec.schedule.latest(until)
    if last is None or last <= after:
        return ()
    number = spec.schedule.count(after, until)
    return (Outcome(Result.SKIPPED, last, SpecReason.TEMPLATE_INVALID, count=number, message=message),)


def _refused(
    spec: Spec, ledger: Ledger, flights: Flights, now: datetime
) -> tuple[tuple[datetime, ...], Ledger, Flights]:
    """Take back the refused launches that waited long enough: to be placed again, or missed if the next is due (L6)."""
    again, missed = [], []
    for time, flight in sorted(flights.items()):
        if flight.attempt is not Attempt.REFUSED or flight.asking:
            continue
        following = spec.schedule.after(time)
        if following is not None and following <= now:
            missed.append(Outcome(Result.MISSED, time, Reason.REFUSED, message=flight.message))
        elif flight.retry_time <= now:
            again.append(time)
    taken = {*again, *(o.fire_time for o in missed)}
    return tuple(again), books.noted(ledger, missed), {t: f for t, f in flights.items() if t not in taken}


def _ask_again(flights: Flights, now: datetime, *, looking: bool) -> tuple[Flights, tuple[Action, ...]]:
    """Repeat what has no answer (L7); `looking`: the launch is no longer wanted, so only find out what became of it."""
    actions: list[Action] = []
    asked = dict(flights)
    for time, flight in flights.items():
        if flight.asking or flight.retry_time > now or flight.attempt not in (Attempt.SENT, Attempt.COLLIDED):
            continue
        look = looking or flight.attempt is Attempt.COLLIDED
        actions.append(LookUp(time) if look else Launch(time))
        asked[time] = replace(flight, asking=True)
    return asked, tuple(actions)


def _close(ledger: Ledger, runs: Collection[Run], flights: Flights) -> Ledger:
    ledger = books.closed(ledger, [t for t, f in flights.items() if f.is_open])
    ledger = books.with_finished(ledger, runs)
    if ledger.repeated:
        ledger = replace(ledger, repeated=ledger.repeated & {*flights, *(r.fire_time for r in runs)})
    active = [r.fire_time for r in runs if not r.finished] + [t for t, f in flights.items() if not f.is_open]
    return books.balanced(ledger, sum(1 for t in active if t <= ledger.accounted_time))


def _prune(spec: Spec | None, ledger: Ledger, runs: Collection[Run], taken_over: datetime) -> Mapping[Prune, datetime]:
    """Name the runs beyond the history limits, and from when on each may be deleted (L11)."""
    if spec is None:
        return {}
    beyond = expired(runs, ledger.published_runs, spec.successful_history, spec.failed_history)
    return {Prune(r): books.certain_time(ledger, r, taken_over) for r in beyond}


def _next_time(spec: Spec, ledger: Ledger, now: datetime) -> datetime | None:
    """Find the next fire time to be launched: also one that came already and waits for its jitter."""
    following = spec.schedule.after(ledger.decided_time)
    while following is not None and spec.launch_time(following) <= now:
        following = spec.schedule.after(max(now, following))
    return following


def _wake_time(
    spec: Spec | None,
    next_time: datetime | None,
    flights: Flights,
    pruning: Mapping[Prune, datetime],
    now: datetime,
) -> datetime | None:
    """Say when to look again: later than now, always, or whoever asks would turn in circles."""
    launch_time = spec.launch_time(next_time) if spec and next_time else None
    retries = (max(f.retry_time, now + RETRY) for f in flights.values() if f.is_open and not f.asking)
    prunings = (time for time in pruning.values() if time > now)
    return min(filter(None, (launch_time, *retries, *prunings)), default=None)
