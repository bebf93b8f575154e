"""What finished runs do to the account, and from when on their Jobs may go.

Law L11: a finished run is counted once, and only when its fire time is accounted for; a failed one when its Pods were
asked why, so that it is not pruned before. Its Job stands as long as another copy of its launch may still land and find
the name free.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from torchtask.core import slots
from torchtask.core.account import Ended, Ledger
from torchtask.core.ledger import accounts_for
from torchtask.core.model import Phase, Run
from torchtask.core.spec import Daemon
from torchtask.core.units import Instance

DOUBT = timedelta(seconds=60)  # longer than any request lives
RECENT_RUNS = 20
MOST_COUNTED = 5_000  # finished Jobs that still exist; the others are counted when some of these are gone


def is_over(ledger: Ledger, run: Run) -> bool:
    """Tell whether nothing more is to be learned of a run: it ended, and its Pods were asked why where that is told."""
    if not run.finished:
        return False
    if run.unexplained or len(ledger.counted_runs) >= MOST_COUNTED:
        return run.suffix in ledger.counted_runs
    return True


def with_finished(ledger: Ledger, runs: Collection[Run], daemon: Daemon | None = None) -> Ledger:
    """Count the finished runs that are not counted yet, and forget those whose Jobs are gone (L11)."""
    if not ledger.counted_runs and not any(r.finished for r in runs):
        return ledger
    existing = {r.suffix: r for r in runs}
    uncounted = [r for suffix, r in existing.items() if r.finished and suffix not in ledger.counted_runs]
    fresh = [r for r in uncounted if not r.unexplained and accounts_for(ledger, r.unit)]
    room = max(0, MOST_COUNTED - len(existing.keys() & ledger.counted_runs))
    fresh = sorted(fresh, key=lambda r: (r.completion_time or r.fire_time, r.fire_time))[:room]
    for run in fresh:
        ledger = _ended(ledger, run)
        if daemon is not None and isinstance(run.unit, Instance):
            ledger = replace(ledger, slots=slots.ended(ledger.slots, run, daemon, ledger.template))
    kept = frozenset((ledger.counted_runs | {r.suffix for r in fresh}) & existing.keys())
    return ledger if kept == ledger.counted_runs else replace(ledger, counted_runs=kept)


def _ended(ledger: Ledger, run: Run) -> Ledger:
    counts = ledger.counts
    end = Ended(
        run.name,
        run.fire_time,
        run.phase,
        run.start_time,
        run.completion_time,
        run.reason,
        run.message,
        run.exit_code,
    )
    recent = tuple(sorted((*ledger.recent_runs, end), key=lambda e: e.fire_time)[-RECENT_RUNS:])
    ledger = replace(ledger, recent_runs=recent)
    if run.phase is Phase.FAILED:
        if ledger.last_failure is None or run.fire_time >= ledger.last_failure.fire_time:
            ledger = replace(ledger, last_failure=end)
        failures = ledger.consecutive_failures + (0 if run.disrupted else 1)
        return replace(ledger, counts=replace(counts, failed=counts.failed + 1), consecutive_failures=failures)
    success = max(filter(None, (ledger.last_successful_time, run.completion_time)), default=None)
    counts = replace(counts, succeeded=counts.succeeded + 1)
    return replace(ledger, counts=counts, consecutive_failures=0, last_successful_time=success)


def certain_time(ledger: Ledger, run: Run, taken_over: datetime) -> datetime:
    """Return from when on no copy of the launch of `run` can land any more, so that its Job may be deleted (L11).

    Copies are our own repeated requests, and those of whoever was there before we took over at `taken_over`.
    """
    doubtful = run.unit in ledger.repeated or run.creation_time < taken_over + DOUBT
    return run.creation_time + DOUBT if doubtful else run.creation_time
