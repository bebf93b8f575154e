"""How runs end: asks the Pods of a failed run why, once, and gives each finished run its line in the log.

It asks as soon as the Job controller has decided that the Job failed: then Pods that were evicted or restarted still
exist. A failed run is counted when it has been asked about; launches wait for nothing here.
Law: an inquiry ends. After ATTEMPTS without an answer, or when the API server says no, the Job's own reason stands.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Any

from torchtask.cluster import paths
from torchtask.cluster.api import Api
from torchtask.cluster.errors import ApiError, ClusterError
from torchtask.core.account import Ledger
from torchtask.core.ends import End, end_of
from torchtask.core.model import Run, Task
from torchtask.engine.complaints import Complaint
from torchtask.engine.store import Record
from torchtask.logs import FIELDS

ATTEMPTS = 10
RETRY_SECONDS, MOST_RETRY_SECONDS = 1.0, 3.0
AT_ONCE = 8
MOST_PODS = "100"  # of one Job; those of a Job that has more may not all be looked at
CONTROLLER_UID_LABEL = "batch.kubernetes.io/controller-uid"

log = logging.getLogger(__name__)


async def pods_of(api: Api, task: Task, run: Run) -> object:
    """List the Pods of a run, as the API server has them."""
    selector = f"{CONTROLLER_UID_LABEL}={run.uid}"
    found = await api.get(paths.pods(task.namespace), labelSelector=selector, limit=MOST_PODS)
    return found.get("items")


class Ends:
    """Asks about each failed run once. `explain(run uid, end)` is called with what was found, None if nothing was."""

    def __init__(self, api: Api, explain: Callable[[str, End | None], None], complaint: Complaint) -> None:
        self._api, self._explain, self._complaint = api, explain, complaint
        self._room = asyncio.Semaphore(AT_ONCE)
        self._under_way: dict[str, asyncio.Task[None]] = {}

    def consider(self, task: Task, ledger: Ledger, runs: Collection[Run]) -> None:
        """Ask about those of `runs` whose failure is decided, unless they are counted already."""
        for run in runs:
            if run.unexplained and run.suffix not in ledger.counted_runs and run.uid not in self._under_way:
                self._under_way[run.uid] = asyncio.create_task(self._ask(task, run))

    async def _ask(self, task: Task, run: Run) -> None:
        try:
            end = await self._find(task, run)
        finally:
            del self._under_way[run.uid]
        self._explain(run.uid, end)

    async def _find(self, task: Task, run: Run) -> End | None:
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(min(attempt * RETRY_SECONDS, MOST_RETRY_SECONDS))
            try:
                async with self._room:
                    found = await pods_of(self._api, task, run)
                self._complaint.well()
                return end_of(found)
            except ClusterError as error:
                self._complaint.failed(error, f"{task.namespace}/{run.name}")
                if isinstance(error, ApiError) and not error.passing:
                    break
        return None


def tell(record: Record, run: Run) -> None:
    """Log how a run ended, in one line; words that repeat from run to run are said once, then counted."""
    task = record.task
    late = next((milliseconds for time, milliseconds in record.lateness or () if time == run.fire_time), None)
    taken = run.completion_time - run.start_time if run.completion_time and run.start_time else None
    fields: dict[str, Any] = {
        "task": f"{task.namespace}/{task.name}",
        "run": run.name,
        "lateness_milliseconds": late,
        "duration_seconds": round(taken.total_seconds()) if taken is not None else None,
        "result": run.phase,
        "reason": run.reason,
        "exit_code": run.exit_code,
        "tail": _tail(record, run.message),
    }
    log.info("a run ended", extra={FIELDS: {name: value for name, value in fields.items() if value is not None}})


def _tail(record: Record, message: str) -> str | None:
    if not message:
        return None
    before, times = record.tail
    record.tail = (message, times + 1 if message == before else 1)
    return f"same tail ×{record.tail[1]}" if message == before else message
