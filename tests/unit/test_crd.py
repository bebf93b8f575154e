"""The TorchTask definition keeps its own rules. What it refuses and accepts is tested against a real API server."""

import json
from collections import Counter

import pytest

from tests.crd.schema import (
    CHART_COPY,
    CRD_FILE,
    ROOT,
    always_refused,
    constraints,
    definition,
    places,
    values_at,
    version,
)
from tests.crd.written import written

DESCRIBED_BY_KUBERNETES = {"metadata"}
"""Places in which the API server allows no words of ours."""

PAST = {".metadata.creationTimestamp", ".status.lastScheduleTime"}
"""Columns' times that never lie ahead of now."""

SIZE_LIMIT = 200 * 1024


def test_the_definition_is_small() -> None:
    """`kubectl apply` keeps a copy of what it applied in an annotation, which has room for 256 KiB."""
    assert len(json.dumps(definition())) < SIZE_LIMIT


def test_the_chart_carries_the_same_definition() -> None:
    """There is one definition, however it is installed."""
    assert CHART_COPY.read_bytes() == CRD_FILE.read_bytes()


def test_every_place_is_described() -> None:
    """`kubectl explain` leaves nobody without an answer."""
    bare = [place for place, schema in places() if not schema.get("description")]

    assert set(bare) == DESCRIBED_BY_KUBERNETES


def test_every_number_string_list_and_map_of_the_spec_is_bounded() -> None:
    """No task harms another by its size."""
    limits: dict[str | None, list[set[str]]] = {
        "integer": [{"minimum", "maximum"}],
        "string": [{"maxLength"}, {"enum"}],
        "array": [{"maxItems"}],
        "object": [{"properties"}, {"maxProperties"}],
        "boolean": [set()],
        None: [{"maxLength", "x-kubernetes-int-or-string"}],
    }
    for place, schema in places():
        if not place.startswith("spec") or always_refused(schema):
            continue
        kind = schema.get("type")
        assert any(words <= schema.keys() for words in limits[kind]), f"{place} has no bound"
        if schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema:
            assert "maxProperties" in schema, f"{place} is open and has no bound"


def test_every_string_list_and_map_of_the_status_is_bounded() -> None:
    """A status filled with rubbish stays of a size that the operator can read."""
    for place, schema in places():
        if place.startswith("status"):
            assert schema.get("type") != "string" or {"maxLength", "enum", "format"} & schema.keys(), place
            assert schema.get("type") != "array" or "maxItems" in schema, place
            assert "additionalProperties" not in schema, place
            assert "x-kubernetes-preserve-unknown-fields" not in schema, place


def test_only_unconditional_defaults_stand_in_the_schema() -> None:
    """A default that depends on another field is the operator's to apply, so that unset and set stay apart."""
    assert {place: schema["default"] for place, schema in places() if "default" in schema} == {
        "spec.suspend": False,
        "spec.timeZone": "UTC",
        "spec.daylightSaving": {},
        "spec.daylightSaving.gap": "RunAfter",
        "spec.daylightSaving.fold": "Once",
        "spec.dayMatch": "Or",
        "spec.daemon.restartPolicy": "Always",
        "spec.daemon.restartDelaySeconds": 1,
        "spec.daemon.minReadySeconds": 1,
        "spec.daemon.startRetries": 3,
        "spec.concurrencyPolicy": "Forbid",
        "spec.priority": 0,
        "spec.runOn": "AnyNode",
        "spec.catchUp": "Latest",
        "spec.successfulJobsHistoryLimit": 3,
        "spec.failedJobsHistoryLimit": 3,
    }


def test_every_schedule_is_judged_by_the_same_rules() -> None:
    """An additional schedule is no other language."""
    schemas = dict(places())
    first, additional = schemas["spec.schedule"], schemas["spec.additionalSchedules[]"]

    assert {**additional, "description": first["description"]} == first


def test_no_two_constraints_read_alike() -> None:
    """Each constraint can be named, and so have its own invalid document."""
    assert [name for name, times in Counter(constraints()).items() if times > 1] == []


def test_the_columns_are_those_that_the_readme_shows() -> None:
    """People and scripts read the table by its columns."""
    columns = version()["additionalPrinterColumns"]
    shown = next(line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if "SKIPPED" in line)

    assert ["NAME", *(c["name"].upper() for c in columns if not c.get("priority"))] == shown.split()
    assert [c["name"].upper() for c in columns if c.get("priority")] == ["TZ", "FAILS", "MISSED", "LATE-P99", "REASON"]


def test_date_columns_show_only_times_that_are_past() -> None:
    """Kubectl prints a date that is still to come as `<invalid>`."""
    assert {c["jsonPath"] for c in version()["additionalPrinterColumns"] if c["type"] == "date"} <= PAST


@pytest.mark.parametrize("column", version()["additionalPrinterColumns"], ids=lambda column: column["name"])
def test_every_column_shows_a_declared_place(column: dict[str, str]) -> None:
    """A column over a misspelled path would stay empty for ever."""
    path = column["jsonPath"].removeprefix(".").replace('[?(@.type=="Ready")]', "[]")
    _, _, either = path.partition("*['")
    shown = either.removesuffix("']").split("','") if either else [path]
    known = [place for place, _ in places()] + ["metadata.creationTimestamp"]
    found = [[p for p in known if p == name or (either and p.split(".")[1:] == [name])] for name in shown]

    assert [len(places_) for places_ in found] == [1] * len(shown)


def test_the_definition_names_the_resource() -> None:
    """Manifests and commands are written against group, kind, short name, categories and status subresource."""
    spec = definition()["spec"]

    assert (spec["group"], spec["names"]["kind"], spec["names"]["plural"]) == (
        "torchtask.dev",
        "TorchTask",
        "torchtasks",
    )
    assert (spec["names"]["shortNames"], spec["names"]["categories"]) == (["tt"], ["torch", "all"])
    assert version()["subresources"] == {"status": {}}
    assert version()["selectableFields"] == [{"jsonPath": ".spec.suspend"}]


def test_every_field_of_the_status_is_written() -> None:
    """A field that the definition has and the operator never writes would be looked at in vain."""
    known = {place for place, _ in places() if place.startswith("status.")}
    found = {
        place
        for place in known
        for status in (written(), written(daemon={}))
        if [*values_at(place, {"status": status})]
    }

    assert found == known
