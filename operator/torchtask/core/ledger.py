"""The account of a task: opening it, writing outcomes into it, closing it up to a moment.

Law L2: every fire time up to `accounted_time` is counted or waits in `queued`, none after it does; it lies just before
the oldest open one, else at the last moment decided, and never moves back.
Law L9: an edit starts a new account from now: what was not sent is skipped, and the past is not fired.
Law L10: a task without a status starts from its creation; one that must have had a status starts from now.
Law L1: a daemon's start is due and launched when it is answered. A manual run is never due: it is counted beside, when
the launches of its nonce are complete.
Law L12: `stopped` = launched + manual − succeeded − failed − active, and never falls: what is missing then is a Job
that turned up after its fire time had been given up, and it is added to launched.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from torchtask.core import slots
from torchtask.core.account import NEVER, Counts, Ledger, NotLaunched, Outage, Outcome, Published, Result
from torchtask.core.instants import SECOND
from torchtask.core.launch import Launch, LookUp
from torchtask.core.model import Task
from torchtask.core.schedule import Schedule
from torchtask.core.spec import Spec
from torchtask.core.units import Instance, Manual, Timed, Unit, manual_key

YOUNG = timedelta(seconds=60)
AHEAD = timedelta(seconds=60)


def opened(task: Task, digest: str, now: datetime) -> Ledger:
    """Start the account of a task that has no status (L10). A task that runs once may be seen late: it is not lost.

    A manual run that was asked for long ago has been, for all we know.
    """
    is_once = isinstance(task.spec, Spec) and task.spec.is_once
    is_young = now - task.creation_time <= YOUNG
    is_new = task.generation == 1 and (is_once or is_young)
    start = task.creation_time if is_new else max(now, task.creation_time)
    nonce = "" if is_young else task.run_now
    return Ledger(start, start, digest, task.generation, Counts(since=start), last_run_now=nonce)


def is_ahead(ledger: Ledger, now: datetime) -> bool:
    """Tell whether the account cannot be this clock's: it claims to know the future (L10)."""
    return ledger.accounted_time > now + AHEAD


def fallen_back(ledger: Ledger, now: datetime) -> Ledger:
    """Go on from now under a clock that went back; what is counted and what waits stays (L10).

    The API server holds none of it: a status that tells of the future is to be written anew.
    """
    begun = replace(ledger, accounted_time=now, decided_time=now, pending=(), following=None, published=None)
    return replace(begun, slots=slots.undated(ledger.slots))


def restarted(ledger: Ledger, digest: str, generation: int, now: datetime) -> Ledger:
    """Go on from now under another spec (L9); nothing between the last decision and now is fired or counted."""
    begun = replace(ledger, digest=digest, generation=generation, decided_time=max(ledger.decided_time, now))
    return replace(begun, slots=slots.forgiven(ledger.slots), following=None)


def relaunched(ledger: Ledger, template: str) -> Ledger:
    """Go on with runs of another template: what failed before says nothing about it."""
    if ledger.template == template:
        return ledger
    changed = replace(ledger, template=template)
    if not ledger.template:
        return changed
    return replace(changed, consecutive_failures=0, slots=slots.forgiven(ledger.slots))


def decided(ledger: Ledger, until: datetime, outage: Outage | None = None, following: datetime | None = None) -> Ledger:
    """Remember that every fire time up to `until` is decided, what an outage took, and the next one if it is known."""
    last_outage = outage or ledger.last_outage
    return replace(ledger, decided_time=max(ledger.decided_time, until), last_outage=last_outage, following=following)


def with_following(ledger: Ledger, schedule: Schedule) -> Ledger:
    """Look up the next fire time, unless that has been done since the last decision."""
    if ledger.following is not None:
        return ledger
    return replace(ledger, following=schedule.after(ledger.decided_time) or NEVER)


def with_queue(ledger: Ledger, times: Collection[datetime]) -> Ledger:
    """Let exactly these fire times wait."""
    queued = tuple(sorted(times))
    return ledger if queued == ledger.queued else replace(ledger, queued=queued)


def with_repeated(ledger: Ledger, asked: Iterable[Launch | LookUp]) -> Ledger:
    """Remember the launches that are asked for once more."""
    again = {a.unit for a in asked if isinstance(a, Launch)} - ledger.repeated
    return replace(ledger, repeated=ledger.repeated | again) if again else ledger


def with_manual(ledger: Ledger, key: str, done: str = "") -> Ledger:
    """Hold the account of the manual run `key` open; `done`: the nonce whose launches are complete."""
    if key == ledger.open_key and not done:
        return ledger
    return _swept(replace(ledger, open_key=key, last_run_now=done or ledger.last_run_now))


def accounts_for(ledger: Ledger, unit: Unit) -> bool:
    """Tell whether the launch of `unit`, if there was one, is counted."""
    match unit:
        case Timed(fire_time):
            return fire_time <= ledger.accounted_time and fire_time not in ledger.queued
        case Manual(key):
            return key != ledger.open_key
        case Instance():
            return slots.counts(ledger.slots, unit)


def noted(ledger: Ledger, outcomes: Iterable[Outcome]) -> Ledger:
    """Add `outcomes`; they wait no more, and are counted at once or when the account is closed past them."""
    added = tuple(outcomes)
    if not added:
        return ledger
    settled = {o.unit.fire_time for o in added if isinstance(o.unit, Timed)}
    queued = tuple(t for t in ledger.queued if t not in settled)
    for outcome in added:
        if isinstance(outcome.unit, Instance):
            ledger = replace(ledger, slots=slots.settled(ledger.slots, outcome))
    return _swept(replace(ledger, pending=(*ledger.pending, *added), queued=queued))


def closed(ledger: Ledger, open_times: Collection[datetime]) -> Ledger:
    """Move `accounted_time` as far as the open fire times let it, and count what it passes (L2)."""
    until = min((*(time - SECOND for time in open_times if time not in ledger.queued), ledger.decided_time))
    until = max(until, ledger.accounted_time)
    return _swept(replace(ledger, accounted_time=until)) if until != ledger.accounted_time else ledger


def _swept(ledger: Ledger) -> Ledger:
    """Count the outcomes that are accounted for: the two move together, whoever reads the ledger."""
    passed = [o for o in ledger.pending if _is_passed(ledger, o)]
    if not passed:
        return ledger
    rest = tuple(o for o in ledger.pending if not _is_passed(ledger, o))
    for outcome in passed:
        ledger = _counted(ledger, outcome)
    return replace(ledger, pending=rest)


def foreseen(ledger: Ledger) -> Ledger:
    """Return the account as it will be once all that is noted is counted."""
    for outcome in ledger.pending:
        ledger = _counted(ledger, outcome)
    return ledger


def _is_passed(ledger: Ledger, outcome: Outcome) -> bool:
    unit = outcome.unit
    if isinstance(unit, Timed):
        return unit.fire_time <= ledger.accounted_time
    return isinstance(unit, Instance) or accounts_for(ledger, unit)


def _counted(ledger: Ledger, outcome: Outcome) -> Ledger:
    counts, is_manual = ledger.counts, isinstance(outcome.unit, Manual)
    match outcome.result:
        case Result.LAUNCHED if is_manual:
            return replace(ledger, counts=replace(counts, manual=counts.manual + outcome.count))
        case Result.LAUNCHED:
            counts = replace(counts, launched=counts.launched + outcome.count)
            last = max(filter(None, (ledger.last_schedule_time, outcome.fire_time)), default=None)
            return replace(ledger, counts=counts, last_schedule_time=last)
        case Result.SKIPPED if not is_manual:
            counts = replace(counts, skipped=counts.skipped + outcome.count)
        case Result.MISSED if not is_manual:
            counts = replace(counts, missed=counts.missed + outcome.count)
    return replace(ledger, counts=counts, not_launched=_tallied(ledger.not_launched, outcome))


def _tallied(tally: Sequence[NotLaunched], outcome: Outcome) -> tuple[NotLaunched, ...]:
    reason, time = str(outcome.reason), outcome.fire_time
    before = next((n for n in tally if n.reason == reason), None)
    if time is None:
        return tuple(tally)
    count, last = (before.count, max(before.last_time, time)) if before else (0, time)
    entry = NotLaunched(reason, count + outcome.count, last, outcome.message or (before.message if before else ""))
    return (*(n for n in tally if n.reason != reason), entry)


def balanced(ledger: Ledger, active: int, manual: int) -> Ledger:
    """Settle the second sum of L12; `active` counts the active runs whose launch is accounted for.

    `manual` counts the manual runs that still have a Job: what nobody knows of is one of these first. Its nonce was
    replaced before its launch was written.
    """
    counts = ledger.counts
    stopped = counts.launched + counts.manual - counts.succeeded - counts.failed - active
    late = max(0, counts.stopped - stopped)
    if not late and stopped == counts.stopped:
        return ledger
    asked = min(late, manual)
    launched = counts.launched + late - asked
    counts = replace(counts, launched=launched, manual=counts.manual + asked, stopped=stopped + late)
    return replace(ledger, counts=counts, late=ledger.late + late)


def waiting(ledger: Ledger) -> tuple[datetime, ...]:
    """Return the times that stand in `queuedTimes`; one that is not accounted for yet would be decided anew."""
    return tuple(t for t in ledger.queued if t <= ledger.accounted_time)


def published(ledger: Ledger, written: Ledger) -> Ledger:
    """Remember that the API server holds `written`."""
    held = Published(
        written.accounted_time, frozenset(written.queued), written.counted_runs, written.slots, written.last_run_now
    )
    return replace(ledger, published=held)


def frees(ledger: Ledger, before: Published | None) -> bool:
    """Tell whether something may go since `published` is no longer `before`: history, or runs that others wait for."""
    held = ledger.published
    if before is None or held is None or ledger.queued or ledger.slots:
        return True
    return held.counted_runs != before.counted_runs


def launch_is_published(ledger: Ledger, unit: Unit) -> bool:
    """Tell whether the server's status counts the launch of `unit`: only then may its run be stopped (L5)."""
    held = ledger.published
    if held is None:
        return False
    if isinstance(unit, Timed):
        return unit.fire_time <= held.accounted_time and unit.fire_time not in held.queued
    if isinstance(unit, Instance):
        return not slots.is_news(held.slots, unit)
    return unit.key == manual_key(held.last_run_now) or unit.key not in (
        ledger.open_key,
        manual_key(ledger.last_run_now),
    )
