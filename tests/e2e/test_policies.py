"""Concurrency policies on a real node: waiting in a queue, and replacing a run that does not want to go."""

from datetime import datetime

import pytest

from lab.waiting import wait_until
from tests.e2e.cluster import Namespace

pytestmark = pytest.mark.e2e


def test_queued_fire_times_run_one_after_the_other(namespace: Namespace) -> None:
    """With Queue nothing is lost to a slow run: what finds no room waits, runs in order, and never two at once."""
    slow = {"image": "busybox:1.36", "command": ["sleep", "3"], "terminationGracePeriodSeconds": 0}
    namespace.apply("line", schedule="*/2 * * * * *", concurrencyPolicy="Queue", queueLimit=3, container=slow)

    wait_until(lambda: namespace.counts("line")["succeeded"] >= 3, "three runs", within=60, every=1)
    wait_until(lambda: namespace.counts("line")["skipped"], "a full queue", within=60, every=1)

    status = namespace.status("line")
    assert status["active"] <= 1
    assert 1 <= len(status["queuedTimes"]) <= 3
    assert {entry["reason"] for entry in status["notLaunched"]} == {"QueueFull"}
    counts = status["counts"]
    assert counts["due"] == counts["launched"] + counts["skipped"] + counts["missed"] + len(status["queuedTimes"])
    times = sorted(job["status"]["startTime"] for job in namespace.jobs())
    ends = sorted(job["status"]["completionTime"] for job in namespace.jobs() if "completionTime" in job["status"])
    overlaps = [start for start, end in zip(times[1:], ends, strict=False) if _instant(start) < _instant(end)]
    assert overlaps == []


def test_replace_never_has_two_at_once(namespace: Namespace) -> None:
    """A Pod that ignores SIGTERM is given its grace; the new run starts when the old one is gone, and not before."""
    deaf = {
        "image": "busybox:1.36",
        "command": ["sh", "-c", "trap '' TERM; while true; do sleep 1; done"],
        "terminationGracePeriodSeconds": 3,
    }
    namespace.apply("deaf", schedule="*/10 * * * * *", concurrencyPolicy="Replace", container=deaf)
    seen = set[str]()

    def replaced_twice() -> bool:
        pods = namespace.tools.get("--namespace", namespace.name, "pods")["items"]
        alive = [p["metadata"]["name"] for p in pods if p["status"]["phase"] in {"Pending", "Running"}]
        assert len(alive) <= 1, alive
        seen.update(alive)
        return len(seen) >= 3

    # The operator may have taken over a moment ago: then a Job stands for its first minute (law L11).
    wait_until(replaced_twice, "three runs, one after the other", within=180, every=0.2)

    assert namespace.counts("deaf")["stopped"] >= 1
    reasons = {entry["reason"] for entry in namespace.status("deaf").get("notLaunched", [])}
    assert reasons <= {"Replaced"}


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
