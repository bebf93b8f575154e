"""What the API server's audit log says of Jobs: when each was asked for, and when each was over."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from lab import Cluster

Event = dict[str, Any]


def created_jobs(cluster: Cluster, *namespaces: str) -> dict[str, list[datetime]]:
    """Say when the Jobs of some namespaces were created, by name: once each, if all is well."""
    created: dict[str, list[datetime]] = {}
    for event in _written(cluster, "create", "jobs"):
        target = event["objectRef"]
        if target["namespace"] in namespaces and "dryRun" not in event["requestURI"]:
            created.setdefault(target["name"], []).append(received(event))
    return created


def finished_jobs(cluster: Cluster, *namespaces: str) -> dict[str, datetime]:
    """Say when the status of each Job was written last, by name: of a Job that is over, when it came to be over."""
    events = [e for e in _written(cluster, "update", "jobs") if e["objectRef"].get("subresource") == "status"]
    return {e["objectRef"]["name"]: received(e) for e in events if e["objectRef"]["namespace"] in namespaces}


def asked(cluster: Cluster, verb: str, resource: str) -> list[tuple[str, datetime]]:
    """Say of which objects of a kind something was asked for and done, and when, in order."""
    return [(event["objectRef"].get("name", ""), received(event)) for event in _written(cluster, verb, resource)]


def fire_time(job: str) -> datetime:
    """Read the fire time from a Job's name."""
    return datetime.fromtimestamp(int(job.rpartition("-")[2]), UTC)


def received(event: Event) -> datetime:
    """Say when the API server received a request."""
    return datetime.fromisoformat(event["requestReceivedTimestamp"])


def _written(cluster: Cluster, verb: str, resource: str) -> Iterator[Event]:
    with cluster.audit_log.open(encoding="utf-8") as log:
        for line in log:
            if f'"verb":"{verb}"' not in line or f'"resource":"{resource}"' not in line:
                continue  # reading thousands of lines takes seconds
            event = json.loads(line)
            done = event.get("responseStatus", {}).get("code", 500) < 300
            if done and event["verb"] == verb and event.get("objectRef", {}).get("resource") == resource:
                yield event
