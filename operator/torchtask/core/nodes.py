"""On which nodes a run may be, and on EveryNode which nodes get one.

The rules for taints are those of Kubernetes
(https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/), for affinity those of `affinity`.
Law: a node that a Pod can never be on does not match; one that it cannot be on just now matches, and is not ready.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from torchtask.core import affinity
from torchtask.core.lenient import mapping, mappings, text
from torchtask.core.spec import Json, Spec, Where

_KEEPING_OFF = ("NoSchedule", "NoExecute")
MOST_REMEMBERED = 100  # templates
_FOR_NOW = "node.kubernetes.io/"  # taints by which Kubernetes says how a node is: not-ready, disk-pressure, …


@dataclass(frozen=True, slots=True)
class Taint:
    """What keeps Pods off a node that do not tolerate it."""

    key: str
    value: str
    effect: str


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the cluster. `ready`: it says so itself, and nobody has cordoned it."""

    name: str
    labels: Mapping[str, str]
    addresses: tuple[str, ...]
    taints: tuple[Taint, ...]
    ready: bool


@dataclass(frozen=True, slots=True)
class Places:
    """The names of the nodes that match a task, sorted: those that can run a Pod now, and those that cannot."""

    ready: tuple[str, ...]
    not_ready: tuple[str, ...]


class Census(Collection[Node]):
    """The cluster's nodes at one moment; it knows the places of a template once they were asked for.

    Looking at thousands of nodes takes milliseconds, and a daemon asks at each of its steps.
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._nodes = tuple(nodes)
        self._places: dict[str, Places] = {}

    def __len__(self) -> int:
        return len(self._nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self._nodes)

    def __contains__(self, node: object) -> bool:
        return node in self._nodes

    def places(self, spec: Spec) -> Places:
        """Say which nodes get a run each; a template that says the same has the same places."""
        if len(self._places) >= MOST_REMEMBERED:
            self._places.clear()
        if spec.template not in self._places:
            self._places[spec.template] = _places(spec, self._nodes)
        return self._places[spec.template]


def allowed(where: Where, nodes: Collection[Node]) -> tuple[str, ...] | None:
    """Name the nodes that a task names, by name or by address, sorted; None when it names none, and any will do.

    No name at all: nothing has any of the addresses.
    """
    if not where.names and not where.addresses:
        return None
    addresses = frozenset(where.addresses)
    found = {node.name for node in nodes if not addresses.isdisjoint(node.addresses)}
    return tuple(sorted(found.union(where.names)))


def on_every_node(spec: Spec, nodes: Collection[Node]) -> Places:
    """Say which nodes get a run each, and which would if they were ready."""
    return nodes.places(spec) if isinstance(nodes, Census) else _places(spec, nodes)


def _places(spec: Spec, nodes: Collection[Node]) -> Places:
    pod = mapping(mapping(spec.job.get("template")).get("spec"))
    named, terms = allowed(spec.where, nodes), affinity.required_terms(pod)
    barring = _not_tolerated(pod, nodes)
    ready: list[str] = []
    not_ready: list[str] = []
    for node in sorted(nodes, key=lambda node: node.name):
        bars = barring.intersection(node.taints)
        if (
            (named is None or node.name in named)
            and spec.where.selector.items() <= node.labels.items()
            and all(taint.key.startswith(_FOR_NOW) for taint in bars)
            and affinity.admits(terms, node.name, node.labels)
        ):
            (ready if node.ready and not bars else not_ready).append(node.name)
    return Places(tuple(ready), tuple(not_ready))


def _not_tolerated(pod: Json, nodes: Collection[Node]) -> frozenset[Taint]:
    """Return the taints that keep the Pod off; each is looked at once, however many nodes have it."""
    tolerations = mappings(pod.get("tolerations"))
    taints = {taint for node in nodes for taint in node.taints if taint.effect in _KEEPING_OFF}
    return frozenset(taint for taint in taints if not any(_tolerates(t, taint) for t in tolerations))


def _tolerates(toleration: Json, taint: Taint) -> bool:
    """Tell whether a toleration is about a taint; a key or an effect that it leaves out is about all of them."""
    key, operator, value, effect = (text(toleration.get(name)) for name in ("key", "operator", "value", "effect"))
    if key not in ("", taint.key) or effect not in ("", taint.effect):
        return False
    return operator == "Exists" or (operator in ("", "Equal") and value == taint.value)
