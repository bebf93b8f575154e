"""What clock changes do to intervals and to fixed times, in zones where it is easy to be wrong."""

from datetime import UTC, datetime, timedelta

import pytest

from torchtask.core.schedule import Fold, Gap, When, parse


def _on(
    text: str, zone: str, start: str, *, gap: Gap = Gap.RUN_AFTER, fold: Fold = Fold.ONCE, hours: int = 24
) -> list[str]:
    """Return the fire times in the hours after a moment, as the zone's clock shows them."""
    schedule = parse(When(schedule=text, time_zone=zone, gap=gap, fold=fold))
    after = datetime.fromisoformat(start) - timedelta(seconds=1)
    until = after + timedelta(hours=hours)
    fire_times = schedule.upcoming(after, schedule.count(after, until))
    assert schedule.latest(until) == (fire_times[-1] if fire_times else schedule.latest(after))
    return [schedule.local(fire_time).strftime("%d %H:%M:%S%z") for fire_time in fire_times]


def test_a_fixed_time_in_a_gap_runs_at_the_first_instant_after() -> None:
    """New York leaps from 02:00 to 03:00: 02:30 runs at 03:00, or with Skip not at all."""
    assert _on("30 2 * * *", "America/New_York", "2012-03-11T00:00-05:00") == ["11 03:00:00-0400"]
    assert _on("30 2 * * *", "America/New_York", "2012-03-11T00:00-05:00", gap=Gap.SKIP, hours=23) == []


def test_several_fixed_times_in_a_gap_collapse_into_one_run() -> None:
    """Three skipped times and the one at the end of the gap are one run."""
    assert _on("0 10,20,50 2,3 * * *", "America/New_York", "2012-03-11T02:00-05:00", hours=1) == [
        "11 03:00:00-0400",
        "11 03:10:00-0400",
        "11 03:20:00-0400",
        "11 03:50:00-0400",
    ]
    assert _on("0 0 2,3 * * *", "America/New_York", "2012-03-11T00:00-05:00") == ["11 03:00:00-0400"]


def test_an_interval_runs_through_clock_changes_at_its_pace() -> None:
    """Every 30 minutes stays every 30 minutes: nothing is added in a gap, nothing left out in a fold."""
    assert _on("*/30 * * * *", "Europe/Berlin", "2027-03-28T01:00+01:00", hours=2) == [
        "28 01:00:00+0100",
        "28 01:30:00+0100",
        "28 03:00:00+0200",
        "28 03:30:00+0200",
    ]
    assert _on("*/30 * * * *", "Europe/Berlin", "2027-10-31T02:00+02:00", hours=2) == [
        "31 02:00:00+0200",
        "31 02:30:00+0200",
        "31 02:00:00+0100",
        "31 02:30:00+0100",
    ]


def test_a_fixed_time_in_a_fold_runs_the_first_time_or_both() -> None:
    """Berlin shows 02:30 twice."""
    assert _on("30 2 * * *", "Europe/Berlin", "2027-10-31T00:00+02:00") == ["31 02:30:00+0200"]
    assert _on("30 2 * * *", "Europe/Berlin", "2027-10-31T00:00+02:00", fold=Fold.TWICE) == [
        "31 02:30:00+0200",
        "31 02:30:00+0100",
    ]


def test_asked_within_the_repeated_hour_once_means_it_is_over() -> None:
    """Between the first 02:30 and the second, the next run is tomorrow's."""
    schedule = parse(When(schedule="30 2 * * *", time_zone="Europe/Berlin"))
    between = datetime.fromisoformat("2027-10-31T02:15+01:00")

    assert schedule.after(between) == datetime.fromisoformat("2027-11-01T02:30+01:00")
    assert schedule.latest(between) == datetime.fromisoformat("2027-10-31T02:30+02:00")


def test_a_clock_change_of_half_an_hour() -> None:
    """Lord Howe's clock goes from 02:00 to 02:30 in October, and from 02:00 back to 01:30 in April."""
    assert _on("15 2 * * *", "Australia/Lord_Howe", "2026-10-04T00:00+10:30") == ["04 02:30:00+1100"]
    assert _on("45 1 * * *", "Australia/Lord_Howe", "2026-04-05T00:00+11:00") == ["05 01:45:00+1100"]


def test_a_day_that_a_zone_left_out_still_has_its_run() -> None:
    """Samoa had no 30 December 2011: its 09:00 runs when the 31st begins, an hourly task just goes on."""
    assert _on("0 9 * * *", "Pacific/Apia", "2011-12-29T00:00-10:00", hours=48) == [
        "29 09:00:00-1000",
        "31 00:00:00+1400",
        "31 09:00:00+1400",
    ]
    assert _on("0 * * * *", "Pacific/Apia", "2011-12-29T23:00-10:00", hours=2) == [
        "29 23:00:00-1000",
        "31 00:00:00+1400",
    ]


def test_a_fold_across_midnight_repeats_the_day_before() -> None:
    """São Paulo went from 00:00 on the 18th back to 23:00 on the 17th: the 17th's 23:30 is the repeated one."""
    assert _on("30 23 17 2 *", "America/Sao_Paulo", "2018-02-17T00:00-02:00", fold=Fold.TWICE, hours=48) == [
        "17 23:30:00-0200",
        "17 23:30:00-0300",
    ]


def test_a_change_of_offset_that_is_no_daylight_saving() -> None:
    """Troll changes by two hours; Monrovia once by 44 minutes and 30 seconds."""
    assert _on("30 1 * * *", "Antarctica/Troll", "2026-03-29T00:00+00:00", hours=20) == ["29 03:00:00+0200"]
    schedule = parse(When(schedule="0 0 7 1 *", time_zone="Africa/Monrovia"))
    assert schedule.after(datetime(1972, 1, 1, tzinfo=UTC)) == datetime(1972, 1, 7, 0, 44, 30, tzinfo=UTC)


def test_every_counts_elapsed_time_whatever_the_clock_shows() -> None:
    """`@every` knows no zone."""
    assert _on("@every 45m", "Europe/Berlin", "2027-03-28T01:00+01:00", hours=2) == [
        "28 01:00:00+0100",
        "28 01:45:00+0100",
        "28 03:30:00+0200",
    ]


def _runs_at_the_end_of_the_gap(text: str) -> bool:
    return "28 03:00:00+0200" in _on(text, "Europe/Berlin", "2027-03-28T03:00+02:00", hours=1)


@pytest.mark.parametrize("text", ["0 * 2 * * *", "0 */15 2 * * *", "0 30 * * * *", "0 30 */2 * * *", "* */59 2 * * *"])
def test_a_star_at_the_head_of_hour_or_minute_makes_an_interval(text: str) -> None:
    """What it would have done in a gap is left out."""
    assert not _runs_at_the_end_of_the_gap(text)


@pytest.mark.parametrize(
    "text", ["* 30 2 * * *", "0 0,30 2 * * *", "0 0-59 0-2 * * *", "0 30 2/24 * * *", "0 H 2 * * *"]
)
def test_without_such_a_star_they_are_fixed_times(text: str) -> None:
    """However many they are, what falls into a gap runs once at its end."""
    assert _runs_at_the_end_of_the_gap(text)
