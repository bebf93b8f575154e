"""What a real API server makes of TorchTasks: every constraint refuses what breaks it, and nothing else is refused."""

import os
from collections.abc import Iterable, Iterator, Sized
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lab import Lab
from lab.api import Api
from lab.site import load
from lab.tools import Tools
from lab.waiting import wait_until
from tests.crd import refused_also, refused_limits, refused_spec, refused_status, refused_when
from tests.crd.accepted import OPTIONS, SCHEDULES, SPECS
from tests.crd.accepted_status import STATUSES
from tests.crd.documents import Refusal, status, task
from tests.crd.schema import BOUNDS, ROOT, constraints, definition, places, values_at
from tests.crd.server import CRDS, KEPT, TASKS, Server
from tests.crd.written import written
from tests.property.schedule_strategies import accepted, texts
from torchtask.core.schedule import When

pytestmark = pytest.mark.e2e

REFUSED = {**refused_when.REFUSED, **refused_limits.REFUSED, **refused_spec.REFUSED, **refused_status.REFUSED}
REST = {"failureThreshold": 1, "probeAfterSeconds": 1}
TIME = "2099-01-01T00:00:00Z"
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
VECTORS = yaml.safe_load((ROOT / "tests" / "vectors" / "schedule.yaml").read_text(encoding="utf-8"))


def sizes(values: Iterable[Any], keyword: str) -> set[Any]:
    """Return what `keyword` measures of each value: itself, or how much it holds."""
    if keyword in {"minimum", "maximum"}:
        return set(values)
    return {len(value) for value in values if isinstance(value, Sized)}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Start an API server with the definition in it, and one task on which statuses are tried."""
    lab = Lab(f"crd-{os.getpid()}")
    try:
        cluster = lab.up(nodes=0)
        site = load(lab.name)
        assert site
        api = Api(site)
        api.create(CRDS, definition())
        wait_until(lambda: api.call("POST", TASKS, task(name=KEPT))[0] == 201, "a task to be kept", within=10)
        yield Server(api, Tools(str(cluster.kubeconfig)))
    finally:
        lab.down()


def test_every_constraint_has_a_document_that_breaks_it() -> None:
    """A rule or bound that is added without proof that it refuses something fails here."""
    assert set(constraints()) == set(REFUSED)


@pytest.mark.parametrize(("constraint", "refusal"), [*REFUSED.items(), *refused_also.ALSO_REFUSED])
def test_a_constraint_refuses_what_breaks_it(server: Server, constraint: str, refusal: Refusal) -> None:
    """The server names the one place that is wrong and says what is expected there."""
    place = refusal.field or constraint.split(" ", maxsplit=1)[0].replace("[]", "[0]")

    ((field, words),) = server.refusal(refusal.document)

    assert field == place
    assert refusal.words in words


@pytest.mark.parametrize("name", SPECS)
def test_a_valid_spec_is_accepted(server: Server, name: str) -> None:
    """What the definition allows is kept as it was written, fields of a Job that we have never heard of included."""
    document = SPECS[name]

    kept = server.kept(document)

    assert {**kept["spec"], **document["spec"]} == kept["spec"]


@pytest.mark.parametrize("name", STATUSES)
def test_a_valid_status_is_accepted(server: Server, name: str) -> None:
    """What the operator may write is kept as it was written."""
    assert server.kept(STATUSES[name])["status"] == STATUSES[name]["status"]


@pytest.mark.parametrize("spec", [{"timeZone": "America/St_Johns"}, {"circuitBreaker": REST}, {"daemon": {}}])
def test_what_the_operator_writes_is_kept_whole(server: Server, spec: dict[str, Any]) -> None:
    """No field of the operator's own status is refused, and none is dropped in silence."""
    assert server.kept(status(**written(**spec)), strict=True)["status"] == written(**spec)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_accepted(server: Server, path: Path) -> None:
    """Every example holds tasks that a strict server takes without a warning."""
    for example in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        server.kept(example, strict=True)


def test_every_bound_and_choice_is_tried_from_inside() -> None:
    """A value that lies on a bound, and each value of a choice, stands in an accepted document."""
    documents = [*SPECS.values(), *STATUSES.values()]
    for place, schema in places():
        values = [value for document in documents for value in values_at(place, document)]
        for keyword in BOUNDS:
            if keyword in schema:
                assert schema[keyword] in sizes(values, keyword), f"{place} {keyword}"
        untried = set(schema.get("enum", ())) - {value for value in values if isinstance(value, str)}
        assert all(choice == schema.get("default") for choice in untried), place


def test_a_field_that_is_not_there_is_refused(server: Server) -> None:
    """Nobody believes in a setting that the operator ignores."""
    code, answer = server.apply(task(maxInstance=1), strict=True)

    assert code == 400
    assert 'unknown field "spec.maxInstance"' in answer["message"]


def test_defaults_are_filled_in(server: Server) -> None:
    """Unconditional defaults can be read on the object."""
    kept = server.kept(task())["spec"]

    assert {name: kept[name] for name in kept.keys() - task()["spec"].keys()} == {
        "timeZone": "UTC",
        "daylightSaving": {"gap": "RunAfter", "fold": "Once"},
        "dayMatch": "Or",
        "suspend": False,
        "concurrencyPolicy": "Forbid",
        "priority": 0,
        "catchUp": "Latest",
        "runOn": "AnyNode",
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 3,
    }


def test_a_daemon_needs_no_options(server: Server) -> None:
    """`daemon: {}` is a daemon, and its defaults can be read on the object."""
    assert server.kept(task(daemon={}))["spec"]["daemon"] == OPTIONS


def test_half_of_a_choice_is_completed(server: Server) -> None:
    """Who says what happens in a gap keeps the default for the fold."""
    assert server.kept(task(daylightSaving={"gap": "Skip"}))["spec"]["daylightSaving"] == {
        "gap": "Skip",
        "fold": "Once",
    }


@pytest.mark.parametrize(("field", "value"), [("schedule", "@daily"), ("at", TIME)])
def test_the_table_says_at_once_when_a_task_fires(server: Server, field: str, value: str) -> None:
    """SCHEDULE needs no operator: it shows what the user wrote, a schedule or a moment."""
    written = task(name="shown", timeZone="Europe/Berlin", **{field: value})

    assert server.shown(written, "SCHEDULE") == value
    assert server.shown(written, "TZ") == "Europe/Berlin"


@pytest.mark.parametrize(
    ("spec", "cell"), [({"daemon": {}}, "daemon ×3"), ({"schedule": "@daily"}, "@daily"), ({"at": TIME}, TIME)]
)
def test_the_table_says_what_the_operator_makes_of_a_daemon(server: Server, spec: dict[str, Any], cell: str) -> None:
    """A daemon has no text of its own to show; what users wrote stays before what the operator says of it."""
    written = task(name="shown", **spec)

    assert server.shown(written, "SCHEDULE", status={"scheduleSummary": "daemon ×3"}) == cell


@pytest.mark.parametrize(("suspended", "names"), [("false", [KEPT]), ("true", [])])
def test_tasks_can_be_selected_by_suspend(server: Server, suspended: str, names: list[str]) -> None:
    """`kubectl get torchtasks --field-selector spec.suspend=true` finds what somebody forgot to resume."""
    assert server.selected(f"spec.suspend={suspended}") == names


@pytest.mark.parametrize("text", SCHEDULES)
def test_a_schedule_that_means_something_is_accepted(server: Server, text: str) -> None:
    """The rules on cron texts refuse nothing that the schedule language knows."""
    assert server.refusal(task(schedule=text)) == []


def test_no_valid_schedule_of_the_vectors_is_refused(server: Server) -> None:
    """Of the vectors' texts the server refuses only what the language refuses too."""
    vectors = {vector["expr"]: vector for vector in VECTORS}

    refused = {text for text in vectors if server.refusal(task(schedule=text))}

    assert len(vectors) > 100
    assert refused
    assert refused <= {text for text, vector in vectors.items() if vector.get("invalid")}


@given(st.lists(texts(), min_size=8, max_size=8))
def test_no_schedule_that_the_language_knows_is_refused(server: Server, drawn: list[str]) -> None:
    """Whatever is built from the language's pieces and names a date, the server accepts."""
    first, *more = [text for text in drawn if accepted(When(schedule=text))] or ["* * * * *"]

    assert server.refusal(task(schedule=first, additionalSchedules=more)) == []
