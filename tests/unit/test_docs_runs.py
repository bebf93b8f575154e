"""What `docs/tasks.md` says of runs is true: their names, what is written into their Jobs, and how instances are."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.crd.documents import task
from tests.crd.schema import places
from tests.pages import Row, codes, expanded, page, tables
from torchtask.core.instants import rfc3339
from torchtask.core.manifest import Start, Trigger, ended_by, job
from torchtask.core.model import Task
from torchtask.core.names import run_name
from torchtask.core.spec import Spec
from torchtask.core.units import Instance, Manual, Timed, Unit, manual_key
from torchtask.core.wire import tasks

TASKS, STATUS = page("tasks.md"), page("status.md")
NOW = datetime(2026, 11, 21, 12, 35, tzinfo=UTC)
UID = "04cf636e-0000-4000-8000-000000000000"
PATHS = {
    path: row for row in tables(TASKS)["path | value | written"] for code in codes(row[0]) for path in expanded(code)
}


def read(**spec: Any) -> Task:
    """Read a TorchTask named hello, with these fields."""
    metadata = {"namespace": "default", "name": "hello", "uid": UID, "creationTimestamp": rfc3339(NOW)}
    return tasks.task({**task(**spec), "metadata": metadata}, NOW)


def test_the_name_of_a_run_is_as_shown() -> None:
    """Whoever reads it can tell the fire time."""
    name, time = re.findall(r"`(hello-\w+-\d+)` is the run of (\S+)\. ", TASKS)[0]

    assert name == run_name("hello", UID, Timed(datetime.fromisoformat(time)))


def test_a_long_name_is_cut_as_the_page_says() -> None:
    """Where nodes have runs of their own a part of the name says which."""
    ((plain, on_a_node),) = re.findall(r"cut at (\d+) characters; at (\d+) with `runOn: EveryNode`", TASKS)

    assert run_name("a" * 60, UID, Timed(NOW)).startswith(f"{'a' * int(plain)}-{UID[:8]}-")
    assert run_name("a" * 60, UID, Timed(NOW, "worker-2")).startswith(f"{'a' * int(on_a_node)}-{UID[:8]}-")


UNITS: tuple[Unit, ...] = (Timed(NOW), Timed(NOW, "worker-2"), Manual(manual_key("1")), Instance(0, 7))


@pytest.mark.parametrize(("row", "unit"), list(zip(tables(TASKS)["a run | is named like"], UNITS, strict=True)))
def test_runs_of_each_kind_are_named_as_shown(row: Row, unit: Unit) -> None:
    """One can tell from its name what a run is for."""
    assert codes(row[1]) == [run_name("hello", UID, unit)]


def _leaves(value: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of a document as the page writes them."""
    if isinstance(value, dict) and not path.endswith("nodeSelector"):
        for name, item in value.items():
            yield from _leaves(item, f"{path}[{name}]" if "/" in name else f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, f"{path}[]")
    else:
        yield path


def _launched(start: Start, **spec: Any) -> dict[str, Any]:
    """Return the Job that is launched."""
    launched = read(**spec)
    assert isinstance(launched.spec, Spec)
    return job(launched, launched.spec, start)


def _written(**spec: Any) -> set[str]:
    """Name all paths that the Jobs of a task can have."""
    starts = (
        Start(Timed(NOW, "worker-2"), NOW, Trigger.SCHEDULE),
        Start(Instance(0, 1), NOW, Trigger.DAEMON, revision="0123456789abcdef"),
    )
    common = {"timeoutSeconds": 5, "backoffLimit": 1, "nodeSelector": {"disk": "ssd"}}
    found = {leaf for start in starts for leaf in _leaves(_launched(start, **common, **spec))}
    return found | set(_leaves(ended_by("NoPod: no Pod was created")))


def test_the_page_lists_every_path_that_is_written_into_a_job() -> None:
    """And no other: the rest of a Job is the user's."""
    of_container = {path for path, row in PATHS.items() if row[2].endswith("with `container`")}
    kinds = ("initContainers", "containers")
    pod: dict[str, Any] = {"restartPolicy": "Never", **{kind: [{"image": "a"}] for kind in kinds}}
    given = {f"spec.template.spec.{kind}[].image" for kind in kinds}
    container = {"image": "b", "terminationGracePeriodSeconds": 1}

    by_template = _written(jobTemplate={"spec": {"template": {"spec": pod}}})
    by_container = _written(container=container, serviceAccountName="a")

    assert by_template - given - {"spec.template.spec.restartPolicy"} == set(PATHS) - of_container
    assert of_container <= by_container
    assert by_container - given <= set(PATHS)


def test_the_page_lists_all_triggers() -> None:
    """Whoever selects Jobs by what launched them finds them all."""
    said = codes(PATHS["metadata.labels[torchtask.dev/trigger]"][1])

    assert said == [str(trigger) for trigger in Trigger]


def test_the_page_lists_the_variables_that_come_first() -> None:
    """Commands can count on them, and users' own variables can refer to them."""
    start = Start(Timed(NOW), NOW, Trigger.SCHEDULE)
    made = _launched(start, container={"image": "a", "env": [{"name": "MINE", "value": "$(TORCHTASK_RUN)"}]})
    (container,) = made["spec"]["template"]["spec"]["containers"]
    said = [code for row in tables(TASKS)["variable | value"] for code in codes(row[0])]

    assert [variable["name"] for variable in container["env"]] == [*said, "MINE"]


def test_the_page_lists_every_state_of_an_instance() -> None:
    """The definition names the same ones."""
    (description,) = (s["description"] for p, s in places() if p == "status.daemon.instances[].state")
    said = {code for row in tables(STATUS)["state | when"] for code in codes(row[0])}

    assert said == set(re.findall(r"\b[A-Z]\w+", description)) - {"OnFailure"}
