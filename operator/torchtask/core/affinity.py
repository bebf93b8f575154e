"""The node affinity that a Pod requires: which nodes it admits, and how it is narrowed to some of them.

The rules are Kubernetes' (https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#node-affinity, and
NodeSelectorTerm in the API reference): terms are ORed, what stands in one term is ANDed, and a term in which nothing
stands matches no node. Labels are compared by expressions; of fields there is `metadata.name`, with exactly one value.
Law: narrowing never admits a node that was not admitted before.
Law: what is no affinity admits no node and stays as it is, for the API server to refuse.
"""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from torchtask.core.errors import SpecError
from torchtask.core.lenient import mapping, mappings
from torchtask.core.spec import Json

Terms = list[Any] | None  # None: any node is admitted

LONGEST_TERMS = 2048  # characters; each launch may repeat them 200 times, and each node may be compared with them
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_STEPS = ("affinity", "nodeAffinity", _REQUIRED)
_NUMBER = re.compile(r"([+-]?)0*([0-9]{1,19})")
_INT64 = range(-(2**63), 2**63)


def required_terms(pod: Json) -> Terms:
    """Read the terms of which a node must match one; None when the Pod requires none."""
    required = _required(pod)
    if required is None:
        return None
    terms = mapping(required).get("nodeSelectorTerms")
    return terms if isinstance(terms, list) else []


def admits(terms: Terms, name: str, labels: Mapping[str, str]) -> bool:
    """Tell whether a Pod with these terms may be on a node of this name with these labels."""
    return terms is None or any(_matches(mapping(term), name, labels) for term in terms)


def narrowed(pod: Json, names: Collection[str]) -> Json:
    """Return the Pod with each of its terms narrowed to each of these nodes; no names admit no node."""
    own = [{"key": "metadata.name", "operator": "In", "values": [name]} for name in names]
    required = _required(pod)
    if required is None:
        terms: list[Any] = [{"matchFields": [requirement]} for requirement in own]
    elif isinstance(required, dict) and isinstance(required.get("nodeSelectorTerms"), list):
        terms = [both for term in required["nodeSelectorTerms"] for both in _both(term, own)]
    else:
        return pod
    affinity = pod.get("affinity") or {}
    of_nodes = affinity.get("nodeAffinity") or {}
    required = (of_nodes.get(_REQUIRED) or {}) | {"nodeSelectorTerms": terms}
    return {**pod, "affinity": {**affinity, "nodeAffinity": {**of_nodes, _REQUIRED: required}}}


def judge(path: str, pod: Json) -> None:
    """Raise SpecError when the terms are too long to be narrowed at each launch; `path` is the Pod's."""
    length = len(json.dumps(required_terms(pod)))
    if length > LONGEST_TERMS:
        message = f"beside nodeNames, nodeAddresses and runOn EveryNode {LONGEST_TERMS} characters of JSON are the most"
        raise SpecError(".".join((path, *_STEPS, "nodeSelectorTerms")), f"{message}; it has {length}")


def _required(pod: Json) -> object:
    """Return what stands at the end of the path, or what rubbish is in its way; None when nothing is there."""
    found: object = pod
    for step in _STEPS:
        if not isinstance(found, dict):
            return found
        found = found.get(step)
        if found is None:
            return None
    return found


def _both(term: object, own: list[dict[str, Any]]) -> list[Any]:
    """AND each of our requirements into a term. One that matches nothing must not become one that matches a node."""
    if not isinstance(term, dict) or not any(term.values()):
        return [term]
    fields = [] if term.get("matchFields") is None else term["matchFields"]
    return [{**term, "matchFields": [*fields, one]} for one in own] if isinstance(fields, list) else [term]


def _matches(term: Json, name: str, labels: Mapping[str, str]) -> bool:
    expressions, fields = term.get("matchExpressions") or [], term.get("matchFields") or []
    if not all(isinstance(listed, list) for listed in (expressions, fields)) or not (expressions or fields):
        return False
    by_label, by_field = mappings(expressions), mappings(fields)
    if len(by_label) + len(by_field) < len(expressions) + len(fields):
        return False
    return all(_expression_holds(r, labels) for r in by_label) and all(_field_holds(r, name) for r in by_field)


def _expression_holds(requirement: Json, labels: Mapping[str, str]) -> bool:
    key, values = requirement.get("key"), requirement.get("values") or []
    if not isinstance(key, str) or not isinstance(values, list):
        return False
    found = labels.get(key)
    match requirement.get("operator"):
        case "In":
            return found is not None and found in values
        case "NotIn":  # a node without the label is not in any list
            return bool(values) and found not in values
        case "Exists":
            return found is not None
        case "DoesNotExist":
            return found is None
        case "Gt" | "Lt" as operator if len(values) == 1:
            have, limit = _number(found), _number(values[0])
            return have is not None and limit is not None and (have > limit if operator == "Gt" else have < limit)
    return False


def _field_holds(requirement: Json, name: str) -> bool:
    key, values = requirement.get("key"), requirement.get("values")
    if key != "metadata.name" or not isinstance(values, list) or len(values) != 1:
        return False
    match requirement.get("operator"):
        case "In":
            return bool(values[0] == name)
        case "NotIn":
            return bool(values[0] != name)
    return False


def _number(value: object) -> int | None:
    """Read what Go reads as an integer of 64 bits."""
    found = _NUMBER.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    number = int("".join(found.groups()))
    return number if number in _INT64 else None
