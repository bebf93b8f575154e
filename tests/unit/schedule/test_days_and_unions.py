"""Days that are easy to be wrong about, and unions counted as sets."""

from datetime import UTC, datetime, timedelta

import pytest

from torchtask.core.schedule import When, parse

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
MONTH = timedelta(days=30)


@pytest.mark.parametrize(
    ("text", "after", "day"),
    [
        ("0 0 1W * *", "2024-05-02", "2024-06-03"),  # the 1st is a Saturday: not back into May
        ("0 0 31W * *", "2026-05-02", "2026-05-29"),  # the 31st is a Sunday: not on into June
        ("0 0 15W * *", "2026-08-01", "2026-08-14"),  # a Saturday: the day before
        ("0 0 15W * *", "2026-11-01", "2026-11-16"),  # a Sunday: the day after
        ("0 0 30W 2-3 *", "2027-02-01", "2027-03-30"),  # February has no 30th
        ("0 0 L * *", "2028-02-01", "2028-02-29"),
        ("0 0 L * *", "2027-02-01", "2027-02-28"),
        ("0 0 * * MONL", "2027-02-02", "2027-02-22"),
        ("0 0 * * SUN#5", "2026-09-01", "2026-11-29"),
    ],
)
def test_a_day_of_the_language_is_found(text: str, after: str, day: str) -> None:
    """Month ends, weekends and leap years are met."""
    found = parse(When(schedule=text)).after(datetime.fromisoformat(after).replace(tzinfo=UTC))

    assert found == datetime.fromisoformat(day).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("texts", "count"),
    [
        (("0 * * * *", "0,30 * * * *"), 2 * 24 * 30),  # the hours are in both
        (("0 * * * *", "30 * * * *"), 2 * 24 * 30),  # none is in both
        (("0 * * * *", "0 12 * * *"), 24 * 30),  # one is within the other
        (("0 * * * *", "@every 30m"), 2 * 24 * 30),
        (("0 * * * *", "0 12 * * *", "@every 20m", "@every 30m"), 4 * 24 * 30),  # :00 :20 :30 :40
        (("@every 2s", "@every 3s"), 30 * 86_400 * 2 // 3),
    ],
)
def test_a_second_that_several_texts_name_is_counted_once(texts: tuple[str, ...], count: int) -> None:
    """The count of a union is that of its set, whatever kinds of texts it joins."""
    schedule = parse(When(schedule=texts[0], additional_schedules=texts[1:]))

    assert schedule.count(START, START + MONTH) == count


def test_texts_that_share_some_days_are_counted_by_day() -> None:
    """On working days two texts meet, on the others one is alone."""
    schedule = parse(When(schedule="0 9 * * *", additional_schedules=("0 9,10 * * MON-FRI",)))

    assert schedule.count(START, START + timedelta(days=28)) == 28 + 20
