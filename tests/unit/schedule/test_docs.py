"""`docs/schedules.md` tells the truth: every line of every table there is run here."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from tests.pages import Row, page, tables
from torchtask.core.errors import InvalidScheduleError
from torchtask.core.schedule import DayMatch, Fold, Gap, Schedule, When, parse

PAGE = page("schedules.md")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
UID = "0c6c8f6b"


def _code(cell: str) -> str:
    assert cell.startswith("`"), cell
    assert cell.endswith("`"), cell
    return cell.strip("`")


def _spec(text: str) -> Schedule:
    """Parse a spec as it is written in a manifest."""
    fields: dict[str, Any] = yaml.safe_load(text)
    saving: dict[str, str] = fields.get("daylightSaving", {})
    moments = {name: datetime.fromisoformat(fields[name]) for name in ("at", "notBefore", "notAfter") if name in fields}
    return parse(
        When(
            schedule=fields.get("schedule"),
            additional_schedules=tuple(fields.get("additionalSchedules", ())),
            at=moments.get("at"),
            time_zone=fields.get("timeZone", "UTC"),
            gap=Gap(saving.get("gap", "RunAfter")),
            fold=Fold(saving.get("fold", "Once")),
            day_match=DayMatch(fields.get("dayMatch", "Or")),
            not_before=moments.get("notBefore"),
            not_after=moments.get("notAfter"),
            seed=UID,
        )
    )


def _form(row: Row) -> None:
    _form_or_item, _meaning, example, words = row
    assert parse(When(schedule=_code(example), seed=UID)).describe() == words


def _nickname(row: Row) -> None:
    name, meaning, words = row
    schedule = parse(When(schedule=_code(name)))
    assert schedule.describe() == words
    if meaning.startswith("`"):
        assert schedule.rules == parse(When(schedule=_code(meaning))).rules


def _beside(row: Row) -> None:
    text, _meaning, fire_times = row
    schedule = _spec(_code(text))
    assert [schedule.local(moment).isoformat() for moment in schedule.upcoming(NOW, 2)] == fire_times.split(", ")


def _clock_changes(row: Row) -> None:
    text, saving, leap, back = row
    for day, expected in (("2027-03-28T01:00+01:00", leap), ("2027-10-31T01:00+02:00", back)):
        spec = f"{{schedule: '{_code(text)}', timeZone: Europe/Berlin, daylightSaving: {_code(saving)}}}"
        schedule, start = _spec(spec), datetime.fromisoformat(day) - timedelta(seconds=1)
        until = datetime.fromisoformat(
            day.replace("T01:00+01:00", "T03:59+02:00").replace("T01:00+02:00", "T03:59+01:00")
        )
        runs = [schedule.local(moment) for moment in schedule.upcoming(start, 9) if moment <= until]
        assert ", ".join(run.isoformat(timespec="minutes")[11:] for run in runs) == expected


def _refused(row: Row) -> None:
    text, because = row
    with pytest.raises(InvalidScheduleError) as refused:
        parse(When(schedule=_code(text)))
    assert refused.value.message.rpartition(" (in ")[0] == because


def _warned(row: Row) -> None:
    text, warning = row
    assert ", ".join(_spec(_code(text)).warnings(NOW)) == warning


def _rule_of_clock_changes(row: Row) -> None:
    """The table of rules is in words; the table of Berlin below it shows each of its cells."""
    assert row[0] in {"interval", "fixed time"}


CHECKS: dict[str, Callable[[Row], None]] = {
    "in a field | means | example | in words": _form,
    "instead of a text | means | in words": _nickname,
    "spec | what it does | next": _beside,
    " | the clock leaps (gap) | the clock goes back (fold)": _rule_of_clock_changes,
    "schedule | daylightSaving | runs on 2027-03-28 | runs on 2027-10-31": _clock_changes,
    "text | because": _refused,
    "spec | warning": _warned,
}


def test_each_table_of_the_page_is_known_here() -> None:
    """No table is added without a check, and none is lost."""
    assert list(tables(PAGE)) == list(CHECKS)


@pytest.mark.parametrize(
    ("heading", "row"),
    [(heading, row) for heading, rows in tables(PAGE).items() for row in rows],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_line_of_the_page_is_true(heading: str, row: Row) -> None:
    """What the line says is what the package does."""
    CHECKS[heading](row)
