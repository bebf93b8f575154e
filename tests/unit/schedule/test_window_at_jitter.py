"""The window, a single instant, the horizon of the language, and the delay of launches."""

from datetime import UTC, datetime, timedelta, timezone

from torchtask.core.schedule import DayMatch, Gap, When, jitter, parse

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_at_is_one_fire_time() -> None:
    """It comes once; a fraction of a second goes up to the next whole one, for nothing runs early."""
    schedule = parse(When(at=NOON - timedelta(milliseconds=1)))

    assert schedule.after(NOON - SECOND) == NOON
    assert schedule.after(NOON) is None
    assert schedule.latest(NOON - SECOND) is None
    assert schedule.latest(NOON) == NOON
    assert schedule.count(NOON - SECOND, NOON) == 1
    assert schedule.count(NOON, NOON + SECOND) == 0


def test_at_may_lie_beyond_the_years_of_the_language() -> None:
    """An instant is an instant, whatever year."""
    far = datetime(2345, 6, 7, tzinfo=UTC)
    assert parse(When(at=far)).after(NOON) == far


def test_the_ends_of_the_window_belong_to_it() -> None:
    """NotBefore goes up to the next whole second, notAfter down."""
    window = When(schedule="* * * * * *", not_before=NOON + SECOND / 2, not_after=NOON + 3 * SECOND + SECOND / 2)
    assert parse(window).upcoming(NOON - SECOND, 9) == (NOON + SECOND, NOON + 2 * SECOND, NOON + 3 * SECOND)


def test_a_window_is_an_instant_in_any_zone() -> None:
    """Offsets of the window's ends count."""
    tokyo = timezone(timedelta(hours=9))
    schedule = parse(When(schedule="0 * * * *", not_before=datetime(2026, 11, 22, 0, 0, tzinfo=tokyo)))
    assert schedule.after(NOON) == datetime(2026, 11, 21, 15, tzinfo=UTC)


def test_the_language_knows_the_years_1970_to_2099() -> None:
    """The first and the last second of these years fire, on the zone's wall clock; outside there is nothing."""
    schedule = parse(When(schedule="* * * * * *"))
    first, last = datetime(1970, 1, 1, tzinfo=UTC), datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)

    assert schedule.after(datetime.min.replace(tzinfo=UTC)) == first
    assert schedule.latest(first - SECOND) is None
    assert schedule.latest(datetime.max.replace(tzinfo=UTC)) == last
    assert schedule.after(last) is None
    auckland = parse(When(schedule="0 0 1 1 *", time_zone="Pacific/Auckland"))
    assert auckland.latest(last) == datetime(2098, 12, 31, 11, tzinfo=UTC)


def test_rare_dates_are_found_at_once() -> None:
    """29 February on a Monday, in a given year, or 100 years ahead."""
    rare = When(schedule="0 0 29 2 MON", day_match=DayMatch.AND)
    assert parse(rare).after(NOON) == datetime(2044, 2, 29, tzinfo=UTC)
    assert parse(When(schedule="0 0 0 29 2 MON 2072", day_match=DayMatch.AND)).after(NOON) == datetime(
        2072, 2, 29, tzinfo=UTC
    )
    assert parse(When(schedule="0 0 0 31 12 ? 2099")).after(NOON) == datetime(2099, 12, 31, tzinfo=UTC)


def test_a_day_whose_times_always_fall_into_a_gap_never_comes() -> None:
    """The search ends: since 2007 New York's second Sunday of March has no 02:30, and with Skip nothing runs."""
    schedule = parse(When(schedule="30 2 * 3 SUN#2", time_zone="America/New_York", gap=Gap.SKIP))

    assert schedule.after(NOON) is None
    assert schedule.latest(NOON) == datetime(2006, 3, 12, 7, 30, tzinfo=UTC)


def test_jitter_differs_by_task_and_fire_time_and_is_pinned() -> None:
    """A release that changed the hash would move every launch."""
    schedule = parse(When(schedule="0 * * * *"))
    first, second = schedule.upcoming(NOON, 2)

    assert [jitter(schedule, first, 300, uid).seconds for uid in ("a", "b", "c")] == [153, 70, 244]
    assert [jitter(schedule, moment, 300, "a").seconds for moment in (first, second)] == [153, 35]


def test_jitter_stays_below_the_gap_to_the_next_fire_time() -> None:
    """A task of every second has no room; every 5 seconds leaves delays of 0 to 4."""
    every_second, every_five = parse(When(schedule="* * * * * *")), parse(When(schedule="*/5 * * * * *"))

    assert {jitter(every_second, moment, 60, "uid") for moment in every_second.upcoming(NOON, 50)} == {timedelta(0)}
    assert {jitter(every_five, moment, 60, "uid").seconds for moment in every_five.upcoming(NOON, 200)} == {
        0,
        1,
        2,
        3,
        4,
    }


def test_jitter_off_and_the_last_fire_time() -> None:
    """0 seconds is no delay; a fire time that nothing follows has the whole setting."""
    once = parse(When(at=NOON))
    assert jitter(once, NOON, 0, "uid") == timedelta(0)
    assert {jitter(once, NOON, 3, str(task)).seconds for task in range(50)} == {0, 1, 2}
