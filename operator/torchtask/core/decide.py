"""The heart: one pure function for one task at one instant.

It is told what is known (the task, its ledger, its Jobs, the launches in flight, the time) and answers what follows:
the ledger and launches as they are now, and what to ask of the API server. It can be asked again at any moment, and
after every crash: what it decided stands in the cluster (a Job's name, the status) or is decided again likewise.

The steps, in the order that the laws need: adopt what exists; follow an edit; give up what is too late; place what is
due; ask again what has no answer; close the account.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from torchtask.core import launch
from torchtask.core import ledger as books
from torchtask.core.account import Ledger, Outcome, Result
from torchtask.core.due import Due, due, reach
from torchtask.core.errors import SpecReason
from torchtask.core.history import expired
from torchtask.core.launch import RETRY, Attempt, Flights, InFlight, Launch, LookUp
from torchtask.core.model import ConcurrencyPolicy, Reason, Run, Spec, Task
from torchtask.core.overlap import in_the_way, place


@dataclass(frozen=True, slots=True)
class Prune:
    """Delete a finished run's Job."""

    run: Run


@dataclass(frozen=True, slots=True)
class Stop:
    """Delete an active run's Job, and wait until its Pods are gone."""

    run: Run


Action = Launch | LookUp | Prune | Stop


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
    if ledger is None:
        ledger = books.opened(task, digest, now)
    elif books.is_ahead(ledger, now):
        ledger = books.fallen_back(ledger, now)
    ledger, flights = _adopt(ledger, runs, flights)
    if task.deleting:
        return Decision(ledger, flights)
    ledger, flights, settled = _follow_edit(task, digest, ledger, flights, now)
    starting: tuple[datetime, ...] = ()
    if settled and spec is not None and not launch.is_unanswered(flights, now):
        ledger, flights = _give_up(spec, ledger, flights, now)
        ledger, flights, starting = _place(task, spec, ledger, runs, flights, now)
    flights, asking = launch.ask_again(flights, now)
    ledger = _close(books.with_repeated(ledger, asking), runs, flights)
    deletions = _deletions(spec, ledger, runs, flights, taken_over)
    actions = (*map(Launch, starting), *asking, *(d for d, time in deletions.items() if time <= now))
    next_time = _next_time(spec, ledger, now) if spec and not spec.suspend else None
    return Decision(
        ledger,
        flights,
        actions,
        next_time,
        wake_time=_wake_time(spec, next_time, flights, deletions.values(), now),
        over=_is_over(task, ledger, runs, flights, next_time),
    )


def _adopt(ledger: Ledger, runs: Collection[Run], flights: Flights) -> tuple[Ledger, Flights]:
    """Launched is what has a Job, whoever created it and whether or not its answer came (L10)."""
    seen = {r.fire_time for r in runs}
    noted = {o.fire_time for o in ledger.pending if o.result is Result.LAUNCHED}
    found = {t for t, f in flights.items() if f.is_open and t in seen} | seen.intersection(ledger.queued)
    found |= {t for t in seen if t > ledger.decided_time} - noted
    remaining = {t: f for t, f in flights.items() if t not in seen}
    return books.noted(ledger, (Outcome(Result.LAUNCHED, t) for t in sorted(found))), remaining


def _follow_edit(
    task: Task, digest: str, ledger: Ledger, flights: Flights, now: datetime
) -> tuple[Ledger, Flights, bool]:
    """Start a new account when the spec says otherwise than the ledger's, once all that was sent is answered (L9).

    Also tells whether the account fits the spec: only then is anything placed.
    """
    edited = ledger.digest != digest or task.generation > ledger.generation + 1
    problem = task.problem
    if edited or problem is not None:
        suspended = isinstance(task.spec, Spec) and task.spec.suspend
        reason = problem.reason if problem else Reason.SUSPENDED if suspended else Reason.SPEC_CHANGED
        dropped = {*launch.unsent(flights), *(t for t in ledger.queued if t not in flights)}
        ledger = books.noted(ledger, (Outcome(Result.SKIPPED, t, reason) for t in sorted(dropped)))
        flights = {t: f for t, f in flights.items() if t not in dropped}
        flights = launch.lost(flights, flights.keys(), reason)
    if not edited:
        fits = ledger.generation == task.generation
        return ledger if fits else replace(ledger, generation=task.generation), flights, True
    if any(f.is_open for f in flights.values()):
        return ledger, flights, False
    return books.restarted(ledger, digest, task.generation, now), flights, True


def _give_up(spec: Spec, ledger: Ledger, flights: Flights, now: datetime) -> tuple[Ledger, Flights]:
    """Miss what waited past its deadline (L4), and what was refused until the next fire time came (L6)."""
    waiting = [t for t in ledger.queued if t not in flights]
    refused = launch.unsent(flights)
    reasons = {t: Reason.DEADLINE for t in (*waiting, *refused) if spec.too_late(t, now)}
    for time in refused:
        following = spec.schedule.after(time)
        if time not in ledger.queued and following is not None and following <= now:
            reasons.setdefault(time, Reason.REFUSED)
    outcomes = (Outcome(Result.MISSED, t, r, message=_words(flights, t)) for t, r in sorted(reasons.items()))
    ledger = books.noted(ledger, outcomes)
    flights = {t: f for t, f in flights.items() if t not in reasons}
    late = [t for t, f in flights.items() if f.attempt is Attempt.SENT and spec.too_late(t, now)]
    return ledger, launch.lost(flights, late, Reason.DEADLINE) if late else flights


def _words(flights: Flights, time: datetime) -> str:
    return flights[time].message if time in flights else ""


def _place(
    task: Task, spec: Spec, ledger: Ledger, runs: Collection[Run], flights: Flights, now: datetime
) -> tuple[Ledger, Flights, tuple[datetime, ...]]:
    """Give every fire time since the last decision its outcome, a place in the queue, or a launch."""
    decided, until = ledger.decided_time, reach(spec, now)
    if spec.suspend:
        return books.decided(ledger, until), flights, ()
    if task.template_error is not None:
        skipped = _skip_all(spec, decided, until, task.template_error)
        return books.noted(books.decided(ledger, until), skipped), flights, ()
    found = due(spec, decided, now, {r.fire_time for r in runs if r.fire_time > decided}) if until > decided else Due()
    past = {t for t in found.times if spec.too_late(t, now)}
    missed = (*((found.missed,) if found.missed else ()), *(Outcome(Result.MISSED, t, Reason.DEADLINE) for t in past))
    refused = launch.unsent(flights)
    again = [t for t in refused if flights[t].retry_time <= now]
    flights = {t: f for t, f in flights.items() if t not in again}
    held = [t for t in ledger.queued if t in flights or t > now]  # being launched, or of a clock that went back
    waiting = [t for t in ledger.queued if t not in held]
    fresh = {*found.times, *(t for t in again if t not in ledger.queued)} - past
    placed = place(fresh, waiting, _taken(runs, flights), spec.overlap)
    queued = {*held, *placed.waiting, *(t for t in placed.starting if t in ledger.queued)}  # until it is answered
    late = found.times[: found.outage.started] if found.outage else ()  # some may have found no room
    outage = found.outage and replace(found.outage, started=sum(1 for t in late if t in placed.starting))
    ledger = books.noted(books.decided(ledger, until, outage), (*missed, *placed.skipped))
    ledger = books.with_queue(ledger, queued)
    launched = {t: InFlight(t, decided_time=now, retry_time=now) for t in placed.starting}
    return ledger, {**flights, **launched}, placed.starting


def _taken(runs: Collection[Run], flights: Flights) -> int:
    """Count the instances that are taken: by runs, and by launches whose Job may exist (L4)."""
    return sum(1 for r in runs if not r.finished) + sum(1 for f in flights.values() if f.may_exist)


def _skip_all(spec: Spec, after: datetime, until: datetime, message: str) -> tuple[Outcome, ...]:
    """A task that is not ready fires nothing, and says so for each fire time (L9)."""
    last = spec.schedule.latest(until)
    if last is None or last <= after:
        return ()
    number = spec.schedule.count(after, until)
    return (Outcome(Result.SKIPPED, last, SpecReason.TEMPLATE_INVALID, count=number, message=message),)


def _close(ledger: Ledger, runs: Collection[Run], flights: Flights) -> Ledger:
    ledger = books.closed(ledger, [t for t, f in flights.items() if f.is_open])
    ledger = books.with_finished(ledger, runs)
    if ledger.repeated:
        ledger = replace(ledger, repeated=ledger.repeated & {*flights, *(r.fire_time for r in runs)})
    active = [r.fire_time for r in runs if not books.is_over(ledger, r)]
    active += [t for t, f in flights.items() if not f.is_open]
    return books.balanced(ledger, sum(1 for t in active if t <= ledger.accounted_time and t not in ledger.queued))


def _deletions(
    spec: Spec | None, ledger: Ledger, runs: Collection[Run], flights: Flights, taken_over: datetime
) -> Mapping[Prune | Stop, datetime]:
    """Name the Jobs to delete, and from when on each may be (L11): history beyond its limits, a run to be replaced."""
    if spec is None or ledger.published is None:
        return {}
    is_once = spec.schedule.when.at is not None  # then the Job lives as long as the task
    limits = (spec.successful_history, spec.failed_history)
    beyond = () if is_once else expired(runs, ledger.published.counted_runs, *limits)
    deletions: dict[Prune | Stop, datetime] = {Prune(r): books.certain_time(ledger, r, taken_over) for r in beyond}
    if spec.overlap.policy is ConcurrencyPolicy.REPLACE and any(t not in flights for t in ledger.queued):
        blocking = in_the_way(runs, _taken(runs, flights), spec.overlap.limit)
        told = (r for r in blocking if ledger.published.counts_launch(r.fire_time))
        oldest = next(told, None)
        if oldest is not None:
            deletions[Stop(oldest)] = books.certain_time(ledger, oldest, taken_over)
    return deletions


def _next_time(spec: Spec, ledger: Ledger, now: datetime) -> datetime | None:
    """Find the next fire time to be launched: also one that came already and waits for its jitter."""
    following = spec.schedule.after(ledger.decided_time)
    while following is not None and spec.launch_time(following) <= now:
        following = spec.schedule.after(max(now, following))
    return following


def _is_over(task: Task, ledger: Ledger, runs: Collection[Run], flights: Flights, next_time: datetime | None) -> bool:
    spec = task.spec
    fires = not isinstance(spec, Spec) or spec.suspend or next_time is not None or task.problem is not None
    return not fires and not flights and not ledger.queued and all(books.is_over(ledger, r) for r in runs)


def _wake_time(
    spec: Spec | None,
    next_time: datetime | None,
    flights: Flights,
    deletions: Iterable[datetime],
    now: datetime,
) -> datetime | None:
    """Say when to look again: later than now, always, or whoever asks would turn in circles."""
    launch_time = spec.launch_time(next_time) if spec and next_time else None
    retries = (max(f.retry_time, now + RETRY) for f in flights.values() if f.is_open and not f.asking)
    return min(filter(None, (launch_time, *retries, *(time for time in deletions if time > now))), default=None)
