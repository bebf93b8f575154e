"""On which nodes a run may be, and which get one on EveryNode."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.launches import a_spec
from torchtask.core.nodes import Census, Node, Places, Taint, allowed, on_every_node
from torchtask.core.spec import RunOn, Spec, Where

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
GPU = Taint("gpu", "a100", "NoSchedule")
NOT_READY = Taint("node.kubernetes.io/not-ready", "", "NoExecute")
CORDONED = Taint("node.kubernetes.io/unschedulable", "", "NoSchedule")
PREFERRED = Taint("old", "", "PreferNoSchedule")


def a_node(name: str, *taints: Taint, ready: bool = True, addresses: tuple[str, ...] = (), **labels: str) -> Node:
    """Make a node."""
    return Node(name, labels, addresses, taints, ready)


def everywhere(pod: Any = None, **where: Any) -> Spec:
    """Make a spec for EveryNode."""
    return replace(a_spec(pod), where=Where(RunOn.EVERY_NODE, **where))


NODES = (
    a_node("c", addresses=("10.0.0.3", "fd00::3")),
    a_node("a", addresses=("10.0.0.1",)),
    a_node("b", addresses=("10.0.0.2", "10.0.0.1")),
)


@pytest.mark.parametrize(
    ("names", "addresses", "expected"),
    [
        ((), (), None),
        (("c", "a"), (), ("a", "c")),
        (("gone",), (), ("gone",)),
        ((), ("10.0.0.1",), ("a", "b")),
        ((), ("fd00::3", "10.0.0.2"), ("b", "c")),
        (("b", "z"), ("10.0.0.2",), ("b", "z")),
        (("a",), ("10.9.9.9",), ("a",)),
        ((), ("10.9.9.9",), ()),
    ],
)
def test_names_and_addresses_together_name_a_set_of_nodes(
    names: tuple[str, ...], addresses: tuple[str, ...], expected: tuple[str, ...] | None
) -> None:
    """None of them: any node. Addresses that nobody has: no node; a name that nobody has yet may come."""
    assert allowed(Where(names=names, addresses=addresses), NODES) == expected


def requiring(*terms: Any) -> Any:
    """Write a Pod that requires one of these terms."""
    return {"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": list(terms)}}}}


SSD = requiring({"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]})
MATCHING: dict[str, tuple[Spec, tuple[Node, ...], Places]] = {
    "all of them, by name": (everywhere(), NODES, Places(("a", "b", "c"), ())),
    "none": (everywhere(), (), Places((), ())),
    "those with all labels": (
        everywhere(selector={"disk": "ssd", "zone": "1"}),
        (a_node("a", disk="ssd", zone="1", x="y"), a_node("b", disk="ssd"), a_node("c", disk="hdd", zone="1")),
        Places(("a",), ()),
    ),
    "those that are named": (
        everywhere(names=("c", "gone"), addresses=("10.0.0.1",)),
        NODES,
        Places(("a", "b", "c"), ()),
    ),
    "none has the address": (everywhere(addresses=("10.9.9.9",)), NODES, Places((), ())),
    "those that the template requires": (
        everywhere(SSD),
        (a_node("a", disk="ssd"), a_node("b", disk="hdd"), a_node("c")),
        Places(("a",), ()),
    ),
    "labels, names and affinity all hold": (
        everywhere(SSD, selector={"zone": "1"}, names=("a", "b", "c")),
        (
            a_node("a", disk="ssd", zone="1"),
            a_node("b", disk="ssd", zone="2"),
            a_node("c", zone="1"),
            a_node("d", disk="ssd", zone="1"),
        ),
        Places(("a",), ()),
    ),
    "a node that is not ready": (everywhere(), (a_node("a", ready=False), a_node("b")), Places(("b",), ("a",))),
    "a node that says itself how it is": (
        everywhere(),
        (a_node("a", NOT_READY), a_node("b", CORDONED)),
        Places((), ("a", "b")),
    ),
    "and is no place for others anyway": (
        everywhere(selector={"disk": "ssd"}),
        (a_node("a", NOT_READY, ready=False),),
        Places((), ()),
    ),
    "a node that is kept for others": (everywhere(), (a_node("a", GPU), a_node("b")), Places(("b",), ())),
    "and is not ready either": (everywhere(), (a_node("a", GPU, NOT_READY, ready=False),), Places((), ())),
    "a taint that only asks": (everywhere(), (a_node("a", PREFERRED),), Places(("a",), ())),
    "one taint of two is tolerated": (
        everywhere({"tolerations": [{"key": "gpu", "operator": "Exists"}]}),
        (a_node("a", GPU), a_node("b", GPU, Taint("x", "", "NoExecute")), a_node("c", GPU, NOT_READY)),
        Places(("a",), ("c",)),
    ),
    "how a node is may be tolerated": (
        everywhere({"tolerations": [{"operator": "Exists"}]}),
        (a_node("a", NOT_READY), a_node("b", CORDONED, ready=False)),
        Places(("a",), ("b",)),
    ),
}


@pytest.mark.parametrize("case", MATCHING)
def test_each_node_that_a_pod_can_be_on_gets_a_run(case: str) -> None:
    """One that could if it were ready is told apart from one that never could."""
    spec, nodes, places = MATCHING[case]

    assert on_every_node(spec, nodes) == places


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        ({"key": "gpu", "operator": "Exists"}, True),
        ({"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}, True),
        ({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "gpu", "operator": "Exists", "effect": ""}, True),
        ({"key": "gpu", "operator": "Equal", "value": "a100"}, True),
        ({"key": "gpu", "operator": "Equal", "value": "h100"}, False),
        ({"key": "gpu", "operator": "Equal"}, False),
        ({"key": "gpu", "value": "a100"}, True),
        ({"key": "gpu", "operator": "", "value": "a100", "effect": "NoSchedule"}, True),
        ({"key": "gpu"}, False),
        ({"key": "fpga", "operator": "Exists"}, False),
        ({"operator": "Exists"}, True),
        ({"operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "gpu", "operator": "Like", "value": "a100"}, False),
        ({}, False),
    ],
)
def test_a_toleration_is_read_as_kubernetes_reads_it(toleration: Any, *, tolerated: bool) -> None:
    """What it leaves out is about all keys and effects, but not about all values."""
    places = on_every_node(everywhere({"tolerations": [toleration]}), (a_node("a", GPU),))

    assert places == Places(("a",) if tolerated else (), ())


@pytest.mark.parametrize(
    "pod",
    [
        {"tolerations": 7},
        {"tolerations": [None, "x", 7, []]},
        {"tolerations": [{"key": ["gpu"], "operator": 7, "value": {}, "effect": None}]},
        {"tolerations": [{"key": "gpu", "operator": ["Exists"]}]},
    ],
)
def test_tolerations_of_rubbish_tolerate_nothing(pod: Any) -> None:
    """The API server will refuse the Job; until then nothing is raised."""
    assert on_every_node(everywhere(pod), (a_node("a", GPU), a_node("b"))) == Places(("b",), ())


def test_an_affinity_of_rubbish_matches_no_node() -> None:
    """As the scheduler would have it."""
    assert on_every_node(everywhere({"affinity": 7}), NODES) == Places((), ())
    assert on_every_node(everywhere(requiring({})), NODES) == Places((), ())


TAINTS = st.builds(
    Taint,
    st.sampled_from(["gpu", "node.kubernetes.io/not-ready"]),
    st.sampled_from(["", "a"]),
    st.sampled_from(["NoSchedule", "NoExecute", "PreferNoSchedule"]),
)
SOME_NODES = st.lists(
    st.builds(
        lambda name, taints, ready, disk: a_node(name, *taints, ready=ready, disk=disk),
        st.sampled_from("abcdef"),
        st.lists(TAINTS, max_size=2),
        st.booleans(),
        st.sampled_from(["ssd", "hdd"]),
    ),
    max_size=4,
    unique_by=lambda node: node.name,
)
TOLERATIONS = st.lists(
    st.fixed_dictionaries(
        {"operator": st.sampled_from(["Exists", "Equal"])},
        optional={
            "key": st.sampled_from(["gpu", "node.kubernetes.io/not-ready"]),
            "value": st.sampled_from(["", "a"]),
            "effect": st.sampled_from(["NoSchedule", "NoExecute"]),
        },
    ),
    max_size=2,
)


@pytest.mark.property
@given(SOME_NODES, TOLERATIONS, st.sampled_from([{}, {"disk": "ssd"}]))
def test_a_ready_place_is_where_the_scheduler_would_put_the_pod(
    nodes: list[Node], tolerations: list[Any], selector: dict[str, str]
) -> None:
    """Told once more, in other words; and no node is in both lists, or in the order of the moment."""
    spec = everywhere({"tolerations": tolerations}, selector=selector)

    places = on_every_node(spec, nodes)

    def tolerated(taint: Taint) -> bool:
        """Tell whether some toleration is about this taint."""
        return any(
            t.get("key", taint.key) == taint.key
            and t.get("effect", taint.effect) == taint.effect
            and (t["operator"] == "Exists" or t.get("value", "") == taint.value)
            for t in tolerations
        )

    fit = [n for n in nodes if selector.items() <= n.labels.items()]
    bars = {n.name: [t.key for t in n.taints if t.effect != "PreferNoSchedule" and not tolerated(t)] for n in fit}
    ready = {n.name for n in fit if n.ready and not bars[n.name]}
    possible = {name for name, keys in bars.items() if "gpu" not in keys}
    assert places == Places(tuple(sorted(ready)), tuple(sorted(possible - ready)))
    assert on_every_node(spec, nodes[::-1]) == places


def test_a_census_knows_the_places_of_each_template() -> None:
    """They are what a look at all nodes would find, however often they are asked for, and by whomever."""
    nodes = (a_node("a"), a_node("b", GPU), a_node("c", ready=False))
    census = Census(nodes)
    tolerant = replace(everywhere({"tolerations": [{"operator": "Exists"}]}), template="tolerant")
    strict = replace(everywhere(), template="strict")

    for spec in (tolerant, strict, tolerant, strict):
        assert on_every_node(spec, census) == on_every_node(spec, nodes)
    assert on_every_node(strict, census) is on_every_node(strict, census)
    assert (len(census), list(census), nodes[0] in census) == (3, list(nodes), True)
