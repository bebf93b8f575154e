"""The TorchTask definition as the tests see it: its file, its places and its constraints.

A place is written as in a document: `spec.container.env[].name`; `[]` is any item of a list, `{}` any value of a map.
A constraint is written as its place and its keyword, for a rule the first words of its message too:
`spec.maxInstances maximum`, `spec.schedule rule: must have 5 fields`. The place of the whole document is empty.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
CRD_FILE = ROOT / "crds" / "torchtasks.yaml"
CHART_COPY = ROOT / "charts" / "torchtask" / "files" / "torchtasks.yaml"

Document = dict[str, Any]

BOUNDS = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
"""The keywords that stand for a number: what lies on the number is accepted, what lies beyond it is refused."""


def definition() -> Document:
    """Return the whole CustomResourceDefinition."""
    crd: Document = yaml.safe_load(CRD_FILE.read_text(encoding="utf-8"))
    return crd


def version() -> Document:
    """Return the one version of the definition."""
    (only,) = definition()["spec"]["versions"]
    version_: Document = only
    return version_


def places(schema: Document | None = None, place: str = "") -> Iterator[tuple[str, Document]]:
    """Yield every place of the definition and its schema, parents first."""
    if schema is None:
        schema = version()["schema"]["openAPIV3Schema"]
    yield place, schema
    for name, child in schema.get("properties", {}).items():
        yield from places(child, f"{place}.{name}" if place else name)
    if "items" in schema:
        yield from places(schema["items"], f"{place}[]")
    if "additionalProperties" in schema:
        yield from places(schema["additionalProperties"], f"{place}{{}}")


def always_refused(schema: Document) -> bool:
    """Tell whether the place is declared only to be refused with a word on what to set instead."""
    return any(rule["rule"] == "false" for rule in schema.get("x-kubernetes-validations", ()))


def first_words(rule: Document) -> str:
    """Return the beginning of a rule's message, which names the rule among those of its place."""
    return re.split(r" \(|[;:]", rule["message"])[0]


def constraints() -> Iterator[str]:
    """Yield everything in the definition that a document can break, but for plain types and integer sizes."""
    for place, schema in places():
        broken = [keyword for keyword in (*BOUNDS, "enum", "pattern") if keyword in schema]
        broken += [f"required: {name}" for name in schema.get("required", ())]
        broken += [f"rule: {first_words(rule)}" for rule in schema.get("x-kubernetes-validations", ())]
        broken += ["format"] if schema.get("format") == "date-time" else []
        broken += ["unique"] if schema.get("x-kubernetes-list-type") in {"map", "set"} else []
        yield from (f"{place} {constraint}".lstrip() for constraint in broken)


def values_at(place: str, document: Any) -> Iterator[Any]:
    """Yield every value that `document` holds at `place`."""
    head, _, rest = place.partition(".")
    name = head.rstrip("[]{}")
    found = [document[name]] if isinstance(document, dict) and name in document else []
    for step in head[len(name) :].replace("[]", "*").replace("{}", "*"):
        assert step == "*"
        found = [value for many in found for value in (many.values() if isinstance(many, dict) else many)]
    for value in found:
        yield from values_at(rest, value) if rest else [value]
