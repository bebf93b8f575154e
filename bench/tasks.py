"""The TorchTasks that the benchmark creates: idle ones of several kinds, and some that fire."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.requests import Request
from torchtask import clock
from torchtask.core.instants import rfc3339
from torchtask.core.names import API_VERSION, KIND, PLURAL

NAMESPACES = 100
_AHEAD = timedelta(hours=12)  # nothing idle fires while the benchmark runs, in any of its zones
_ZONES = ("UTC", "Europe/Berlin", "America/New_York")
_CONTAINER = {
    "image": "registry.example.com/reports/nightly:2026.6.1",
    "command": ["/usr/bin/report", "--all"],
    "args": ["--output", "/var/report", "--format", "json"],
    "env": [{"name": "LEVEL", "value": "info"}, {"name": "TARGET", "value": "https://reports.example.com"}],
    "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
}


def namespaces() -> list[str]:
    """Name the namespaces of the idle tasks."""
    return [f"team-{number}" for number in range(NAMESPACES)]


def idle(number: int) -> Request:
    """Create a task that does nothing for now: every day, working days, the last of a month, once, or suspended."""
    then = clock.now() + _AHEAD
    second, minute, hour = number % 60, number // 60 % 60, then.hour
    fields = f"{second} {minute} {hour}"
    kinds: dict[int, dict[str, Any]] = {
        0: {"schedule": f"{fields} * * *", "timeZone": _ZONES[number % 3]},
        1: {"schedule": f"{minute} {hour} * * MON-FRI", "timeZone": "Europe/Berlin", "concurrencyPolicy": "Queue"},
        2: {"schedule": f"{fields} L * *", "startingDeadlineSeconds": 60, "timeoutSeconds": 300},
        3: {"at": rfc3339(then + timedelta(days=300, seconds=number))},
        4: {"schedule": "*/10 * * * * *", "suspend": True},
    }
    return task(f"team-{number % NAMESPACES}", f"report-{number}", kinds[number % len(kinds)])


def firing(namespace: str, number: int, begin: datetime, seconds: int) -> Request:
    """Create a task that fires each second, `seconds` times from `begin` on."""
    window = {"notBefore": rfc3339(begin), "notAfter": rfc3339(begin + timedelta(seconds=seconds - 1))}
    return task(namespace, f"firing-{number}", {"schedule": "* * * * * *", "concurrencyPolicy": "Allow", **window})


def once(namespace: str, number: int, time: datetime) -> Request:
    """Create a task that runs once."""
    return task(namespace, f"once-{number}", {"at": rfc3339(time)})


def task(namespace: str, name: str, spec: dict[str, Any]) -> Request:
    """Create a task."""
    metadata = {"name": name, "namespace": namespace, "labels": {"team": namespace}}
    what = {"container": _CONTAINER, **spec}
    document = {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": what}
    return Request("POST", f"/apis/{API_VERSION}/namespaces/{namespace}/{PLURAL}", json.dumps(document).encode())


def job(namespace: str, name: str) -> Request:
    """Create a plain Job, of about the size of the operator's."""
    pod = {"restartPolicy": "Never", "containers": [{"name": "task", **_CONTAINER}]}
    metadata = {"name": name, "labels": {"team": namespace}, "annotations": {"written-by": "benchmark"}}
    document = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata,
        "spec": {"backoffLimit": 0, "template": {"spec": pod}},
    }
    return Request("POST", f"/apis/batch/v1/namespaces/{namespace}/jobs", json.dumps(document).encode())


def no_jobs(namespace: str) -> Request:
    """Delete all Jobs of a namespace."""
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
    return Request("DELETE", f"/apis/batch/v1/namespaces/{namespace}/jobs", json.dumps(options).encode())


def namespace(name: str) -> Request:
    """Create a namespace."""
    document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    return Request("POST", "/api/v1/namespaces", json.dumps(document).encode())


def soon(seconds: float) -> datetime:
    """Return a whole second that many seconds from now, or a little later."""
    return datetime.fromtimestamp(int(clock.now().timestamp() + seconds) + 1, UTC)
