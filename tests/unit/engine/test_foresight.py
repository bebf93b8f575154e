"""What is decided ahead stands when its moment has come, and only as long as nothing has changed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.scenario import a_task, at, launches, unit
from torchtask.core.decide import Decision
from torchtask.core.launch import Attempt, InFlight
from torchtask.core.model import Phase
from torchtask.core.state import Surroundings
from torchtask.engine.foresight import LASTS, Foresight, Known

MOMENT = at("12:00:10")


def known() -> Known:
    """Know of a task that fires at MOMENT, and of a run of it."""
    scenario = a_task().since("12:00:05").with_run("12:00:00", Phase.SUCCEEDED)
    return Known(scenario.task, scenario.ledger, scenario.runs, {}, Surroundings(at("11:00:00")))


def ahead(what: Known) -> tuple[Foresight, Decision]:
    """Decide for MOMENT ahead; return what was decided, too."""
    foresight = Foresight()
    foresight.look(what, MOMENT)
    return foresight, what.decide(MOMENT)


@pytest.mark.parametrize("late", [timedelta(0), timedelta(milliseconds=3), LASTS - timedelta.resolution])
def test_what_was_decided_ahead_stands_at_its_moment(late: timedelta) -> None:
    """Also a little later, when its turn comes, and for a task that was read anew and is the same."""
    foresight, decision = ahead(known())

    found = foresight.decide(known(), MOMENT + late)

    assert found == decision
    assert launches(found) == ["12:00:10"]


def test_nothing_is_early() -> None:
    """Before its moment a task is decided as it is then."""
    foresight, _ = ahead(known())

    assert launches(foresight.decide(known(), MOMENT - timedelta.resolution)) == []


def test_later_is_another_moment() -> None:
    """What comes too late is decided for the time that it is."""
    foresight, decision = ahead(known())
    now = MOMENT + LASTS

    assert foresight.decide(known(), now) == known().decide(now) != decision


@pytest.mark.parametrize(
    "changed",
    [
        lambda k: k._replace(task=replace(k.task, deleting=True)),
        lambda k: k._replace(ledger=None),
        lambda k: k._replace(runs=(replace(k.runs[0], phase=Phase.ACTIVE),)),
        lambda k: k._replace(
            flights={unit("12:00:10"): InFlight(unit("12:00:10"), MOMENT, MOMENT, MOMENT, Attempt.SENT)}
        ),
        lambda k: k._replace(around=replace(k.around, held="somebody holds it")),
    ],
    ids=Known._fields,
)
def test_what_has_changed_is_decided_anew(changed: Callable[[Known], Known]) -> None:
    """Whatever of it: the task, its account, its runs, its launches, what is around it."""
    foresight, decision = ahead(known())
    now, what = MOMENT, changed(known())

    assert foresight.decide(what, now) == what.decide(now) != decision


def test_it_is_used_once() -> None:
    """What was decided ahead is known until the task is decided, or goes."""
    foresight, _ = ahead(known())
    uid = known().task.uid
    assert uid in foresight

    foresight.decide(known(), MOMENT)
    assert uid not in foresight

    foresight.look(known(), MOMENT)
    foresight.forget(uid)
    assert uid not in foresight
