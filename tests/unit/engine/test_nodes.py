"""The nodes in the running operator: those that exist, as they are, and no alarm about a kubelet's heartbeat."""

from typing import Any

import pytest

from tests.telling import complaint
from torchtask.engine.nodes import Nodes


class Told:
    """Nodes, and how often they were said to differ."""

    def __init__(self) -> None:
        self.times = 0
        self.nodes = Nodes(self.note, complaint())

    def note(self) -> None:
        """Count."""
        self.times += 1

    def ready(self) -> dict[str, bool]:
        """Name the nodes, and tell which are ready."""
        return {node.name: node.ready for node in self.nodes.all}


@pytest.fixture
def told() -> Told:
    """No nodes."""
    return Told()


def a_node(name: str, uid: str = "", *, ready: bool = True, beat: str = "12:00:00") -> dict[str, Any]:
    """Write a Node as the API server has it."""
    condition = {"type": "Ready", "status": str(ready), "lastHeartbeatTime": f"2026-06-01T{beat}Z"}
    metadata = {"name": name, "uid": uid or f"uid-of-{name}", "resourceVersion": "1", "labels": {"disk": "ssd"}}
    addresses = [{"type": "InternalIP", "address": "10.0.3.7"}, {"type": "Hostname", "address": name}]
    return {"metadata": metadata, "spec": {}, "status": {"conditions": [condition], "addresses": addresses}}


def test_nodes_come_change_and_go(told: Told) -> None:
    """Each time the tasks are told."""
    told.nodes.changed(a_node("one"))
    told.nodes.changed(a_node("two", ready=False))
    assert (told.ready(), told.times) == ({"one": True, "two": False}, 2)

    told.nodes.changed(a_node("two"))
    assert (told.ready(), told.times) == ({"one": True, "two": True}, 3)

    told.nodes.gone("uid-of-one")
    assert (told.ready(), told.times) == ({"two": True}, 4)


def test_the_census_is_taken_anew_when_a_node_changes(told: Told) -> None:
    """And not before: what was found out about all nodes stands until then."""
    told.nodes.changed(a_node("one"))
    first = told.nodes.all
    told.nodes.changed(a_node("one", beat="12:00:10"))
    assert told.nodes.all is first

    told.nodes.changed(a_node("one", ready=False))
    assert [node.ready for node in told.nodes.all] == [False]
    told.nodes.gone("uid-of-one")
    assert len(told.nodes.all) == 0


def test_a_heartbeat_wakes_nobody(told: Told) -> None:
    """Nor does the end of a node that was never there."""
    told.nodes.changed(a_node("one"))

    told.nodes.changed(a_node("one", beat="12:00:10"))
    told.nodes.gone("never-seen")
    told.nodes.reached(7)

    assert (told.ready(), told.times) == ({"one": True}, 1)


def test_a_node_that_was_made_anew_during_a_gap_stands(told: Told) -> None:
    """A LIST tells the new one first, and then that the old one of the same name is gone."""
    told.nodes.changed(a_node("one", "old", ready=False))

    told.nodes.changed(a_node("one", "new"))
    told.nodes.gone("old")

    assert told.ready() == {"one": True}


@pytest.mark.parametrize("document", [{}, {"metadata": {"uid": "x"}}, {"metadata": None}])
def test_a_node_that_cannot_be_read_disturbs_nobody(told: Told, document: dict[str, Any]) -> None:
    """Whatever the server shows, the watch goes on."""
    told.nodes.changed(document)

    assert (told.ready(), told.times) == ({}, 0)
