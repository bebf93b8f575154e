"""Node documents → `Node`: of each the few facts that decide what may run on it."""

from collections.abc import Iterator
from ipaddress import ip_address

from torchtask.core.lenient import mapping, mappings, text
from torchtask.core.nodes import Node, Taint
from torchtask.core.spec import Json

_ADDRESSES = ("InternalIP", "ExternalIP")


def node(document: Json) -> Node:
    """Read a Node; raises KeyError or TypeError when it has no name."""
    metadata = document["metadata"]
    name = metadata["name"]
    spec, status = mapping(document.get("spec")), mapping(document.get("status"))
    says_ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in mappings(status.get("conditions")))
    return Node(
        name=name,
        labels=mapping(metadata.get("labels")),
        addresses=tuple(_addresses(status)),
        taints=tuple(
            Taint(*(text(t.get(f)) for f in ("key", "value", "effect"))) for t in mappings(spec.get("taints"))
        ),
        ready=says_ready and spec.get("unschedulable") is not True,
    )


def _addresses(status: Json) -> Iterator[str]:
    """Yield the IP addresses, written as those of a task are, so that they can be compared as texts."""
    for entry in mappings(status.get("addresses")):
        if entry.get("type") in _ADDRESSES:
            try:
                yield str(ip_address(text(entry.get("address"))))
            except ValueError:
                continue  # no address; others that the node has still count
