"""Which nodes a Pod's required affinity admits, and that narrowing it admits no more."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchtask.core.affinity import LONGEST_TERMS, admits, judge, narrowed, required_terms
from torchtask.core.errors import SpecError

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
LABELS = {"disk": "ssd", "cores": "8", "odd": "1_000", "zone": ""}
SSD = {"key": "disk", "operator": "In", "values": ["ssd"]}
BIG = {"key": "cores", "operator": "Gt", "values": ["16"]}
NODE_A = {"key": "metadata.name", "operator": "In", "values": ["a"]}
NODE_B = {"key": "metadata.name", "operator": "In", "values": ["b"]}


def pod(*terms: Any) -> dict[str, Any]:
    """Write a Pod that requires one of these terms."""
    return {"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": list(terms)}}}}


def admitted(document: Any, name: str = "a", labels: Mapping[str, str] = LABELS) -> bool:
    """Tell whether a Pod may be on the node `a`."""
    return admits(required_terms(document), name, labels)


@pytest.mark.parametrize(
    ("key", "operator", "values", "holds"),
    [
        ("disk", "In", ["hdd", "ssd"], True),
        ("disk", "In", ["hdd"], False),
        ("zone", "In", [""], True),
        ("gpu", "In", [""], False),
        ("gpu", "In", [None], False),
        ("disk", "NotIn", ["hdd"], True),
        ("disk", "NotIn", ["ssd"], False),
        ("gpu", "NotIn", ["a100"], True),
        ("zone", "Exists", [], True),
        ("gpu", "Exists", [], False),
        ("gpu", "DoesNotExist", [], True),
        ("zone", "DoesNotExist", [], False),
        ("cores", "Gt", ["7"], True),
        ("cores", "Gt", ["8"], False),
        ("cores", "Lt", ["9"], True),
        ("cores", "Lt", ["8"], False),
        ("cores", "Lt", ["+0010"], True),
        ("cores", "Gt", ["-1"], True),
        ("cores", "Gt", ["0" * 5_000], True),
        ("gpu", "Gt", ["-1"], False),
        ("disk", "Lt", ["9"], False),
        ("odd", "Gt", ["9"], False),
        ("cores", "Gt", ["٣"], False),
        ("cores", "Lt", [str(2**63)], False),
        ("cores", "Lt", [str(2**63 - 1)], True),
        ("cores", "Lt", ["9", "10"], False),
        ("cores", "Lt", [9], False),
        ("disk", "Is", ["ssd"], False),
    ],
)
def test_a_requirement_is_read_as_kubernetes_reads_it(
    key: str, operator: str, values: list[Any], *, holds: bool
) -> None:
    """A label that is not there is in no list, and is no number; numbers are Go's."""
    assert admitted(pod({"matchExpressions": [{"key": key, "operator": operator, "values": values}]})) is holds


@pytest.mark.parametrize(
    ("terms", "holds"),
    [
        ([{"matchExpressions": [SSD]}], True),
        ([{"matchExpressions": [SSD, BIG]}], False),
        ([{"matchExpressions": [BIG]}, {"matchExpressions": [SSD]}], True),
        ([{"matchExpressions": [SSD], "matchFields": [NODE_A]}], True),
        ([{"matchExpressions": [SSD], "matchFields": [NODE_B]}], False),
        ([{"matchExpressions": [BIG], "matchFields": [NODE_A]}], False),
        ([{"matchFields": [NODE_A, NODE_B]}], False),
        ([{"matchFields": [NODE_B | {"operator": "NotIn"}]}], True),
        ([{"matchFields": [NODE_A | {"operator": "NotIn"}]}], False),
        ([{"matchFields": [NODE_A | {"operator": "Exists"}]}], False),
        ([{"matchFields": [NODE_A | {"key": "spec.podCIDR"}]}], False),
        ([{"matchFields": [NODE_A | {"values": ["a", "b"]}]}], False),
        ([{}], False),
        ([{"matchExpressions": [], "matchFields": None}], False),
        ([{}, {"matchExpressions": [SSD]}], True),
        ([], False),
    ],
)
def test_terms_are_alternatives_and_each_holds_as_a_whole(terms: list[Any], *, holds: bool) -> None:
    """One term suffices; an empty one is none."""
    assert admitted(pod(*terms)) is holds


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"affinity": None},
        {"affinity": {}},
        {"affinity": {"nodeAffinity": None}},
        {"affinity": {"podAffinity": {}, "nodeAffinity": {REQUIRED: None}}},
        {"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}},
    ],
)
def test_a_pod_that_requires_nothing_may_be_anywhere_until_it_is_narrowed(document: Any) -> None:
    """Then on each of the nodes it is narrowed to, and on no other."""
    narrow = narrowed(document, ("a", "b"))

    assert admitted(document)
    assert [name for name in "abc" if admitted(narrow, name)] == ["a", "b"]
    assert required_terms(narrow) == [{"matchFields": [NODE_A]}, {"matchFields": [NODE_B]}]


def test_each_term_is_narrowed_to_each_node() -> None:
    """What a term says already goes on holding, and comes first; what stands beside the terms stays."""
    beside = {"podAntiAffinity": {"x": 1}}
    document = {
        "affinity": {**pod({"matchFields": [NODE_B], "new": 1}, {"matchExpressions": [SSD]})["affinity"], **beside}
    }

    narrow = narrowed(document, ("a", "b"))

    assert required_terms(narrow) == [
        {"matchFields": [NODE_B, NODE_A], "new": 1},
        {"matchFields": [NODE_B, NODE_B], "new": 1},
        {"matchExpressions": [SSD], "matchFields": [NODE_A]},
        {"matchExpressions": [SSD], "matchFields": [NODE_B]},
    ]
    assert narrow["affinity"]["podAntiAffinity"] == {"x": 1}


def test_a_term_that_matches_nothing_goes_on_doing_so() -> None:
    """An empty term with a name in it would match that node."""
    empty = [{}, {"matchExpressions": []}, {"matchExpressions": None, "matchFields": []}]

    assert narrowed(pod(*empty), ("a", "b")) == pod(*empty)


RUBBISH: list[Any] = [
    {"affinity": 7},
    {"affinity": []},
    {"affinity": {"nodeAffinity": "x"}},
    {"affinity": {"nodeAffinity": {REQUIRED: []}}},
    {"affinity": {"nodeAffinity": {REQUIRED: {}}}},
    {"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": "x"}}}},
    {"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": None}}}},
    pod(7, None, "x", []),
    pod({"matchFields": 7}, {"matchFields": {"a": 1}}, {"matchFields": "", "matchExpressions": 7}),
]


@pytest.mark.parametrize("document", RUBBISH)
def test_rubbish_admits_no_node_and_stays_as_it_is(document: Any) -> None:
    """The API server is to see what the user wrote, and to refuse it in its own words."""
    assert not admitted(document)
    assert narrowed(document, ("a",)) == document


@pytest.mark.parametrize(
    "term",
    [
        {"matchExpressions": 7},
        {"matchExpressions": [7]},
        {"matchExpressions": [SSD, None]},
        {"matchExpressions": [{"key": ["disk"], "operator": "Exists"}]},
        {"matchExpressions": [{"key": "disk", "operator": "In", "values": "ssd"}]},
        {"matchExpressions": [{"key": "disk", "operator": ["In"], "values": ["ssd"]}]},
        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": "a"}]},
        {"matchFields": [{}]},
    ],
)
def test_a_term_of_rubbish_matches_nothing(term: Any) -> None:
    """A part that cannot be read does not make the rest hold."""
    assert not admitted(pod(term))


NAMES = ("a", "b", "c")
REQUIREMENTS: st.SearchStrategy[Any] = st.one_of(
    st.fixed_dictionaries(
        {
            "key": st.sampled_from(["disk", "cores", "gpu"]),
            "operator": st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]),
            "values": st.lists(st.sampled_from(["ssd", "8", "9"]), max_size=2),
        }
    ),
    st.sampled_from([None, 7, {}]),
)
FIELDS = st.builds(
    lambda name, operator: {"key": "metadata.name", "operator": operator, "values": [name]},
    st.sampled_from(NAMES),
    st.sampled_from(["In", "NotIn"]),
)
TERMS = st.fixed_dictionaries(
    {},
    optional={
        "matchExpressions": st.one_of(st.none(), st.lists(REQUIREMENTS, max_size=2)),
        "matchFields": st.one_of(st.none(), st.just(7), st.lists(FIELDS, max_size=2)),
    },
)
PODS = st.one_of(st.just({}), st.sampled_from(RUBBISH), st.lists(TERMS, max_size=3).map(lambda terms: pod(*terms)))


@pytest.mark.property
@given(
    PODS, st.lists(st.sampled_from(NAMES), unique=True), st.dictionaries(st.sampled_from(list(LABELS)), st.just("8"))
)
def test_narrowed_admits_what_was_admitted_and_is_named(
    document: Any, names: list[str], labels: dict[str, str]
) -> None:
    """Exactly that; and the document that it is made of does not change."""
    before = copy.deepcopy(document)

    narrow = narrowed(document, names)

    assert [n for n in NAMES if admitted(narrow, n, labels)] == [
        n for n in NAMES if admitted(document, n, labels) and n in names
    ]
    assert document == before


def test_terms_that_each_launch_would_repeat_too_often_are_refused() -> None:
    """A task that names 200 nodes beside a megabyte of terms would cost the operator 200 megabytes a launch."""
    term = {"matchExpressions": [{"key": "a", "operator": "In", "values": ["x" * (LONGEST_TERMS - 72)]}]}
    judge("spec", {})
    judge("spec", pod(term))

    with pytest.raises(SpecError) as refused:
        judge("spec", pod(term, {}))

    assert str(refused.value) == (
        f"spec.affinity.nodeAffinity.{REQUIRED}.nodeSelectorTerms: beside nodeNames, nodeAddresses and runOn EveryNode "
        "2048 characters of JSON are the most; it has 2052"
    )
