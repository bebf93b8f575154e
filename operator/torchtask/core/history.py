"""Which finished runs have outlived their task's history limits.

Law L11: a Job is pruned only once the server holds the status that counts it; until then its end could be forgotten.
"""

from collections.abc import Collection

from torchtask.core.model import Phase, Run


def expired(runs: Collection[Run], published: Collection[str], successful: int, failed: int) -> tuple[Run, ...]:
    """Name the runs to delete: all but the newest `successful` that succeeded and the newest `failed` that did not."""
    found: list[Run] = []
    for phase, limit in ((Phase.SUCCEEDED, successful), (Phase.FAILED, failed)):
        ended = [r for r in runs if r.phase is phase and not r.deleting]
        if len(ended) > limit:
            counted = (r for r in ended if r.suffix in published)
            found += sorted(counted, key=lambda r: r.fire_time, reverse=True)[limit:]
    return tuple(found)
