"""The chart keeps its own rules. What Helm and a cluster make of it is tested end to end."""

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.chart import CHART, ROOT, rules, values, variables
from torchtask.settings import OF_LIMITS, OF_SETTINGS, SettingError, load

SHARED_BY_HELM = {"global"}
"""Values that Helm hands to every chart, asked for or not."""


def schema() -> dict[str, Any]:
    """Return the schema that every installation's values are held against."""
    loaded: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    return loaded


def described(part: dict[str, Any], place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every place below `part` of the schema: `image.tag`, `imagePullSecrets[]`."""
    children = {f"{place}.{name}".lstrip("."): child for name, child in part.get("properties", {}).items()}
    children |= {f"{place}[]": part["items"]} if "items" in part else {}
    for below, child in children.items():
        yield below, child
        yield from described(child, below)


def given(part: dict[str, Any], place: str = "") -> Iterator[str]:
    """Yield every place of the shipped values that the schema declares."""
    declared = {name for name, _ in described(schema())}
    for name, value in part.items():
        below = f"{place}.{name}".lstrip(".")
        yield below
        if isinstance(value, dict) and any(other.startswith(f"{below}.") for other in declared):
            yield from given(value, below)


def test_every_value_is_described() -> None:
    """A value's meaning can be read where it is checked."""
    assert [place for place, part in described(schema()) if not part.get("description")] == []


def test_a_misspelled_value_is_refused_at_every_level() -> None:
    """Nothing that the chart does not know is taken silently."""
    closed = [schema(), *(part for place, part in described(schema()) if place not in SHARED_BY_HELM)]

    assert [part for part in closed if "properties" in part and part.get("additionalProperties") is not False] == []


def test_values_and_schema_name_the_same_things() -> None:
    """What can be set stands in `values.yaml` with its default, and nothing else does."""
    declared = {place for place, _ in described(schema()) if "[]" not in place}

    assert set(given(values())) == declared - SHARED_BY_HELM


def test_every_value_acts() -> None:
    """A value that no template reads would be accepted and ignored."""
    templates = "".join(path.read_text(encoding="utf-8") for path in (CHART / "templates").iterdir())
    read = set(re.findall(r"\.Values\.([A-Za-z.]+)", templates))

    places = list(given(values()))
    single = [place for place in places if not any(other.startswith(f"{place}.") for other in places)]

    assert [place for place in single if not any(f"{place}.".startswith(f"{whole}.") for whole in read)] == []


def test_users_may_use_tasks_and_never_write_a_status() -> None:
    """The built-in roles give them what they give of other objects; what became of a task only the operator tells."""
    edit, view = rules("aggregate.yaml")

    assert edit["resources"] == view["resources"] == ["torchtasks"]
    assert set(view["verbs"]) == {"get", "list", "watch"}
    assert set(edit["verbs"]) == set(view["verbs"]) | {"create", "delete", "deletecollection", "patch", "update"}


def test_every_cap_can_be_set() -> None:
    """Each has its value in the chart, and no value of the chart is forgotten."""
    caps = {f"limits.{name}" for name in values()["limits"]}

    assert {*variables().values()} == {*caps, "defaultTimeoutSeconds"}
    assert {*OF_LIMITS} < {*variables()} < {*OF_LIMITS, *OF_SETTINGS}


def test_the_shipped_caps_are_the_operators_own() -> None:
    """Installed by the chart or started by hand, the operator does the same."""
    given = {variable: str(values()["limits"][place.removeprefix("limits.")])
             for variable, place in variables().items() if place != "defaultTimeoutSeconds"}  # fmt: skip

    assert load(given) == load({})
    assert values()["defaultTimeoutSeconds"] is load({}).default_timeout_seconds is None


def test_chart_and_operator_have_the_same_bounds() -> None:
    """What the chart lets pass the operator takes, and the other way round."""
    places = dict(described(schema()))
    for variable, place in variables().items():
        least, most = places[place]["minimum"], places[place]["maximum"]
        load({variable: str(least)})
        load({variable: str(most)})
        for beyond in (least - 1, most + 1):
            with pytest.raises(SettingError):
                load({variable: str(beyond)})


def test_the_chart_has_the_version_of_the_package() -> None:
    """Chart, image tag and package are one release."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert chart["version"] == chart["appVersion"] == project["version"]
