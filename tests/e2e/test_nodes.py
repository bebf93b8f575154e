"""Where runs go: one on each node, or only on nodes that are named; on one real node and two simulated ones."""

from collections import defaultdict
from typing import Any

import pytest

from lab.waiting import wait_until
from tests.e2e.audit import fire_time
from tests.e2e.cluster import Namespace

pytestmark = pytest.mark.e2e

NODES = ("simulated-1", "simulated-2", "worker-1")
ON_NODE = "torchtask.dev/node"


def template(*, everywhere: bool = True) -> dict[str, Any]:
    """Write a template whose Pods may also run on the simulated nodes, which carry a taint."""
    container = {"name": "task", "image": "busybox:1.36", "command": ["true"], "imagePullPolicy": "IfNotPresent"}
    tolerations = [{"key": "simulated", "operator": "Exists"}] if everywhere else []
    pod = {"restartPolicy": "Never", "containers": [container], "tolerations": tolerations}
    return {"spec": {"template": {"spec": pod}}}


def nodes_of_pods(namespace: Namespace) -> dict[str, str]:
    """Say on which node the Pod of each Job is or was, by the Job's name."""
    found = namespace.tools.get("--namespace", namespace.name, "pods")["items"]
    return {p["metadata"]["labels"]["job-name"]: p["spec"].get("nodeName", "") for p in found}


def test_every_node_gets_a_run_of_each_fire_time(namespace: Namespace) -> None:
    """Three nodes, three Jobs for a fire time, each on a node of its own, and all of them are counted."""
    history = {"successfulJobsHistoryLimit": 10}
    namespace.apply("everywhere", schedule="*/10 * * * * *", runOn="EveryNode", jobTemplate=template(), **history)

    wait_until(lambda: namespace.counts("everywhere")["succeeded"] >= 6, "two fire times on three nodes", within=60)
    namespace.kubectl("patch", "torchtask", "everywhere", "--type=merge", "--patch", '{"spec": {"suspend": true}}')
    wait_until(lambda: namespace.status("everywhere")["active"] == 0, "all to be over", within=30, every=0.5)

    placed: dict[str, list[str]] = defaultdict(list)
    pods = nodes_of_pods(namespace)
    for job in namespace.jobs():
        name, node = job["metadata"]["name"], job["metadata"]["annotations"][ON_NODE]
        assert pods.get(name, node) == node
        placed[str(fire_time(name.rpartition("-")[0]))].append(node)
    assert len(placed) >= 2
    assert {tuple(sorted(nodes)) for nodes in placed.values()} == {NODES}
    counts = namespace.counts("everywhere")
    assert counts["due"] == counts["launched"] == 3 * len(placed)


def test_a_node_that_is_cordoned_is_left_out_and_told(namespace: Namespace) -> None:
    """A matching node that takes no Pods is skipped as NodeNotReady; the others get their runs."""
    namespace.kubectl("cordon", "simulated-2")
    try:
        namespace.apply("everywhere", schedule="*/5 * * * * *", runOn="EveryNode", jobTemplate=template())
        wait_until(lambda: namespace.counts("everywhere")["succeeded"] >= 4, "two nodes twice", within=60, every=0.5)
        ran_on = {job["metadata"]["annotations"][ON_NODE] for job in namespace.jobs()}
        (skipped,) = namespace.status("everywhere")["notLaunched"]
    finally:
        namespace.kubectl("uncordon", "simulated-2")

    assert ran_on == {"simulated-1", "worker-1"}
    assert skipped["reason"] == "NodeNotReady"
    wait_until(
        lambda: "simulated-2" in {job["metadata"]["annotations"][ON_NODE] for job in namespace.jobs()},
        "a run on the node that is back",
        within=30,
        every=0.5,
    )


def test_named_nodes_are_the_only_ones(namespace: Namespace) -> None:
    """By name or by address, a run is on one of the nodes that are named; where no node has an address it is NoNode."""
    address = "10.215.0.1"  # of simulated-1
    namespace.apply("named", schedule="*/3 * * * * *", nodeNames=["simulated-2"], jobTemplate=template())
    namespace.apply("addressed", schedule="*/3 * * * * *", nodeAddresses=[address], jobTemplate=template())
    namespace.apply("lost", schedule="*/3 * * * * *", nodeAddresses=["192.0.2.1"], jobTemplate=template())

    for name in ("named", "addressed"):
        wait_until(lambda n=name: namespace.counts(n)["succeeded"] >= 2, f"two runs of {name}", within=60, every=0.5)  # type: ignore[misc]
    wait_until(lambda: namespace.counts("lost")["due"] >= 2, "two fire times without a node", within=30, every=0.5)

    placed = {(job.split("-")[0], node) for job, node in nodes_of_pods(namespace).items() if node}
    assert placed == {("named", "simulated-2"), ("addressed", "simulated-1")}
    assert {entry["reason"] for entry in namespace.status("lost")["notLaunched"]} == {"NoNode"}
    assert namespace.counts("lost")["launched"] == 0
