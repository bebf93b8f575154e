"""What the API server's audit log says of Jobs and statuses: when each was asked for, and when it was answered."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lab import Cluster


@dataclass(frozen=True, slots=True)
class Created:
    """A Job that was created. Its fire time stands at the end of its name."""

    name: str
    received: datetime
    answered: datetime

    @property
    def fire_time(self) -> datetime:
        """The second at which it was to start."""
        return datetime.fromtimestamp(int(self.name.rpartition("-")[2]), UTC)

    @property
    def late(self) -> float:
        """How long after its fire time the API server had the request, in milliseconds."""
        return (self.received - self.fire_time).total_seconds() * 1000


def created_jobs(cluster: Cluster, load: str) -> list[Created]:
    """List the Jobs that were created in the namespaces of a load, in the order of their answers."""
    return [
        Created(
            event["objectRef"]["name"],
            datetime.fromisoformat(event["requestReceivedTimestamp"]),
            datetime.fromisoformat(event["stageTimestamp"]),
        )
        for event in _done(cluster, '"verb":"create"', '"resource":"jobs"', f'"namespace":"{load}-')
        if "dryRun" not in event["requestURI"]
    ]


def statuses_written(cluster: Cluster) -> int:
    """Count the statuses of TorchTasks that were written."""
    return sum(1 for _ in _done(cluster, '"verb":"patch"', '"resource":"torchtasks"'))


def pages_listed(cluster: Cluster, since: datetime, until: datetime) -> int:
    """Count the pages of lists that were answered between two moments."""
    times = (datetime.fromisoformat(event["stageTimestamp"]) for event in _done(cluster, '"verb":"list"', "limit="))
    return sum(1 for time in times if since <= time < until)


def percentile(values: list[float], part: float) -> float:
    """Return the smallest of `values` that `part` of them do not exceed."""
    ranked = sorted(values)
    return ranked[max(0, -int(-part * len(ranked) // 1) - 1)]


def _done(cluster: Cluster, *marks: str) -> Iterator[dict[str, Any]]:
    """Yield the answered requests whose line has all `marks`, which saves reading the others as JSON."""
    with cluster.audit_log.open(encoding="utf-8") as log:
        for line in log:
            if line.endswith("\n") and all(mark in line for mark in marks):
                event = json.loads(line)
                if event.get("responseStatus", {}).get("code", 500) < 300:
                    yield event
