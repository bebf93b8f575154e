"""`docs/tasks.md` and `docs/status.md` name every field of the definition, and no other; their examples are valid."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.crd.documents import task
from tests.crd.schema import Document, always_refused, places, values_at, version
from tests.pages import codes, documents, expanded, field, page, tables
from tests.scenario import UID
from torchtask.core.errors import SpecError
from torchtask.core.spec import Spec
from torchtask.core.wire import ledgers, tasks

TASKS, STATUS = page("tasks.md"), page("status.md")
WITH_EXAMPLE = "field | unset | what it does | example"
SPEC_TABLES = (WITH_EXAMPLE, "field | unset | what it does")

OF_KUBERNETES = {"metadata.generation"}
"""What the pages name besides the fields of the definition."""

LIKE_A_FIELD = re.compile(r"[a-z]+([A-Z][a-z]+)+|[a-z]\w+(\[\])?(\.\w+(\[\])?)+")


def _named(part: str) -> set[str]:
    """Name the fields that the tables of a page have, as places of the definition."""
    found, headings = (tables(TASKS), SPEC_TABLES) if part == "spec" else (tables(STATUS), ("field | what it says",))
    cells = [row[0] for heading in headings for row in found[heading]]
    return {f"{part}.{place}" for cell in cells for code in codes(cell) for place in expanded(code)}


def _ancestors(place: str) -> set[str]:
    """Name the places that `place` lies in."""
    steps = re.findall(r"\.?[^.\[{]+|\[\]|\{\}", place)
    return {"".join(steps[:number]) for number in range(1, len(steps) + 1)}


@pytest.mark.parametrize("part", ["spec", "status"])
def test_the_tables_name_every_field_and_no_other(part: str) -> None:
    """A field that is added is described to users; one that is planned, renamed or gone is not on the page."""
    fields = {place for place, _ in places() if _ancestors(place) & {part}}
    named = _named(part)
    covered = named | {above for place in named for above in _ancestors(place)}

    assert named <= fields
    assert {p for p in fields if not p.endswith(("[]", "{}"))} <= covered


def test_prose_names_no_field_that_is_not_there() -> None:
    """Words in code that look like a field are fields: of a task, or of what is written into a Job."""
    fields = {place for place, _ in places()}
    known = fields | {f.partition(".")[2] for f in fields} | {f.rpartition(".")[2].strip("[]{}") for f in fields}
    written = {code for row in tables(TASKS)["path | value | written"] for code in codes(row[0])}
    known |= {path for code in written for path in expanded(code)} | OF_KUBERNETES
    for name in (name for code in codes(TASKS) + codes(STATUS) for name in expanded(code)):
        if LIKE_A_FIELD.fullmatch(name):
            assert name in known, name


def _examples() -> Iterator[tuple[str, Document]]:
    for row in tables(TASKS)[WITH_EXAMPLE]:
        (code,) = codes(row[3])
        yield code, task(**field(row[3]))
    for document in documents(TASKS):
        yield document["metadata"]["name"], document


KINDS = {
    "object": {"dict"},
    "array": {"list"},
    "string": {"str"},
    "integer": {"int"},
    "boolean": {"bool"},
    None: {"str", "int"},
}


def _faults(schema: Document, value: Any, place: str) -> Iterator[str]:
    """Yield what the structure of the definition has against a value; its rules are tested on a real API server."""
    if type(value).__name__ not in KINDS[schema.get("type")]:
        yield f"{place} is no {schema.get('type')}"
    elif isinstance(value, dict):
        yield from (f"{place}.{name} is missing" for name in schema.get("required", ()) if name not in value)
        for name, item in value.items():
            known = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
            if known is not None:
                yield from _faults(known, item, f"{place}.{name}")
            elif not schema.get("x-kubernetes-preserve-unknown-fields") and place != ".metadata":
                yield f"{place}.{name} is not there"
    elif isinstance(value, list):
        for item in value:
            yield from _faults(schema["items"], item, f"{place}[]")
    elif value not in schema.get("enum", [value]):
        yield f"{place} is not one of {schema['enum']}"
    elif isinstance(value, int) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{place} is out of range"


@pytest.mark.parametrize(("name", "document"), list(_examples()))
def test_an_example_is_valid(name: str, document: Document) -> None:
    """It fits the definition, and the operator understands it."""
    assert list(_faults(version()["schema"]["openAPIV3Schema"], document, "")) == [], name

    assert isinstance(tasks.spec(document["spec"], UID), Spec)


def test_every_field_of_the_spec_has_an_example() -> None:
    """What can be written is shown somewhere, but for what is always refused."""
    refused = {p for p, schema in places() if always_refused(schema)}
    missing = [
        place
        for place, _ in places()
        if place.startswith("spec") and not _ancestors(place) & refused
        if not any(list(values_at(place, document)) for _, document in _examples())
    ]

    assert missing == []


def _unset() -> dict[str, str]:
    """Return what the page says about fields that are not given."""
    rows = [row for heading in SPEC_TABLES for row in tables(TASKS)[heading]]
    return {code: row[1] for row in rows for code in codes(row[0])}


@pytest.mark.parametrize(
    ("place", "default"),
    [(p.removeprefix("spec."), s["default"]) for p, s in places() if s.get("default") not in ({}, None)],
)
def test_a_default_is_what_the_page_says(place: str, default: object) -> None:
    """The defaults of the definition stand in the column *unset*."""
    assert yaml.safe_load(codes(_unset()[place])[0]) == default


def test_what_is_in_force_without_a_default_is_what_the_page_says() -> None:
    """So do the values that the operator fills in."""
    plain = tasks.spec(task()["spec"], UID)
    queueing = tasks.spec(task(concurrencyPolicy="Queue", catchUp="All")["spec"], UID)
    small = tasks.spec(task(concurrencyPolicy="Queue", catchUp="All", queueLimit=4)["spec"], UID)
    in_force = {
        "jitterSeconds": f"`{plain.jitter_seconds}`",
        "pendingTimeoutSeconds": f"`{plain.pending_timeout.seconds}`",
        "maxInstances": f"`{plain.overlap.limit}`",
        "queueLimit": f"`{queueing.overlap.queue_limit}`",
        "catchUpLimit": f"`{queueing.catch_up_limit}`, or `queueLimit` where that is less",
        "backoffLimit": f"`{plain.job['backoffLimit']}`",
    }

    assert {name: _unset()[name] for name in in_force} == in_force
    assert small.catch_up_limit == small.overlap.queue_limit
    assert (plain.deadline, "activeDeadlineSeconds" in plain.job) == (None, False)
    assert {_unset()[name] for name in ("startingDeadlineSeconds", "timeoutSeconds")} == {"no limit"}
    assert (plain.breaker, _unset()["circuitBreaker.failureThreshold"]) == (None, "off")
    assert (plain.lifetime, _unset()["ttlSecondsAfterFinished"]) == (None, "never")


def test_the_status_shown_is_one_and_its_sums_hold() -> None:
    """The example balances as the page says that every status does."""
    (document,) = documents(STATUS)
    status = document["status"]
    counts = status["counts"]
    assert list(_faults(version()["schema"]["openAPIV3Schema"]["properties"]["status"], status, "status")) == []
    held = {"accountedTime": counts["since"], "scheduleHash": "", "observedGeneration": 1}

    ledger = ledgers.ledger(held | status)

    assert ledger is not None
    assert counts["due"] == ledger.counts.due + len(ledger.queued)
    ended = counts["succeeded"] + counts["failed"] + counts["stopped"]
    assert counts["launched"] + counts["manual"] == ended + status["active"]
    assert sum(n.count for n in ledger.not_launched) == counts["skipped"] + counts["missed"]


def _headings(text: str) -> set[str]:
    """Name the headings of a page as links do."""
    return {
        re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }


def test_links_lead_somewhere() -> None:
    """To a heading, of the same page or of another one."""
    for text in (TASKS, STATUS):
        for target in re.findall(r"\]\(([^)]*)\)", text):
            name, _, heading = target.partition("#")
            there = page(name) if name else text
            assert not heading or heading in _headings(there), target


def test_a_wrong_example_would_fail() -> None:
    """The checks above see what is misspelled, missing, out of range or of another kind."""
    schema = version()["schema"]["openAPIV3Schema"]
    wrong = task(maxInstance=1, suspend="no", maxInstances=0, catchUp="Some", container={})

    assert sorted(_faults(schema, wrong, "")) == [
        ".spec.catchUp is not one of ['None', 'Latest', 'All']",
        ".spec.container.image is missing",
        ".spec.maxInstance is not there",
        ".spec.maxInstances is out of range",
        ".spec.suspend is no boolean",
    ]
    with pytest.raises(SpecError):
        tasks.spec(wrong["spec"], UID)
