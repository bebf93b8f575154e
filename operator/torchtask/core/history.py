"""Which finished runs have outlived their task's history limits.

Law L11: a Job is pruned only once the server holds the status that counts it; until then its end could be forgotten.
"""

from collections.abc import Collection, Iterable

from torchtask.core.model import Phase, Run


def expired(runs: Iterable[Run], published: Collection[str], successful: int, failed: int) -> tuple[Run, ...]:
    """Name the runs to delete: all but the newest `successful` that succeeded and the newest `failed` that did not."""
    counted = sorted(
        (r for r in runs if r.finished and not r.deleting and r.suffix in published),
        key=lambda r: r.fire_time,
        reverse=True,
    )
    succeeded = [r for r in counted if r.phase is Phase.SUCCEEDED]
    others = [r for r in counted if r.phase is Phase.FAILED]
    return tuple(succeeded[successful:] + others[failed:])
