"""What the operator knows of the Jobs: the runs of all tasks, and how much of the caps they take."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace

from torchtask.cluster.api import Document
from torchtask.core.ends import End, explained
from torchtask.core.model import Run, Task
from torchtask.core.wire import jobs
from torchtask.engine.complaints import Complaint


class Runs:
    """The runs of all tasks: the listener of the Job watch."""

    def __init__(self, wake: Callable[[str], None], complaint: Complaint) -> None:
        self._runs: dict[jobs.Owner, dict[str, Run]] = {}
        self._owners: dict[str, jobs.Owner] = {}
        self._ends: dict[str, End | None] = {}
        self._started: set[str] = set()
        self._wake, self._complaint = wake, complaint
        self.active: Counter[str] = Counter()  # by namespace, as is `without_pod`; none is 0
        self.without_pod: Counter[str] = Counter()
        self.version = 0

    def of(self, task: Task) -> Collection[Run]:
        """Return the runs of a task."""
        return self._runs.get((task.namespace, task.uid), {}).values()

    def changed(self, document: Document) -> None:
        """Take a Job as it is now. An unchanged slim record wakes nobody; one that is no run any more is let go."""
        try:
            found = jobs.run(document)
        except (KeyError, TypeError, ValueError) as error:
            self._complaint.failed(error, "it is passed over")
            return
        self._complaint.well()
        known = document["metadata"]["uid"]
        if self._owners.get(known) != (found[0] if found else None):
            self.gone(known)
        if found is None:
            return
        owner, run = found
        run = replace(run, started=run.started or run.uid in self._started)
        self._keep(owner, explained(run, self._ends[run.uid]) if run.uid in self._ends else run)

    def explain(self, uid: str, end: End | None) -> None:
        """Take how a run ended; None: nobody could tell."""
        owner = self._owners.get(uid)
        if owner is not None:
            self._ends[uid] = end
            self._keep(owner, explained(self._runs[owner][uid], end))

    def started(self, uid: str) -> None:
        """Take note that a Pod of a run has started, though its Job does not tell."""
        owner = self._owners.get(uid)
        if owner is not None:
            self._started.add(uid)
            self._keep(owner, replace(self._runs[owner][uid], started=True))

    def _keep(self, owner: jobs.Owner, run: Run) -> None:
        runs = self._runs.setdefault(owner, {})
        before = runs.get(run.uid)
        if before != run:
            self._count(owner[0], before, -1)
            self._count(owner[0], run, +1)
            runs[run.uid] = run
            self._owners[run.uid] = owner
            self._wake(owner[1])

    def _count(self, namespace: str, run: Run | None, number: int) -> None:
        """Keep the sums that the caps are compared with."""
        if run is None or run.finished:
            return
        taken = [self.active] if run.pod_seen or run.parked else [self.active, self.without_pod]
        for sums in taken:
            sums[namespace] += number
            if not sums[namespace]:
                del sums[namespace]

    def gone(self, uid: str) -> None:
        """Forget a Job."""
        owner = self._owners.pop(uid, None)
        self._ends.pop(uid, None)
        self._started.discard(uid)
        if owner is None:
            return
        self._count(owner[0], self._runs[owner].pop(uid), -1)
        if not self._runs[owner]:
            del self._runs[owner]
        self._wake(owner[1])

    def reached(self, version: int) -> None:
        """Take note that every change up to `version` has been told."""
        self.version = version
