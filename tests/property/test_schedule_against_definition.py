"""Fire times against the definition written a second time (`naive_schedule`): dates, clock changes, every zone."""

from datetime import UTC, date, datetime, timedelta
from importlib.resources import files

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.property.naive_schedule import Cronish, DayField, Rules, Values, fire_times
from tests.property.schedule_strategies import FIRST, LAST, accepted, cronishes, few_seconds, moments, zone_names
from torchtask.core.schedule import DayMatch, Fold, Gap, Schedule, When, parse, zones

pytestmark = pytest.mark.property
RULES = st.builds(Rules, st.sampled_from(DayMatch), st.sampled_from(Gap), st.sampled_from(Fold))


def _agree(schedule: Schedule, expected: list[datetime], after: datetime, until: datetime) -> None:
    assert schedule.count(after, until) == len(expected)
    assert list(schedule.upcoming(after, min(len(expected), 500))) == expected[:500]
    if expected:
        assert schedule.latest(until) == expected[-1]
    following = schedule.after(expected[-1] if expected else after)
    assert following is None or following > until


@given(cronishes(few_seconds()), zone_names().flatmap(lambda name: st.tuples(st.just(name), moments(name))), RULES)
def test_fire_times_around_any_instant(cronish: Cronish, where: tuple[str, datetime], rules: Rules) -> None:
    """In any zone, near its clock changes or far from them, a cron text fires as the definition says."""
    zone, moment = where
    assume(FIRST < moment < LAST)
    schedule = accepted(
        When(schedule=cronish.text, time_zone=zone, gap=rules.gap, fold=rules.fold, day_match=rules.match)
    )
    assume(schedule is not None)
    assert schedule is not None
    until = moment + timedelta(days=2)
    _agree(schedule, fire_times(cronish, zones.zone(zone), rules, moment, until), moment, until)


@given(cronishes(few_seconds()), st.dates(FIRST.date(), LAST.date() - timedelta(days=800)), st.sampled_from(DayMatch))
def test_dates_are_those_of_the_definition(cronish: Cronish, start: date, match: DayMatch) -> None:
    """Over any two years the dates with fire times are exactly those that the day, month and year fields name."""
    schedule = accepted(When(schedule=cronish.text, day_match=match))
    days = [start + timedelta(days=number) for number in range(731)]
    expected = [day for day in days if cronish.matches(day, match)]
    if schedule is None:
        assert not expected
        return
    found = set[date]()
    midnight = datetime(start.year, start.month, start.day, tzinfo=UTC)
    fire_time = schedule.after(midnight - timedelta(seconds=1))
    while fire_time is not None and fire_time.date() <= days[-1]:
        found.add(fire_time.date())
        fire_time = schedule.after(fire_time.replace(hour=23, minute=59, second=59))
    assert sorted(found) == expected


def _cronish(second: str, minute: Values, hour: Values) -> Cronish:
    any_day, any_month = DayField("*", (), free=True), Values("*", frozenset(range(1, 13)), free=True)
    any_year = Values("*", frozenset(range(1970, 2100)), free=True)
    return Cronish(Values(second, frozenset({int(second)})), minute, hour, any_day, any_month, any_day, any_year)


EVERY_HOUR = Values("*", frozenset(range(24)), free=True)
INTERVAL = _cronish("7", Values("*/30", frozenset({0, 30})), EVERY_HOUR)
FIXED = _cronish("0", Values("0,59", frozenset({0, 59})), Values("0-23", frozenset(range(24))))


def _distinct_zones() -> list[str]:
    """Return every zone once; of names that are links to one file, the first."""
    zoneinfo = files("tzdata").joinpath("zoneinfo")
    by_content = {
        zoneinfo.joinpath(*name.split("/")).read_bytes(): name for name in sorted(zones.names(), reverse=True)
    }
    return sorted(by_content.values())


@pytest.mark.parametrize("zone", _distinct_zones())
def test_every_zone_at_each_kind_of_its_clock_changes(zone: str) -> None:
    """At the latest change of each kind in a zone's time an interval and fixed times fire as the definition says."""
    found = zones.changes(zone, int(FIRST.timestamp()), int(datetime(2040, 1, 1, tzinfo=UTC).timestamp()))
    kinds = {(change.before, change.after): datetime.fromtimestamp(change.at, UTC) for change in found}
    for moment in kinds.values():
        after, until = moment - timedelta(hours=25), moment + timedelta(hours=25)
        for cronish in (INTERVAL, FIXED):
            for rules in (Rules(), Rules(gap=Gap.SKIP, fold=Fold.TWICE)):
                when = When(schedule=cronish.text, time_zone=zone, gap=rules.gap, fold=rules.fold)
                _agree(parse(when), fire_times(cronish, zones.zone(zone), rules, after, until), after, until)
