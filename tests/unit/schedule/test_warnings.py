"""Warnings: what is allowed but probably not meant."""

from datetime import UTC, datetime

import pytest

from torchtask.core.schedule import DayMatch, Fold, Gap, When, parse

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LEAP = "spec.daylightSaving: the clock of Europe/Berlin leaps over 2027-03-28 02:30:00"
REPEAT = "spec.daylightSaving: the clock of Europe/Berlin shows 2027-10-31 02:30:00 twice"

DOUBTFUL = [
    ("*/45 * * * * *", "second: */45 starts anew each minute (60 is not a multiple of 45)"),
    ("*/7 * * * *", "minute: */7 starts anew each hour (60 is not a multiple of 7)"),
    ("H/7 * * * *", "minute: H/7 starts anew each hour (60 is not a multiple of 7)"),
    ("0 */5 * * *", "hour: */5 starts anew each day (24 is not a multiple of 5)"),
    ("0 0 1 */5 *", "month: */5 starts anew each year (12 is not a multiple of 5)"),
    ("0 0 * * */2", "day-of-week: */2 starts anew each week (7 is not a multiple of 2)"),
    ("0 0 1 2 * *", "six fields begin with the second, but these read like five fields and a year"),
    ("0 0 31W * *", "day-of-month: 31W does not come in each of the months"),
    ("0 0 31 * *", "day-of-month: 31 does not come in each of the months"),
    ("0 0 29 2 *", "day-of-month: 29 does not come in each of the months"),
    ("0 0 * * 6#5", "day-of-week: SAT#5 does not come in each of the months"),
    ("0 0 31W 2 MON", "day-of-month: 31W adds no date to the others"),
    ("0 0 30,31 2 MON", "day-of-month: 30,31 adds no date to the others"),
    ("0 0 0 1 2 MON#5 2027", "day-of-week: MON#5 adds no date to the others"),
]


@pytest.mark.parametrize(("text", "warning"), DOUBTFUL)
def test_a_doubtful_text_is_accepted_with_a_warning(text: str, warning: str) -> None:
    """The warning names the field and says what happens."""
    assert parse(When(schedule=text)).warnings(NOW) == (f"spec.schedule: {warning}",)


SOUND = [
    *("* * * * * *", "*/15 * * * * *", "0 */6 * * *", "0 0 */2 * *", "0 0 12 * * *", "0 30 9 1 * *", "0 0 1-31 * *"),
    *("0 0 28W,L * *", "0 0 * * FRIL,MON#4", "0 0 31 1,3 *", "@every 7s", "@yearly", "H H * * *"),
]


@pytest.mark.parametrize("text", SOUND)
def test_a_sound_text_has_no_warning(text: str) -> None:
    """What is usual is not remarked on."""
    assert parse(When(schedule=text)).warnings(NOW) == ()


def test_parts_that_never_meet_under_and() -> None:
    """A working day is never a Saturday: with And, that part of the field adds nothing."""
    when = When(schedule="0 0 15W,L * SAT", day_match=DayMatch.AND)
    assert parse(when).warnings(NOW) == ("spec.schedule: day-of-month: 15W adds no date to the others",)


def test_additional_schedules_are_named() -> None:
    """A warning says which text it is about."""
    when = When(schedule="@daily", additional_schedules=("@hourly", "*/7 * * * *"))
    assert parse(when).warnings(NOW) == (
        "spec.additionalSchedules[1]: minute: */7 starts anew each hour (60 is not a multiple of 7)",
    )


def test_fixed_times_that_a_clock_change_touches_within_a_year() -> None:
    """Both changes of the year are told, with what the settings make of them."""
    when = When(schedule="30 2 * * *", time_zone="Europe/Berlin")
    assert parse(when).warnings(NOW) == (
        f"{LEAP}: it runs at 2027-03-28 03:00:00",
        f"{REPEAT}: it runs the first time",
    )
    other = When(schedule="30 2 * * *", time_zone="Europe/Berlin", gap=Gap.SKIP, fold=Fold.TWICE)
    assert parse(other).warnings(NOW) == (
        f"{LEAP}: it does not run then",
        f"{REPEAT}: it runs both times",
    )


@pytest.mark.parametrize(
    "when",
    [
        When(schedule="30 2 * * *"),
        When(schedule="30 2 * * *", time_zone="Asia/Tokyo"),
        When(schedule="30 12 * * *", time_zone="Europe/Berlin"),
        When(schedule="*/30 * * * *", time_zone="Europe/Berlin"),
        When(schedule="30 2 * * MON-SAT", time_zone="Europe/Berlin"),
        When(schedule="30 2 * * *", time_zone="Europe/Berlin", not_after=datetime(2027, 3, 1, tzinfo=UTC)),
    ],
    ids=lambda when: f"{when.schedule} {when.time_zone}",
)
def test_times_that_no_clock_change_touches_have_no_warning(when: When) -> None:
    """No change in the zone, another time of day, an interval, other days, or a window that ends before."""
    assert parse(when).warnings(NOW) == ()
