"""What a launch adds to its Job: why it was started, and where it may run."""

from dataclasses import replace
from typing import Any

import pytest

from tests.scenario import a_task, at
from torchtask.core import ledger as books
from torchtask.core.launch import wanted
from torchtask.core.manifest import Start, Trigger
from torchtask.core.nodes import Node
from torchtask.core.spec import Spec
from torchtask.core.starts import launch_time, start_of
from torchtask.core.state import Surroundings
from torchtask.core.units import Instance, Manual, Timed, Unit

NOW = at("12:00:10")
NODES = [Node(name, {}, (address,), (), ready=True) for name, address in (("a", "10.0.0.1"), ("b", "10.0.0.2"))]


def start(unit: Unit, schedule: str = "*/10 * * * * *", *, late: bool = False, **spec: Any) -> Start:
    """Start a launch of a task with this spec, which succeeded at noon."""
    task = a_task("" if {"at", "daemon"} & spec.keys() else schedule, **spec).task
    assert isinstance(task.spec, Spec)
    account = replace(books.opened(task, task.spec.digest, NOW), last_successful_time=at("12:00:00"))
    return start_of(task, task.spec, account, wanted(unit, NOW, late=late), Surroundings(NOW, NODES))


@pytest.mark.parametrize(
    ("unit", "options", "trigger"),
    [
        (Timed(NOW), {}, Trigger.SCHEDULE),
        (Timed(NOW), {"late": True}, Trigger.CATCH_UP),
        (Timed(NOW), {"at": "2026-06-01T12:00:10Z"}, Trigger.AT),
        (Timed(NOW), {"at": "2026-06-01T12:00:10Z", "late": True}, Trigger.AT),
        (Manual("012345678"), {}, Trigger.MANUAL),
        (Instance(0, 1), {"daemon": {}}, Trigger.DAEMON),
    ],
)
def test_a_run_tells_why_it_was_started(unit: Unit, options: dict[str, Any], trigger: Trigger) -> None:
    """It stands in a label of its Job."""
    assert start(unit, **options).trigger is trigger


@pytest.mark.parametrize(
    ("unit", "spec", "nodes"),
    [
        (Timed(NOW), {}, None),
        (Timed(NOW), {"nodeNames": ["c"], "nodeAddresses": ["10.0.0.2"]}, ("b", "c")),
        (Timed(NOW), {"nodeAddresses": ["10.0.0.9"]}, ()),
        (Timed(NOW, "a"), {"nodeNames": ["a", "b"], "runOn": "EveryNode"}, None),
    ],
)
def test_a_run_may_be_where_its_task_says(unit: Unit, spec: dict[str, Any], nodes: tuple[str, ...] | None) -> None:
    """None where any node will do, or where the unit says on which one it is."""
    assert start(unit, **spec).nodes == nodes


def test_a_run_knows_when_the_last_one_succeeded() -> None:
    """So it may go on from there."""
    assert start(Timed(NOW)).last_success == at("12:00:00")


def test_only_an_instance_tells_what_it_was_launched_from() -> None:
    """By that a daemon's outdated instances are known."""
    assert start(Instance(0, 1), daemon={}).revision
    assert not start(Timed(NOW)).revision


@pytest.mark.parametrize(("unit", "delayed"), [(Timed(NOW), True), (Manual("012345678"), False)])
def test_jitter_spreads_fire_times_and_nothing_that_a_user_asks_for(unit: Unit, *, delayed: bool) -> None:
    """A run by hand is wanted at once: it does not wait behind others for a delay that it does not have."""
    spec = a_task("@hourly", jitterSeconds=3_000).task.spec
    assert isinstance(spec, Spec)

    assert (launch_time(spec, wanted(unit, NOW)) > NOW) == delayed
