"""Every case of `tests/vectors/schedule.yaml`, cases we did not make up, under both settings of daylight saving."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from torchtask.core.errors import InvalidScheduleError
from torchtask.core.schedule import DayMatch, Fold, Gap, Schedule, When, parse

SECOND = timedelta(seconds=1)
VECTORS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[2] / "vectors" / "schedule.yaml").read_text(encoding="utf-8")
)


@dataclass(frozen=True)
class Case:
    """One vector under one setting of daylight saving."""

    name: str
    when: When
    after: datetime
    expected: tuple[datetime, ...]


def _cases() -> list[Case]:
    cases = []
    for vector in VECTORS:
        if not vector.get("next"):
            continue
        when = When(schedule=vector["expr"], time_zone=vector["tz"], day_match=DayMatch(vector.get("day_match", "Or")))
        other = replace(when, gap=Gap.SKIP, fold=Fold.TWICE)
        start = datetime.fromisoformat(vector["after"])
        usual = tuple(map(datetime.fromisoformat, vector["next"]))
        differing = tuple(map(datetime.fromisoformat, vector.get("next_skip_twice", vector["next"])))
        cases += [
            Case(f"{vector['id']}-RunAfter-Once", when, start, usual),
            Case(f"{vector['id']}-Skip-Twice", other, start, differing),
        ]
    return cases


def test_all_vectors_are_there() -> None:
    """No vector is lost on the way: 109, of which ten name no fire time."""
    assert len(VECTORS) == 109
    assert len(_cases()) == 2 * 99


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case.name)
def test_fire_times_are_those_of_the_vector(case: Case) -> None:
    """`upcoming` gives the vector's fire times, and `after` steps through the same ones."""
    schedule = parse(case.when)

    assert schedule.upcoming(case.after, len(case.expected)) == case.expected


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case.name)
def test_latest_mirrors_after(case: Case) -> None:
    """From any moment before the next fire time, `latest` is the one before; `count` agrees."""
    schedule = parse(case.when)

    for number, (fire_time, following) in enumerate(zip(case.expected, case.expected[1:], strict=False), 1):
        assert schedule.latest(fire_time) == fire_time
        assert schedule.latest(following - SECOND) == fire_time
        assert schedule.count(case.after, fire_time) == number
    _nothing_between(schedule, case.after, case.expected[0])


def _nothing_between(schedule: Schedule, start: datetime, first: datetime) -> None:
    before = schedule.latest(first - SECOND)
    assert before is None or before <= start


@pytest.mark.parametrize("vector", [v for v in VECTORS if not v.get("next")], ids=lambda vector: vector["id"])
def test_what_names_no_fire_time_is_refused(vector: dict[str, Any]) -> None:
    """Texts that are wrong, and dates that never come (`next: []`), are refused with the field's path."""
    with pytest.raises(InvalidScheduleError) as refused:
        parse(When(schedule=vector["expr"], time_zone=vector["tz"]))

    assert refused.value.field_path == "spec.schedule"
