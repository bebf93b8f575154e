"""The tables of `docs/operating.md` are true: they say what the code and the chart do."""

import re
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from tests.chart import ROOT, rules, values, variables
from tests.pages import Row, codes, page, tables
from torchtask.cluster.paths import LEASE
from torchtask.core.admission import Admission, Want
from torchtask.core.caps import Limits, Usage
from torchtask.core.hold import CONFIG_MAP, hold
from torchtask.core.launch import Attempt
from torchtask.core.units import Timed
from torchtask.engine import feed, operation
from torchtask.engine.leader import GIVE_BACK_SECONDS, UNKNOWN_SECONDS
from torchtask.engine.levels import TASK_STATES
from torchtask.engine.operation import DRAIN_SECONDS, FLUSH_SECONDS
from torchtask.engine.sight import BLIND_SECONDS
from torchtask.engine.skew import MOST_SECONDS
from torchtask.engine.task_sight import UNHEARD_SECONDS
from torchtask.metrics import Metrics
from torchtask.settings import OF_LIMITS, OF_SETTINGS, SettingError, load

PAGE = page("operating.md")
SETTINGS = tables(PAGE)["variable | value of the chart | unset | may be | what it does"]
HELD = tables(PAGE)["`data.namespaces` | is held"]
CAPS = tables(PAGE)["cap | what a launch that waits says"]
METRICS = tables(PAGE)["metric | kind | labels | what it tells"]
OBSTACLES = tables(PAGE)["`/readyz` says | that is | look at"]
PERMISSIONS = tables(PAGE)["resource | verbs | why"]
ENGINE = ROOT / "operator" / "torchtask" / "engine"
OUTSIDE = Path("/nonexistent")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def code(cell: str) -> str:
    """Return the one code of a cell."""
    (only,) = codes(cell)
    return only


def test_every_setting_is_on_the_page() -> None:
    """No setting is secret, and none is made up."""
    assert {code(row[0]) for row in SETTINGS} == {*OF_SETTINGS, *OF_LIMITS}


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: code(row[0]))
def test_the_table_of_settings_is_true(row: Row) -> None:
    """What stands under *unset* is the default, and what may be set is what the operator takes."""
    variable, _, unset, may_be, _ = row
    name, numbers = code(variable), re.match(r"([\d,]+)–([\d,]+)", may_be)
    allowed = codes(may_be)
    if codes(unset):
        assert load({name: codes(unset)[-1]}, OUTSIDE) == load({}, OUTSIDE)
    if numbers:
        least, most = (int(number.replace(",", "")) for number in numbers.groups())
        allowed += [str(least), str(most)]
        for beyond in (least - 1, most + 1):
            with pytest.raises(SettingError):
                load({name: str(beyond)}, OUTSIDE)
    for text in [*allowed, *([""] if "empty" in may_be else [])]:
        load({name: text}, OUTSIDE)
    assert allowed or may_be in {"a namespace", "a name"}


def test_the_values_of_the_chart_are_those_that_set_them() -> None:
    """Each variable is given by the value beside it."""
    shown = {code(row[0]): code(row[1]) for row in SETTINGS if row[1] != "–"}
    by_hand = {"TORCHTASK_LOG_LEVEL": "logLevel", "TORCHTASK_HEALTH_PORT": "healthPort"}

    assert shown == {**by_hand, **variables()}
    assert {place.partition(".")[0] for place in shown.values()} <= {*values()}


def test_the_table_of_the_hold_is_true() -> None:
    """What stands in the first column holds what the second says."""
    for named, held in HELD:
        for text in [*codes(named), *([""] if "nothing" in named else [])]:
            found = hold({"data": {"namespaces": text}})
            assert (found.covers("team-a"), found.covers("elsewhere")) == (True, held.startswith("everywhere"))
    assert hold({"data": {}}).everywhere


def test_the_commands_make_the_config_map_that_is_read() -> None:
    """Its name and its keys."""
    commands = re.findall(r"^kubectl .* configmap (\S+)(.*)$", PAGE, re.MULTILINE)

    assert {name for name, _ in commands} == {CONFIG_MAP}
    assert {key for _, rest in commands for key in re.findall(r"--from-literal=(\w+)=", rest)} == {
        "namespaces",
        "reason",
    }


def kept_back(limits: Limits, usage: Usage, *, held: bool = False) -> str | None:
    """Say what keeps the last of a few hundred launches back."""
    admission = Admission(limits)
    for number in range(300):
        time = NOON + timedelta(seconds=number)
        admission.want(Want(str(number), Timed(time), "a", 0, time))
    list(admission.admit(usage, lambda _: held, 0.0))
    return admission.why("299", Timed(NOON + timedelta(seconds=299)))


def test_the_words_about_caps_are_those_of_admission() -> None:
    """A user who finds a sentence in a status finds it here."""
    limits, free = Limits(), Usage({}, {})
    said: dict[str, Any] = {
        "limits.active": kept_back(limits, Usage({"b": limits.active}, {})),
        "limits.activeInNamespace": kept_back(limits, Usage({"a": limits.active_in_namespace}, {})),
        "limits.launchesPerSecond": kept_back(replace(limits, launches_in_namespace=1_000), free),
        "limits.launchesPerSecondInNamespace": kept_back(limits, free),
        "limits.withoutPod, all together": kept_back(limits, Usage({}, {"b": limits.without_pod})),
        "limits.withoutPod, one namespace": kept_back(limits, Usage({}, {"a": limits.without_pod * 3 // 4})),
        "the [hold](#hold)": kept_back(limits, free, held=True),
    }

    assert {cap.replace("`", ""): code(words) for cap, words in CAPS} == said


def test_every_metric_is_on_the_page() -> None:
    """With its kind and its labels; those of the process are everybody's."""
    registry = Metrics().registry
    own = {
        family.name + ("_total" if family.type == "counter" else ""): (family.type, _labels(registry, family.name))
        for family in registry.collect()
        if family.name.startswith("torchtask_")
    }

    assert {code(row[0]): (row[1], codes(row[2])) for row in METRICS} == own


def test_the_alerts_are_about_metrics_that_there_are() -> None:
    """What is copied from the page finds something."""
    named = {name for line in codes(PAGE) for name in re.findall(r"torchtask_[a-z_]+", line)}

    assert named == {code(row[0]) for row in METRICS}


def test_the_states_that_are_told_apart_are_on_the_page() -> None:
    """Each value of a label that the code gives it."""
    said = {code(row[0]): codes(row[3]) for row in METRICS}

    assert said["torchtask_tasks"] == [*TASK_STATES]
    assert said["torchtask_launches"] == [attempt.lower() for attempt in Attempt]


def _labels(registry: CollectorRegistry, name: str) -> list[str]:
    """Return the names of a metric's labels; the registry keeps them to itself."""
    return list(getattr(registry._names_to_collectors[name], "_labelnames"))  # noqa: B009, SLF001 -- so does the metric


def test_the_table_of_permissions_is_the_charts() -> None:
    """A verb that the chart grants has its reason here."""
    granted: dict[str, list[str]] = defaultdict(list)
    for rule in rules("rbac.yaml"):
        for resource in rule["resources"]:
            granted[resource] += rule["verbs"]
    assert {code(row[0]): codes(row[1]) for row in PERMISSIONS} == granted
    assert [rule["resourceNames"] for rule in rules("rbac.yaml") if "resourceNames" in rule] == [[CONFIG_MAP], [LEASE]]


def test_what_readyz_says_is_on_the_page() -> None:
    """Whoever finds these words finds what is behind them; what stands for a number or a name is left out here."""
    source = "".join(path.read_text(encoding="utf-8") for path in ENGINE.glob("*.py"))
    said = [code(row[0]).removeprefix("no: ") for row in OBSTACLES]

    assert len(said) == len(set(said)) >= 7
    assert [part for words in said for part in re.split(r"…|\d+", words) if part not in source] == []


@pytest.mark.parametrize(
    "words",
    [
        f"launches under way, up to {DRAIN_SECONDS} seconds",
        f"statuses that have news, up to {FLUSH_SECONDS};",
        f"gives the Lease back, up to {GIVE_BACK_SECONDS:g}.",
        f"for {UNKNOWN_SECONDS} seconds the Lease could not be read",
        f"more than {MOST_SECONDS:g} seconds: it would fire",
        f"nothing was heard of the … for {BLIND_SECONDS} s",
        f"listed every {UNHEARD_SECONDS} seconds instead",
        f"stood still for {operation.STUCK_SECONDS} seconds",
        f"has hung for {feed.STUCK_SECONDS};",
    ],
)
def test_the_numbers_are_the_operators_own(words: str) -> None:
    """They stand in the code, too."""
    assert words in " ".join(PAGE.split())
