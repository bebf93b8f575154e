"""What else a user asks for: a run now, a rest after failures, a task that removes itself; and what a run is told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lab import Cluster
from lab.waiting import wait_until
from tests.e2e.audit import asked, created_jobs
from tests.e2e.cluster import Namespace

pytestmark = pytest.mark.e2e

NEVER = "0 0 0 1 1 *"
Document = dict[str, Any]


def container(*command: str) -> Document:
    """Write a container of busybox."""
    return {"image": "busybox:1.36", "imagePullPolicy": "IfNotPresent", "command": list(command)}


def soon(seconds: int) -> datetime:
    """Return a whole second that many seconds from now."""
    now = datetime.now(UTC)  # noqa: TID251 -- the fire time has to be one that comes
    return now.replace(microsecond=0) + timedelta(seconds=seconds)


def test_a_run_is_had_for_the_asking(cluster: Cluster, namespace: Namespace) -> None:
    """Each new value of the annotation is one run, also while the task is suspended, and none of them is due."""
    namespace.apply("task", schedule=NEVER)
    namespace.apply("resting", schedule="* * * * * *", suspend=True)

    for name in ("task", "resting"):
        for number in (1, 2):
            namespace.kubectl("annotate", "--overwrite", "torchtask", name, f"torchtask.dev/run-now={number}")
            wait_until(lambda n=name, k=number: namespace.counts(n)["succeeded"] == k, "a run", within=30, every=0.5)  # type: ignore[misc]

        counts = namespace.counts(name)
        assert (counts["manual"], counts["due"], counts["launched"]) == (2, 0, 0)
        assert namespace.status(name)["lastRunNow"] == "2"
    triggers = {job["metadata"]["labels"]["torchtask.dev/trigger"] for job in namespace.jobs()}
    assert triggers == {"manual"}

    # The same value again asks for nothing.
    namespace.kubectl("annotate", "--overwrite", "torchtask", "task", "torchtask.dev/run-now=2", "other=1")
    namespace.kubectl("annotate", "--overwrite", "torchtask", "resting", "torchtask.dev/run-now=3")
    wait_until(lambda: namespace.counts("resting")["succeeded"] == 3, "another's run", within=30, every=0.5)
    assert len(created_jobs(cluster, namespace.name)) == 5


def test_failures_open_the_circuit_and_a_success_closes_it(namespace: Namespace) -> None:
    """After two failures nothing is launched but one probe at a time; the probe that succeeds lets all else follow."""
    breaker = {"failureThreshold": 2, "probeAfterSeconds": 15}
    unlucky = ["sh", "-c", 'test "$(date +%s)" -ge "$REPAIRED"']
    repaired = str(int(soon(25).timestamp()))
    fragile = {**container(*unlucky), "env": [{"name": "REPAIRED", "value": repaired}]}
    namespace.apply("fragile", schedule="*/4 * * * * *", circuitBreaker=breaker, container=fragile)

    wait_until(lambda: circuit(namespace) == "True", "the circuit to open", within=30, every=0.5)
    wait_until(lambda: "CircuitOpen" in not_launched(namespace), "a fire time to be skipped", within=10, every=0.5)
    assert namespace.counts("fragile")["launched"] == 2
    assert namespace.condition("fragile", "Ready")["status"] == "True"

    wait_until(lambda: circuit(namespace) == "False", "a probe to succeed", within=90, every=0.5)
    assert namespace.status("fragile")["consecutiveFailures"] == 0
    wait_until(lambda: namespace.counts("fragile")["succeeded"] >= 3, "more runs", within=40, every=0.5)


def not_launched(namespace: Namespace) -> set[str]:
    """Name the reasons for which fire times did not become runs."""
    return {entry["reason"] for entry in namespace.status("fragile").get("notLaunched", [])}


def circuit(namespace: Namespace) -> str:
    """Return whether the circuit is open, in the condition's words."""
    return str(namespace.condition("fragile", "CircuitOpen").get("status"))


def test_what_ran_once_removes_itself(cluster: Cluster, namespace: Namespace) -> None:
    """An `at` runs once, at its second; its time after that over, it is gone with its Job. One without stays."""
    time = soon(6)
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ")
    namespace.apply("leaving", at=at, ttlSecondsAfterFinished=5, container=container("true"))
    namespace.apply("staying", at=at, container=container("true"))
    namespace.apply("failing", at=at, container=container("false"))

    namespace.kubectl("wait", "torchtask/staying", "--for=condition=Complete", "--timeout=30s")
    namespace.kubectl("wait", "torchtask/failing", "--for=condition=Failed", "--timeout=30s")
    namespace.kubectl("wait", "torchtask/leaving", "--for=delete", "--timeout=40s")
    wait_until(lambda: len(namespace.jobs()) == 2, "its Job to go", within=30, every=0.5)

    created = created_jobs(cluster, namespace.name)
    assert sorted(len(times) for times in created.values()) == [1, 1, 1]
    assert all(timedelta(0) <= times[0] - time < timedelta(seconds=1) for times in created.values())
    removed = max(when for name, when in asked(cluster, "delete", "torchtasks") if name == "leaving")
    assert removed - time >= timedelta(seconds=5)


def test_a_run_knows_what_it_is(namespace: Namespace) -> None:
    """Name, run, fire time and the last success are in the environment of each run, and are true."""
    namespace.apply("task", schedule="*/3 * * * * *", container=container("env"))
    wait_until(lambda: namespace.counts("task")["succeeded"] >= 3, "three runs", within=60, every=0.5)
    namespace.kubectl("patch", "torchtask", "task", "--type=merge", "--patch", '{"spec": {"suspend": true}}')

    told = {}
    for job in namespace.jobs():
        lines = namespace.kubectl("logs", f"job/{job['metadata']['name']}").splitlines()
        seen = dict(line.split("=", 1) for line in lines if line.startswith("TORCHTASK_"))
        assert seen["TORCHTASK_NAME"] == "task"
        assert seen["TORCHTASK_RUN"] == job["metadata"]["name"]
        assert seen["TORCHTASK_FIRE_TIME"] == job["metadata"]["annotations"]["torchtask.dev/fire-time"]
        told[seen["TORCHTASK_FIRE_TIME"]] = seen["TORCHTASK_LAST_SUCCESS"]
    newest = max(told)
    assert told[newest]
    assert datetime.fromisoformat(told[newest]) <= datetime.fromisoformat(newest) + timedelta(seconds=1)
