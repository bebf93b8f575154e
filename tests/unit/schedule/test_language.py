"""What the language takes, what it refuses and in which words."""

import json
from datetime import UTC, datetime

import pytest

from torchtask.core.errors import InvalidScheduleError, SpecReason, UnknownTimeZoneError
from torchtask.core.schedule import DayMatch, When, parse

NOW = datetime(2026, 11, 21, 12, 0, 3, tzinfo=UTC)

SAME = [
    ("five fields are at second 0", "*/5 * * * *", "0 */5 * * * *"),
    ("the year may be left out", "0 0 0 1 1 *", "0 0 0 1 1 * *"),
    ("names in any case are numbers", "0 0 * Jan-mar mOn,SAT", "0 0 * 1-3 1,6"),
    ("a name and a number make a range", "0 0 * * MON-5", "0 0 * * 1-5"),
    ("0 and 7 are Sunday", "0 0 * * 7", "0 0 * * 0"),
    ("a range may end in Sunday", "0 0 * * 5-7", "0 0 * * 0,5,6"),
    ("a range may end in Sunday by name", "0 0 * * fri-sun", "0 0 * * 0,5,6"),
    ("the whole week by number", "0 0 * * 0-7", "0 0 * * 0-6"),
    ("`a-a` is `a`", "0 7-7 * * *", "0 7 * * *"),
    ("`a-a/n` is `a`", "0 7-7/2 * * *", "0 7 * * *"),
    ("`a/n` goes to the end", "50/4 * * * *", "50,54,58 * * * *"),
    ("`a/n` of weekdays ends with Saturday", "0 0 * * 5/1", "0 0 * * 5,6"),
    ("`7/n` is Sunday", "0 0 * * 7/3", "0 0 * * 0"),
    ("`*/1` is `*`", "0 0 */1 * 1", "0 0 * * 1"),
    ("`*` in a list leaves nothing out", "0 0 *,13 * 1", "0 0 * * 1"),
    ("`?` is `*` in the day fields", "0 0 ? * 1", "0 0 * * 1"),
    ("the widest step gives the first value", "*/60 * * * * *", "0 * * * * *"),
    ("leading zeros mean nothing", "007 00 01 01 *", "7 0 1 1 *"),
    ("an item twice is once", "5,5,5 * * * *", "5 * * * *"),
    ("blanks and tabs part fields", "  5\t* *   * * ", "5 * * * *"),
    ("`l` and `w` in any case", "0 0 l,15w * *", "0 0 L,15W * *"),
    ("`dL` is `Ld`", "0 0 * * friL", "0 0 * * L5"),
    ("`d#n` by name", "0 0 * * Sun#2", "0 0 * * 7#2"),
    ("`@yearly`", "@yearly", "0 0 0 1 1 *"),
    ("`@annually`", "@annually", "0 0 0 1 1 *"),
    ("`@monthly`", "@monthly", "0 0 0 1 * *"),
    ("`@weekly`", "@weekly", "0 0 0 * * SUN"),
    ("`@daily`", "@daily", "0 0 0 * * *"),
    ("`@midnight`", "@midnight", "0 0 0 * * *"),
    ("`@hourly`", "@Hourly", "0 0 * * * *"),
    ("`@minutely`", "@minutely", "0 * * * * *"),
    ("`@every` in any units", "@every 1h30m", "@every 5400s"),
    ("`@every` without a phase has phase 0", "@every 90s/0s", "@every 90s"),
]


@pytest.mark.parametrize(("text", "other"), [row[1:] for row in SAME], ids=[row[0] for row in SAME])
def test_two_spellings_are_one_schedule(text: str, other: str) -> None:
    """Both spellings give the same rules."""
    assert parse(When(schedule=text)).rules == parse(When(schedule=other)).rules


REFUSED = [
    ("0 0 25 * * *", "hour: 25 is not in 0–23"),
    ("60 * * * * *", "second: 60 is not in 0–59"),
    ("60 * * * *", "minute: 60 is not in 0–59"),
    ("0 0 0 * *", "day-of-month: 0 is not in 1–31"),
    ("0 0 * 13 *", "month: 13 is not in 1–12"),
    ("0 0 * * 8", "day-of-week: 8 is not in 0–7"),
    ("0 0 0 * * * 1969", "year: 1969 is not in 1970–2099"),
    ("*/0 * * * *", "minute: step 0 is not in 1–60"),
    ("0 0 * * */8", "day-of-week: step 8 is not in 1–7"),
    ("0 0 * * 1#6", "day-of-week: week 6 is not in 1–5"),
    ("0 0 32W * *", "day-of-month: 32 is not in 1–31"),
    ("50-10 * * * *", "minute: 50-10 is a reversed range (write two: to the end, and from the start)"),
    ("0 0 * * 6-1", "day-of-week: 6-1 is a reversed range (write two: to the end, and from the start)"),
    ("1,,2 * * * *", "minute: an empty item (a comma too many)"),
    (", * * * *", "minute: an empty item (a comma too many)"),
    ("? * * * * *", 'second: "?" stands alone, and only in the two day fields'),
    ("0 0 ?,1 * *", 'day-of-month: "?" stands alone, and only in the two day fields'),
    ("R * * * *", 'minute: "R" is not understood (H is a value that is spread, but stays)'),
    ("0 0 0 1 1 * H", "year: H is not for years"),
    ("H(9-3) * * * *", "minute: H(9-3) is a reversed range"),
    ("H(0-99) * * * *", "minute: 99 is not in 0–59"),
    ("0 0 30 2 *", "no date between 1970 and 2099 matches its day and month fields"),
    ("0 0 0 29 2 * 2027", "no date between 1970 and 2099 matches its day and month fields"),
    ("* * * *", "4 fields are not 5 (minute first), 6 (second first) or 7 (second first, year last)"),
    ("* * * * * * * *", "8 fields are not 5 (minute first), 6 (second first) or 7 (second first, year last)"),
    ("0 0 1 1 * 2027", "day-of-week: 2027 is not in 0–7; six fields begin with the second, a year is the seventh"),
    ("TZ=UTC 0 12 * * *", '"TZ=UTC" is not part of a schedule (name the zone in spec.timeZone)'),
    ("CRON_TZ=UTC 0 12 * * *", '"CRON_TZ=UTC" is not part of a schedule (name the zone in spec.timeZone)'),
    ("", "the text is empty"),
    (" \t ", "the text is empty"),
    ("0 0 * * *\n", r"character '\n' is not plain ASCII"),
    ("٣ * * * *", r"character '\u0663' is not plain ASCII"),
    ("@every 0s", "@every: 0s is not in 1s–8784h"),
    ("@every 8785h", "@every: 8785h is not in 1s–8784h"),
    ("@every 5s/5s", "@every: the phase 5s is not shorter than the period 5s"),
    ("@every", "@every takes one duration, such as 90s, 1h30m or 90m/5m (with a phase)"),
    ("@every 1m 30s", "@every takes one duration, such as 90s, 1h30m or 90m/5m (with a phase)"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_a_refusal_names_the_field_the_fault_and_what_would_be_right(text: str, message: str) -> None:
    """The message is for the author of the spec, and quotes the text."""
    with pytest.raises(InvalidScheduleError) as refused:
        parse(When(schedule=text))

    assert refused.value.message == f"{message} (in {json.dumps(text)})"
    assert refused.value.reason is SpecReason.INVALID_SCHEDULE
    assert str(refused.value).startswith("spec.schedule: ")


MISUNDERSTOOD = [
    *("0 0 * * friday", "0 0 LW * *", "0 0 L-3 * *", "0 0 W15 * *", "0 0 * * L", "0 0 * * mon-wed#2", "0 0 5L * *"),
    *(
        "15W * * * *",
        "2#1 * * * *",
        "-1 * * * *",
        "1- * * * *",
        "+1 * * * *",
        "1.5 * * * *",
        "0x1 * * * *",
        "*5 * * * *",
    ),
    *("1/ * * * *", "*/-1 * * * *", "*/2/2 * * * *", "1-2-3 * * * *", "H(1) * * * *", "H(0-9)/2 * * * *", "hh * * * *"),
    *(
        "0 0 * FEB# *",
        "JAN * * * *",
        "0 0 * MON *",
        "0 0 * * JAN",
        "@every 1.5h",
        "@every 1d",
        "@every s",
        "@reboot",
        "@",
    ),
]


@pytest.mark.parametrize("text", MISUNDERSTOOD)
def test_a_form_that_is_not_in_the_language_is_refused(text: str) -> None:
    """What other tools know, and what nobody knows, is refused rather than guessed at."""
    with pytest.raises(InvalidScheduleError):
        parse(When(schedule=text))


def test_a_text_of_256_characters_is_read_and_one_more_is_not() -> None:
    """The bound is where it is said to be."""
    text = "1,2,3 * * * *"
    assert parse(When(schedule=text.ljust(256))).after(NOW) is not None
    with pytest.raises(InvalidScheduleError, match="257 characters are more than 256"):
        parse(When(schedule=text.ljust(257)))


def test_a_refusal_names_the_additional_schedule() -> None:
    """With several texts, the path says which one is wrong."""
    with pytest.raises(InvalidScheduleError) as refused:
        parse(When(schedule="* * * * *", additional_schedules=("@daily", "61 * * * *")))

    assert refused.value.field_path == "spec.additionalSchedules[1]"


def test_more_than_seven_additional_schedules_are_refused() -> None:
    """Eight texts in all is the bound."""
    assert parse(When(schedule="@daily", additional_schedules=("@hourly",) * 7)).after(NOW) is not None
    with pytest.raises(InvalidScheduleError, match=r"spec\.additionalSchedules: 8 texts are more than 7"):
        parse(When(schedule="@daily", additional_schedules=("@hourly",) * 8))


def test_without_schedule_and_at_there_is_nothing_to_read() -> None:
    """Which of the two is missing is said."""
    with pytest.raises(InvalidScheduleError, match=r"spec.schedule: it is missing, and so is spec\.at"):
        parse(When())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("europe/berlin", '"europe/berlin" is not a time zone (did you mean "Europe/Berlin"?)'),
        ("Local", '"Local" is not a time zone (IANA names are like "Europe/Berlin" or "UTC")'),
        ("", '"" is not a time zone (IANA names are like "Europe/Berlin" or "UTC")'),
        ("../zones", '"../zones" is not a time zone (IANA names are like "Europe/Berlin" or "UTC")'),
        ("+01:00", '"+01:00" is not a time zone (IANA names are like "Europe/Berlin" or "UTC")'),
    ],
)
def test_an_unknown_time_zone_is_another_error(name: str, message: str) -> None:
    """It has its own reason and its own field, and helps with a name in the wrong case."""
    with pytest.raises(UnknownTimeZoneError) as refused:
        parse(When(schedule="* * * * *", time_zone=name))

    assert (refused.value.field_path, refused.value.message) == ("spec.timeZone", message)
    assert refused.value.reason is SpecReason.UNKNOWN_TIME_ZONE


def test_a_window_that_ends_before_it_begins_is_refused() -> None:
    """NotAfter before notBefore is a mistake; the same second is a window of one second."""
    assert parse(When(schedule="* * * * * *", not_before=NOW, not_after=NOW)).upcoming(NOW.replace(year=2020), 9) == (
        NOW,
    )
    with pytest.raises(InvalidScheduleError, match=r"spec.notAfter: it is before spec\.notBefore"):
        parse(When(schedule="* * * * *", not_before=NOW, not_after=NOW.replace(hour=11)))


def test_day_fields_that_never_meet_are_refused_only_when_they_must() -> None:
    """A working day is never a Sunday: with And that never comes, with Or it is either."""
    assert parse(When(schedule="0 0 15W * SUN")).after(NOW) is not None
    with pytest.raises(InvalidScheduleError, match="no date between"):
        parse(When(schedule="0 0 15W * SUN", day_match=DayMatch.AND))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("0 H,5 * * * *", ["0 H * * * *", "0 5 * * * *"]),
        ("0 5,H/20,H(30-40) * * * *", ["0 5 * * * *", "0 H/20 * * * *", "0 H(30-40) * * * *"]),
        ("0 0 0 ? H/2,2-5 *", ["0 0 0 ? H/2 *", "0 0 0 ? 2-5 *"]),
        ("* * *,H/14 * *", ["* * * * *"]),
    ],
)
def test_h_may_stand_in_a_list(text: str, parts: list[str]) -> None:
    """Each item of a list means what it means alone."""
    moment = datetime(2026, 6, 1, tzinfo=UTC)
    whole = parse(When(schedule=text, seed="a uid")).upcoming(moment, 100)
    alone = [parse(When(schedule=part, seed="a uid")).upcoming(moment, 100) for part in parts]

    assert whole == tuple(sorted(set().union(*alone)))[:100]
