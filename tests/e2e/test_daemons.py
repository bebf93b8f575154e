"""Daemons on a real node: an instance that ends comes back, or is given up; nobody else is touched by that."""

from typing import Any

import pytest

from lab.waiting import wait_until
from tests.e2e.cluster import Namespace

pytestmark = pytest.mark.e2e

Document = dict[str, Any]


def container(*command: str, **more: Any) -> Document:
    """Write a container of busybox that need not be asked twice to go."""
    quick = {"terminationGracePeriodSeconds": 1, "imagePullPolicy": "IfNotPresent"}
    return {"image": "busybox:1.36", "command": list(command), **quick, **more}


LASTING = container("sleep", "600")


def instances(namespace: Namespace, name: str) -> list[Document]:
    """Return what the status tells of the instances of a daemon, in the order of their slots."""
    found: list[Document] = namespace.status(name).get("daemon", {}).get("instances", [])
    return found


def await_running(namespace: Namespace, name: str, number: int) -> list[Document]:
    """Wait until all instances of a daemon are up; return them."""

    def running() -> list[Document]:
        found = instances(namespace, name)
        up = len(found) == number and all(i["state"] == "Running" for i in found)
        return found if up else []

    return wait_until(running, f"{name} to run", within=60, every=0.5)


def active_jobs(namespace: Namespace, name: str) -> dict[str, str]:
    """Return the UIDs of a daemon's Jobs that are not over, by what tells its instances apart: slot and attempt."""
    mine = [j for j in namespace.jobs() if j["metadata"]["labels"]["torchtask.dev/task"] == name]
    open_jobs = [j for j in mine if not j["status"].get("failed") and "completionTime" not in j["status"]]
    return {j["metadata"]["name"].rpartition("-d")[2]: j["metadata"]["uid"] for j in open_jobs}


def pods(namespace: Namespace, name: str) -> list[Document]:
    """Return a daemon's Pods that are not over."""
    found = namespace.tools.get("--namespace", namespace.name, "pods")["items"]
    mine = [p for p in found if p["metadata"]["labels"]["job-name"].startswith(f"{name}-")]
    return [p for p in mine if p["status"]["phase"] in {"Pending", "Running"}]


def test_a_daemon_that_cannot_stay_up_is_given_up(namespace: Namespace) -> None:
    """After its retries it is Fatal, and stays so; the annotation `restart` has it tried again."""
    namespace.apply("broken", daemon={"startRetries": 2}, container=container("sh", "-c", "exit 3"))

    def is_fatal(attempts: int) -> bool:
        found = instances(namespace, "broken")
        return bool(found) and found[0]["state"] == "Fatal" and found[0]["attempt"] == attempts

    wait_until(lambda: is_fatal(3), "the first start and two more to fail", within=60, every=0.5)
    assert namespace.status("broken")["daemon"]["state"] == "Fatal"
    failed = namespace.condition("broken", "Failed")
    assert (failed["status"], failed["reason"]) == ("True", "Fatal")
    assert namespace.counts("broken")["launched"] == 3
    assert namespace.status("broken")["lastFailure"]["exitCode"] == 3

    namespace.kubectl("annotate", "torchtask", "broken", "torchtask.dev/restart=1")
    wait_until(lambda: is_fatal(6), "three more starts to fail", within=60, every=0.5)
    assert namespace.counts("broken")["failed"] == 6


def test_a_daemon_that_ends_comes_back_and_its_neighbours_stay(namespace: Namespace) -> None:
    """Killed from outside or ended by itself, an instance is started again; every other one keeps its Job."""
    namespace.apply("neighbour", daemon={}, container=LASTING)
    namespace.apply("pair", daemon={}, maxInstances=2, container=LASTING)
    namespace.apply("fragile", daemon={}, container=container("sh", "-c", "sleep 4; exit 1"))
    await_running(namespace, "neighbour", 1)
    await_running(namespace, "pair", 2)
    before, neighbour = active_jobs(namespace, "pair"), active_jobs(namespace, "neighbour")
    assert sorted(before) == ["0-1", "1-1"]

    (first,) = (p for p in pods(namespace, "pair") if p["metadata"]["labels"]["job-name"].endswith("-d0-1"))
    namespace.kubectl("delete", "pod", first["metadata"]["name"], "--grace-period=0", "--force")
    wait_until(lambda: instances(namespace, "pair")[0]["attempt"] == 2, "another attempt", within=60, every=0.5)
    await_running(namespace, "pair", 2)
    wait_until(lambda: instances(namespace, "fragile")[0]["attempt"] >= 3, "fragile twice", within=90, every=0.5)

    after = active_jobs(namespace, "pair")
    assert after["1-1"] == before["1-1"]
    assert "0-2" in after
    assert active_jobs(namespace, "neighbour") == neighbour
    assert namespace.counts("neighbour")["launched"] == 1
    assert instances(namespace, "fragile")[0]["state"] != "Fatal"  # it was up each time: no start failed
    assert "failedStarts" not in instances(namespace, "fragile")[0]


def test_a_daemon_that_ends_well_may_be_left_alone(namespace: Namespace) -> None:
    """With OnFailure an instance that succeeded is not started again, and the task is complete."""
    daemon = {"restartPolicy": "OnFailure"}
    namespace.apply("once", daemon=daemon, container=container("sh", "-c", "sleep 3"))

    namespace.kubectl("wait", "torchtask/once", "--for=condition=Complete", "--timeout=60s")

    assert namespace.status("once")["daemon"]["state"] == "Completed"
    assert namespace.counts("once")["launched"] == 1


def test_another_template_replaces_one_instance_after_the_other(namespace: Namespace) -> None:
    """While two instances are replaced one of them is always up, and there are never more than two."""
    namespace.apply("pair", daemon={}, maxInstances=2, container=LASTING)
    await_running(namespace, "pair", 2)

    namespace.apply("pair", daemon={}, maxInstances=2, container=container("sleep", "601"))

    def replaced() -> bool:
        alive = pods(namespace, "pair")
        up = [p for p in alive if p["status"]["phase"] == "Running" and "deletionTimestamp" not in p["metadata"]]
        assert 1 <= len(up) <= len(alive) <= 2, [p["metadata"]["name"] for p in alive]
        return len(up) == 2 and all(p["spec"]["containers"][0]["command"] == ["sleep", "601"] for p in up)

    wait_until(replaced, "both to run the new command", within=120, every=0.1)

    assert [i["attempt"] for i in await_running(namespace, "pair", 2)] == [2, 2]
    assert namespace.counts("pair")["launched"] == 4
    assert namespace.counts("pair")["stopped"] == 2


def test_a_suspended_daemon_stops_and_goes_on(namespace: Namespace) -> None:
    """Suspension ends every instance and starts none; its end starts them again."""
    namespace.apply("pair", daemon={}, maxInstances=2, container=LASTING)
    await_running(namespace, "pair", 2)

    namespace.kubectl("patch", "torchtask", "pair", "--type=merge", "--patch", '{"spec": {"suspend": true}}')
    wait_until(lambda: not namespace.jobs(), "the Jobs to go", within=60, every=0.5)
    wait_until(lambda: namespace.status("pair")["daemon"]["state"] == "Stopped", "Stopped", within=20, every=0.5)
    wait_until(lambda: namespace.status("pair")["active"] == 0, "none to be active", within=20, every=0.5)
    assert namespace.condition("pair", "Suspended")["status"] == "True"
    assert namespace.counts("pair")["launched"] == 2

    namespace.kubectl("patch", "torchtask", "pair", "--type=merge", "--patch", '{"spec": {"suspend": false}}')
    await_running(namespace, "pair", 2)
