"""Specs that the operator refuses: those that the definition refuses, in words that name the field."""

from collections.abc import Iterator
from contextlib import nullcontext, suppress
from typing import Any

import pytest

from tests.crd import refused_limits, refused_when
from tests.crd.accepted import SPECS
from tests.crd.documents import Refusal, daemon, task, template
from tests.crd.schema import version
from torchtask.cluster.nesting import DEEPEST
from torchtask.core.errors import SpecError, UnknownTimeZoneError
from torchtask.core.spec import Spec
from torchtask.core.wire import tasks

UID = "0a1b2c3d-0000-4000-8000-000000000000"
AT = "2027-01-01T00:00:00Z"


def read(document: dict[str, Any]) -> Spec:
    """Read the spec of a TorchTask."""
    return tasks.spec(document["spec"], UID)


JUDGED_AGAIN = (
    "pendingTimeoutSeconds",
    "ttlSecondsAfterFinished",
    "priority",
    "circuitBreaker",
    "runOn",
    "nodeN",
    "nodeA",
)
REFUSED = {
    **refused_when.AT,
    **refused_when.DAEMON,
    **{name: r for name, r in refused_limits.REFUSED.items() if name.removeprefix("spec.").startswith(JUDGED_AGAIN)},
}


@pytest.mark.parametrize(("constraint", "refusal"), REFUSED.items())
def test_what_the_definition_refuses_is_refused_again(constraint: str, refusal: Refusal) -> None:
    """An older definition may have let it in: the error names the same field."""
    place = refusal.field or constraint.split(" ", maxsplit=1)[0].replace("[]", "[0]")
    with pytest.raises(SpecError) as caught:
        read(refusal.document)

    assert f"{caught.value.field_path}.".startswith(f"{place.removesuffix('[1]')}.")


@pytest.mark.parametrize("name", SPECS)
def test_what_the_definition_accepts_is_understood(name: str) -> None:
    """Nothing that a user could apply is refused afterwards, but for zones that are none."""
    try:
        read(SPECS[name])
    except UnknownTimeZoneError:
        assert set(SPECS[name]["spec"]["timeZone"]) == {"Z"}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (daemon(schedule="@daily"), "spec: exactly one of schedule, at and daemon is needed"),
        (daemon(daemon=None), "spec.daemon: is missing: an object is needed"),
        (daemon(daemon=[]), "spec.daemon: [] is not an object"),
        (daemon(daemon={"startRetries": "3"}), "spec.daemon.startRetries: '3' is not a whole number"),
        (daemon(maxInstances=101), "spec.maxInstances: 101 is not in 1–100"),
        (daemon(jitterSeconds=5), "spec.jitterSeconds: has no meaning beside spec.daemon"),
        (task(at=AT, dayMatch="And"), "spec.dayMatch: has no meaning beside spec.at; remove it"),
        (task(ttlSecondsAfterFinished=5), "spec.ttlSecondsAfterFinished: has no meaning beside spec.schedule"),
        (task(circuitBreaker=5), "spec.circuitBreaker: 5 is not an object"),
        (task(circuitBreaker={"failureThreshold": 3}), "spec.circuitBreaker.probeAfterSeconds: is missing"),
        (task(priority=1001), "spec.priority: 1001 is not in -1000–1000"),
        (
            task(timeoutSeconds=30, pendingTimeoutSeconds=30),
            "spec.pendingTimeoutSeconds: 30 is not less than timeoutSeconds, 30",
        ),
        (
            task(runOn="EveryNode", concurrencyPolicy="Queue"),
            "spec.runOn: EveryNode goes with concurrencyPolicy Forbid",
        ),
        (task(nodeSelector={"disk": 1}), "spec.nodeSelector[disk]: 1 is not a text"),
        (task(nodeNames="a"), "spec.nodeNames: 'a' is not a list"),
        (task(nodeNames=[]), "spec.nodeNames: 0 entries are not in 1–100"),
        (task(nodeNames=["a", "a"]), "spec.nodeNames: names one twice"),
        (task(nodeNames=["a", "B_1"]), "spec.nodeNames[1]: 'B_1' is not the name of a node"),
        (task(nodeAddresses=["10.0.3"]), "spec.nodeAddresses[0]: '10.0.3' is not an IP address"),
    ],
)
def test_a_bad_field_is_named(document: dict[str, Any], message: str) -> None:
    """The error says which field, and what would be right."""
    with pytest.raises(SpecError) as caught:
        read(document)

    assert str(caught.value).startswith(message)


FIELDS = sorted(version()["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"])
ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    1.5,
    10**30,
    "",
    "x",
    [],
    [None],
    [{}],
    {},
    {"x": None},
    {"name": "x"},
    {"spec": 1},
)
WRITTEN: tuple[dict[str, Any], ...] = (
    daemon(daemon={"startRetries": 1, "minReadySeconds": 5}, runOn="EveryNode")["spec"],
    task(at=AT, ttlSecondsAfterFinished=5, pendingTimeoutSeconds=5)["spec"],
    task(
        nodeNames=["a"],
        nodeAddresses=["::1"],
        nodeSelector={"disk": "ssd"},
        daylightSaving={"gap": "Skip"},
        circuitBreaker={"failureThreshold": 1, "probeAfterSeconds": 1},
    )["spec"],
    template(metadata={"labels": {"team": "a"}, "annotations": {"team": "a"}}, ttlSecondsAfterFinished=60)["spec"],
)


def with_odd_parts(value: Any) -> Iterator[Any]:
    """Yield the value with each part of it replaced by each odd value, the whole included."""
    yield from ODD
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    for key, part in items:
        for odd in with_odd_parts(part):
            changed = value.copy()
            changed[key] = odd
            yield changed


@pytest.mark.parametrize("spec", WRITTEN, ids=" ".join)
def test_whatever_stands_in_a_spec_it_is_judged(spec: dict[str, Any]) -> None:
    """Wherever something odd stands, judging it raises nothing but `SpecError`."""
    for odd in (*with_odd_parts(spec), *({**spec, field: odd} for field in FIELDS for odd in ODD)):
        with suppress(SpecError):
            tasks.spec(odd, UID)


@pytest.mark.parametrize("beyond", [2**64, -(2**63) - 1, "\ud800"])
def test_what_cannot_be_kept_as_json_is_refused(beyond: object) -> None:
    """No API server tells of such: it would run as something else, or not at all."""
    with pytest.raises(SpecError, match="spec: cannot be written as JSON"):
        read(template(fancy=beyond))


def test_what_is_nested_deeper_than_it_can_be_written_is_refused() -> None:
    """Also what was cut on the way here: no Job is made of the rest."""
    deep: Any = 1
    for _ in range(DEEPEST - 20):
        deep = {"a": deep}

    with pytest.raises(SpecError, match=r"spec: cannot be written as JSON .*254 levels"):
        read(template(fancy=deep))


@pytest.mark.parametrize(("size", "refused"), [(130_000, False), (132_000, True)])
def test_a_spec_has_a_size(size: int, *, refused: bool) -> None:
    """All are kept in memory, and packed for each launch."""
    message = r"spec: is 132,\d{3} bytes as JSON, and may be 131,072: a ConfigMap holds more"
    with pytest.raises(SpecError, match=message) if refused else nullcontext():
        read(template(fancy="x" * size))
