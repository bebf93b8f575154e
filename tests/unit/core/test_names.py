"""Names of runs: a function of task and unit that fits where Kubernetes puts it."""

import pytest

from tests.launches import FIRE_TIME, UID
from torchtask.core.names import run_name
from torchtask.core.units import Instance, Manual, Timed, Unit

ON_A_NODE = Timed(FIRE_TIME, "worker-1")
MOST_OF_A_LABEL = 63  # a Job's name is a label of its Pods


@pytest.mark.parametrize(
    "unit",
    [Timed(FIRE_TIME), ON_A_NODE, Manual("012345678"), Manual("012345678", "worker-1"), Instance(99, 99_999)],
)
def test_the_longest_name_of_a_task_leaves_room_for_the_rest(unit: Unit) -> None:
    """The task's part is cut, and nothing of what tells its runs apart."""
    assert len(run_name("x" * 52, UID, unit)) <= MOST_OF_A_LABEL


@pytest.mark.parametrize(("unit", "length"), [(Timed(FIRE_TIME), 38), (ON_A_NODE, 32)])
def test_a_name_that_is_cut_ends_in_no_hyphen(unit: Unit, length: int) -> None:
    """Two hyphens in a row would be no fault, but they are not ours."""
    part = "x" * (length - 1)

    assert run_name(f"{part}-report", UID, unit).startswith(f"{part}-{UID[:8]}-")


def test_tasks_that_bear_one_name_in_turn_have_different_runs() -> None:
    """A task that is made anew finds no name taken by the runs of the old one."""
    names = {run_name("report", uid, Timed(FIRE_TIME)) for uid in (UID, UID.replace("0a1b", "ffff"))}

    assert len(names) == 2


def test_each_node_has_a_name_of_its_own() -> None:
    """On EveryNode a fire time is as many runs as there are nodes."""
    names = {run_name("report", UID, Timed(FIRE_TIME, node)) for node in ("", "worker-1", "worker-2")}

    assert len(names) == 3
