"""The cluster's nodes as they are now: the listener of the Node watch."""

from collections.abc import Callable

from torchtask.cluster.api import Document
from torchtask.core.nodes import Census, Node
from torchtask.core.wire.nodes import node
from torchtask.engine.complaints import Complaint


class Nodes:
    """The nodes, by UID. `changed` is called when one differs in what decisions depend on."""

    def __init__(self, changed: Callable[[], None], complaint: Complaint) -> None:
        self._nodes: dict[str, Node] = {}
        self._census: Census | None = None
        self._changed, self._complaint = changed, complaint

    @property
    def all(self) -> Census:
        """The nodes, in no particular order; the same object until one of them changes."""
        if self._census is None:
            self._census = Census(self._nodes.values())
        return self._census

    def changed(self, document: Document) -> None:
        """Take a node as it is now. An unchanged slim record wakes nobody: kubelets report every few seconds."""
        try:
            uid, found = document["metadata"]["uid"], node(document)
        except (KeyError, TypeError, ValueError) as error:
            self._complaint.failed(error, "it is passed over")
            return
        self._complaint.well()
        if self._nodes.get(uid) != found:
            self._nodes[uid] = found
            self._census = None
            self._changed()

    def gone(self, uid: str) -> None:
        """Forget a node."""
        if self._nodes.pop(uid, None) is not None:
            self._census = None
            self._changed()

    def reached(self, version: int) -> None:
        """Nothing depends on how far the watch has come."""
