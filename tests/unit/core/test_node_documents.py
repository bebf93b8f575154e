"""Nodes read: the few facts of a document that decide what may run there."""

from typing import Any

import pytest

from torchtask.core.nodes import Node, Taint
from torchtask.core.wire.nodes import node as read


def document(*, ready: Any = "True", **spec: Any) -> dict[str, Any]:
    """Write a Node as the API server has it."""
    return {
        "metadata": {"name": "worker-1", "uid": "u", "labels": {"disk": "ssd"}},
        "spec": {"podCIDR": "10.244.0.0/24", **spec},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": "10.0.0.1"},
                {"type": "InternalIP", "address": "FD00:0::0001"},
                {"type": "Hostname", "address": "10.0.0.9"},
                {"type": "InternalDNS", "address": "worker-1.internal"},
                {"type": "ExternalIP", "address": "192.0.2.1"},
            ],
            "conditions": [
                {"type": "MemoryPressure", "status": "True"},
                {"type": "Ready", "status": ready, "lastHeartbeatTime": "2026-06-01T12:00:00Z"},
            ],
        },
    }


def test_a_node_is_read() -> None:
    """Its addresses are written in one way, as a task's are."""
    taints = [{"key": "gpu", "value": "a100", "effect": "NoSchedule"}, {"key": "x", "effect": "NoExecute"}]

    assert read(document(taints=taints)) == Node(
        name="worker-1",
        labels={"disk": "ssd"},
        addresses=("10.0.0.1", "fd00::1", "192.0.2.1"),
        taints=(Taint("gpu", "a100", "NoSchedule"), Taint("x", "", "NoExecute")),
        ready=True,
    )


@pytest.mark.parametrize(
    ("fields", "ready"),
    [
        ({}, True),
        ({"unschedulable": False}, True),
        ({"unschedulable": True}, False),
        ({"ready": "False"}, False),
        ({"ready": "Unknown"}, False),
        ({"ready": True}, False),
    ],
)
def test_a_node_is_ready_when_it_says_so_and_is_not_cordoned(fields: Any, *, ready: bool) -> None:
    """Unknown is what a node becomes that is heard of no more."""
    assert read(document(**fields)).ready is ready


def test_a_heartbeat_does_not_make_another_node() -> None:
    """Thousands come each minute; none of them changes where a run may be."""
    later = document()
    later["status"]["conditions"][1]["lastHeartbeatTime"] = "2026-06-01T12:00:10Z"
    later["metadata"]["resourceVersion"] = "2"

    assert read(later) == read(document())


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"spec": None, "status": None},
        {"spec": {"taints": 7}, "status": {"addresses": "x", "conditions": {}}},
        {"spec": {"taints": [7, "x"]}, "status": {"addresses": [None, {"type": "InternalIP", "address": "worker"}]}},
        {"status": {"addresses": [{"type": ["InternalIP"]}, {"type": "InternalIP", "address": 167772161}]}},
        {"status": {"conditions": [None, {}, {"type": "Ready"}]}},
    ],
)
def test_a_node_of_rubbish_is_a_node_that_is_not_ready(fields: Any) -> None:
    """It is there; nothing is known that speaks for it."""
    assert read({"metadata": {"name": "a", "labels": None}, **fields}) == Node("a", {}, (), (), ready=False)


@pytest.mark.parametrize("fields", [{}, {"metadata": None}, {"metadata": "x"}, {"metadata": []}, {"metadata": {}}])
def test_a_node_without_a_name_cannot_be_read(fields: Any) -> None:
    """Whoever keeps the nodes passes over these errors, and over no others."""
    with pytest.raises((KeyError, TypeError, ValueError)):
        read(fields)
