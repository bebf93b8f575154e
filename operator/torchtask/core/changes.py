"""What a step did to an account: the difference of two ledgers, for whoever tells of it.

Law: an outcome is news once, when it is noted; that it is counted later is none.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from torchtask.core.account import Counts, Ledger, NotLaunched
from torchtask.core.ledger import foreseen

_NOTHING = Counts(since=datetime.min.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Changes:
    """What came to be. `counts` is how many more of each; `not_launched` says why, with the words of the last one.

    `late`: Jobs that turned up after their fire time had been given up (L12).
    """

    counts: Counts
    not_launched: tuple[NotLaunched, ...] = ()
    late: int = 0


def changes(before: Ledger | None, after: Ledger) -> Changes | None:
    """Compare an account with what it was, None for one that was just opened; None when nothing came to be."""
    if before is after or (before is not None and _same(before, after)):
        return None
    seen, known = foreseen(after), foreseen(before) if before is not None else None
    counts = _more(known.counts if known else _NOTHING, seen.counts)
    reasons = {n.reason: n.count for n in known.not_launched} if known else {}
    more = ((n, n.count - reasons.get(n.reason, 0)) for n in seen.not_launched)
    not_launched = tuple(replace(n, count=count) for n, count in more if count > 0)
    late = max(0, after.late - (before.late if before else 0))
    found = Changes(counts, not_launched, late)
    return None if found == Changes(_more(seen.counts, seen.counts)) else found


def _same(before: Ledger, after: Ledger) -> bool:
    return (before.counts, before.not_launched, before.pending, before.late) == (
        after.counts,
        after.not_launched,
        after.pending,
        after.late,
    )


def _more(before: Counts, after: Counts) -> Counts:
    """Subtract; what became less, as under a clock that went back, is no news."""
    return Counts(
        since=after.since,
        launched=max(0, after.launched - before.launched),
        skipped=max(0, after.skipped - before.skipped),
        missed=max(0, after.missed - before.missed),
        manual=max(0, after.manual - before.manual),
        succeeded=max(0, after.succeeded - before.succeeded),
        failed=max(0, after.failed - before.failed),
        stopped=max(0, after.stopped - before.stopped),
    )
