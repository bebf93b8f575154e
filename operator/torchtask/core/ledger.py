"""The account of a task: opening it, writing outcomes into it, closing it up to a moment.

Law L2: every fire time up to `accounted_time` is counted or waits in `queued`, none after it does; it lies just before
the oldest open one, else at the last moment decided, and never moves back.
Law L9: an edit starts a new account from now: what was not sent is skipped, and the past is not fired.
Law L10: a task without a status starts from its creation; one that must have had a status starts from now.
Law L11: a finished run is counted once, and only when its fire time is accounted for; a failed one when its Pods were
asked why, so that it is not pruned before. Its Job stands as long as another copy of its launch may still land and find
the name free.
Law L12: `stopped` = launched − succeeded − failed − active, and never falls: what is missing then is a Job that turned
up after its fire time had been given up, and it is added to launched.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from torchtask.core.account import Counts, Ledger, NotLaunched, Outage, Outcome, Published, Result
from torchtask.core.launch import Launch, LookUp
from torchtask.core.model import SECOND, Phase, Run, Spec, Task

YOUNG = timedelta(seconds=60)
AHEAD = timedelta(seconds=60)
DOUBT = timedelta(seconds=60)  # longer than any request lives


def opened(task: Task, digest: str, now: datetime) -> Ledger:
    """Start the account of a task that has no status (L10). A task that runs once may be seen late: it is not lost."""
    is_once = isinstance(task.spec, Spec) and task.spec.schedule.when.at is not None
    is_new = task.generation == 1 and (is_once or now - task.creation_time <= YOUNG)
    start = task.creation_time if is_new else max(now, task.creation_time)
    return Ledger(start, start, digest, task.generation, Counts(since=start))


def is_ahead(ledger: Ledger, now: datetime) -> bool:
    """Tell whether the account cannot be this clock's: it claims to know the future (L10)."""
    return ledger.accounted_time > now + AHEAD


def fallen_back(ledger: Ledger, now: datetime) -> Ledger:
    """Go on from now under a clock that went back; what is counted and what waits stays (L10)."""
    return replace(ledger, accounted_time=now, decided_time=now, pending=())


def restarted(ledger: Ledger, digest: str, generation: int, now: datetime) -> Ledger:
    """Go on from now under another spec (L9); nothing between the last decision and now is fired or counted."""
    return replace(ledger, digest=digest, generation=generation, decided_time=max(ledger.decided_time, now))


def decided(ledger: Ledger, until: datetime, outage: Outage | None = None) -> Ledger:
    """Remember that every fire time up to `until` is decided, and what an outage took."""
    return replace(ledger, decided_time=max(ledger.decided_time, until), last_outage=outage or ledger.last_outage)


def with_queue(ledger: Ledger, times: Collection[datetime]) -> Ledger:
    """Let exactly these fire times wait."""
    queued = tuple(sorted(times))
    return ledger if queued == ledger.queued else replace(ledger, queued=queued)


def with_repeated(ledger: Ledger, asked: Iterable[Launch | LookUp]) -> Ledger:
    """Remember the launches that are asked for once more."""
    again = {a.fire_time for a in asked if isinstance(a, Launch)} - ledger.repeated
    return replace(ledger, repeated=ledger.repeated | again) if again else ledger


def noted(ledger: Ledger, outcomes: Iterable[Outcome]) -> Ledger:
    """Add `outcomes`; they wait no more, and are counted at once or when the account is closed past them."""
    added = tuple(outcomes)
    if not added:
        return ledger
    settled = {o.fire_time for o in added}
    queued = tuple(t for t in ledger.queued if t not in settled)
    return _swept(replace(ledger, pending=(*ledger.pending, *added), queued=queued))


def closed(ledger: Ledger, open_times: Collection[datetime]) -> Ledger:
    """Move `accounted_time` as far as the open fire times let it, and count what it passes (L2)."""
    until = min((*(time - SECOND for time in open_times if time not in ledger.queued), ledger.decided_time))
    until = max(until, ledger.accounted_time)
    return _swept(replace(ledger, accounted_time=until)) if until != ledger.accounted_time else ledger


def _swept(ledger: Ledger) -> Ledger:
    """Count the outcomes that are not later than `accounted_time`: the two move together, whoever reads the ledger."""
    passed = [o for o in ledger.pending if o.fire_time <= ledger.accounted_time]
    if not passed:
        return ledger
    rest = tuple(o for o in ledger.pending if o.fire_time > ledger.accounted_time)
    for outcome in passed:
        ledger = _counted(ledger, outcome)
    return replace(ledger, pending=rest)


def _counted(ledger: Ledger, outcome: Outcome) -> Ledger:
    counts = ledger.counts
    match outcome.result:
        case Result.LAUNCHED:
            counts = replace(counts, launched=counts.launched + outcome.count)
            last = max(filter(None, (ledger.last_schedule_time, outcome.fire_time)))
            return replace(ledger, counts=counts, last_schedule_time=last)
        case Result.SKIPPED:
            counts = replace(counts, skipped=counts.skipped + outcome.count)
        case Result.MISSED:
            counts = replace(counts, missed=counts.missed + outcome.count)
    return replace(ledger, counts=counts, not_launched=_tallied(ledger.not_launched, outcome))


def _tallied(tally: Sequence[NotLaunched], outcome: Outcome) -> tuple[NotLaunched, ...]:
    reason = str(outcome.reason)
    before = next((n for n in tally if n.reason == reason), NotLaunched(reason, 0, outcome.fire_time))
    last = max(before.last_time, outcome.fire_time)
    entry = NotLaunched(reason, before.count + outcome.count, last, outcome.message or before.message)
    return (*(n for n in tally if n.reason != reason), entry)


def is_over(ledger: Ledger, run: Run) -> bool:
    """Tell whether nothing more is to be learned of a run: it ended, and when it failed, its Pods were asked why."""
    return run.finished and (not run.unexplained or run.suffix in ledger.counted_runs)


def with_finished(ledger: Ledger, runs: Collection[Run]) -> Ledger:
    """Count the finished runs that are not counted yet, and forget those whose Jobs are gone (L11)."""
    fresh = [
        r
        for r in runs
        if is_over(ledger, r) and r.suffix not in ledger.counted_runs and r.fire_time <= ledger.accounted_time
    ]
    for run in sorted(fresh, key=lambda r: (r.completion_time or r.fire_time, r.fire_time)):
        ledger = _ended(ledger, run)
    existing = {r.suffix for r in runs}
    kept = frozenset((ledger.counted_runs | {r.suffix for r in fresh}) & existing)
    return ledger if kept == ledger.counted_runs else replace(ledger, counted_runs=kept)


def _ended(ledger: Ledger, run: Run) -> Ledger:
    counts = ledger.counts
    if ledger.last_run is None or run.fire_time >= ledger.last_run.fire_time:
        ledger = replace(ledger, last_run=run)
    if run.phase is Phase.FAILED:
        if ledger.last_failure is None or run.fire_time >= ledger.last_failure.fire_time:
            ledger = replace(ledger, last_failure=run)
        counts = replace(counts, failed=counts.failed + 1)
        return replace(ledger, counts=counts, consecutive_failures=ledger.consecutive_failures + 1)
    success = max(filter(None, (ledger.last_successful_time, run.completion_time)), default=None)
    counts = replace(counts, succeeded=counts.succeeded + 1)
    return replace(ledger, counts=counts, consecutive_failures=0, last_successful_time=success)


def certain_time(ledger: Ledger, run: Run, taken_over: datetime) -> datetime:
    """Return from when on no copy of the launch of `run` can land any more, so that its Job may be deleted (L11).

    Copies are our own repeated requests, and those of whoever was there before we took over at `taken_over`.
    """
    doubtful = run.fire_time in ledger.repeated or run.creation_time < taken_over + DOUBT
    return run.creation_time + DOUBT if doubtful else run.creation_time


def balanced(ledger: Ledger, active: int) -> Ledger:
    """Settle the second sum of L12; `active` counts the active runs whose fire time is accounted for."""
    counts = ledger.counts
    stopped = counts.launched - counts.succeeded - counts.failed - active
    late = max(0, counts.stopped - stopped)
    balanced_counts = replace(counts, launched=counts.launched + late, stopped=stopped + late)
    return ledger if balanced_counts == counts else replace(ledger, counts=balanced_counts)


def waiting(ledger: Ledger) -> tuple[datetime, ...]:
    """Return the times that stand in `queuedTimes`; one that is not accounted for yet would be decided anew."""
    return tuple(t for t in ledger.queued if t <= ledger.accounted_time)


def published(ledger: Ledger, written: Ledger) -> Ledger:
    """Remember that the API server holds `written`."""
    held = Published(written.accounted_time, frozenset(written.queued), written.counted_runs)
    return replace(ledger, published=held)
