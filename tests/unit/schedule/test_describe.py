"""Schedules in plain words."""

from datetime import UTC, datetime

import pytest

from torchtask.core.schedule import DayMatch, When, parse

WORDS = [
    ("* * * * * *", "every second (UTC)"),
    ("*/10 * * * * *", "every 10 seconds (UTC)"),
    ("* * * * *", "every minute (UTC)"),
    ("*/5 * * * *", "every 5 minutes (UTC)"),
    ("@hourly", "every hour (UTC)"),
    ("0 */2 * * *", "every 2 hours (UTC)"),
    ("15 */5 * * * *", "at second 15 of every 5th minute (UTC)"),
    ("0 30 */2 * * *", "at minute 30 of every 2nd hour (UTC)"),
    ("15 30 * * * *", "at second 15 of minute 30 of every hour (UTC)"),
    ("*/10 30 * * * *", "every 10 seconds of minute 30 of every hour (UTC)"),
    ("*/10 * 9 * * *", "every 10 seconds of hour 9 (UTC)"),
    ("* * 9-17 * * MON-FRI", "every second of hours 9–17 on Monday to Friday (UTC)"),
    ("*/45 * * * * *", "at seconds 0 and 45 of every minute (UTC)"),
    ("1,5-9,20,22-23 * * * *", "at minutes 1, 5–9, 20, 22 and 23 of every hour (UTC)"),
    ("30 9 * * *", "at 09:30:00 every day (UTC)"),
    ("0 9,17 * * 1-5", "at 09:00:00 and 17:00:00 on Monday to Friday (UTC)"),
    ("0 0 * * 0,6", "at 00:00:00 on Saturday or Sunday (UTC)"),
    ("0 0 13 * 5", "at 00:00:00 on day 13 of the month or Friday (UTC)"),
    ("0 0 1,15 * *", "at 00:00:00 on days 1 and 15 of the month (UTC)"),
    ("0 0 L * *", "at 00:00:00 on the last day of the month (UTC)"),
    ("0 0 15W,L * *", "at 00:00:00 on the working day nearest to day 15 or the last day of the month (UTC)"),
    ("0 0 * * 2#2,5L", "at 00:00:00 on the 2nd Tuesday of the month or the last Friday of the month (UTC)"),
    ("0 0 1 1,6-8 *", "at 00:00:00 on day 1 of the month in January, June, July and August (UTC)"),
    ("0 0 0 1 1 * 2027-2029", "at 00:00:00 on day 1 of the month in January in 2027–2029 (UTC)"),
    ("@every 90s", "every 1m30s"),
    ("@every 90m/5m44s", "every 1h30m, 5m44s into each"),
]


@pytest.mark.parametrize(("text", "words"), WORDS)
def test_a_schedule_in_words(text: str, words: str) -> None:
    """The words say what the text means, with its zone where that matters."""
    assert parse(When(schedule=text)).describe() == words


def test_both_day_fields_at_once() -> None:
    """With And the second day field is a condition."""
    when = When(schedule="0 0 13 * FRI", day_match=DayMatch.AND)
    assert parse(when).describe() == "at 00:00:00 on day 13 of the month, when it is Friday (UTC)"


def test_a_union_and_its_window() -> None:
    """Each text has its part, and the window comes last."""
    when = When(
        schedule="30 9 * * 1-5",
        additional_schedules=("@every 1h", "0 12 * * 6"),
        time_zone="Europe/Berlin",
        not_before=datetime(2027, 1, 1, tzinfo=UTC),
        not_after=datetime(2027, 12, 31, 22, 59, 59, tzinfo=UTC),
    )
    assert parse(when).describe() == (
        "at 09:30:00 on Monday to Friday (Europe/Berlin); at 12:00:00 on Saturday (Europe/Berlin); every 1h"
        ", not before 2027-01-01T00:00:00Z, not after 2027-12-31T22:59:59Z"
    )


def test_a_single_instant() -> None:
    """`at` is said as an instant."""
    assert parse(When(at=datetime(2027, 1, 1, tzinfo=UTC))).describe() == "once, at 2027-01-01T00:00:00Z"
