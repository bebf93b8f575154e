"""What an answer's headers tell: the server's clock, and how long it wants to be left alone."""

from datetime import timedelta

import pytest

from tests.scenario import at
from torchtask.cluster.exchange import MOST_RETRY_AFTER_SECONDS, retry_after, skew

NOON = "Mon, 01 Jun 2026 12:00:00 GMT"  # `at` counts from that day


@pytest.mark.parametrize(
    ("sent", "received", "seconds"),
    [
        ("12:00:00", "12:00:00.1", 0),
        ("12:00:00.9", "12:00:00.95", 0),  # the header has whole seconds
        ("12:00:01", "12:00:01.1", 0),
        ("11:59:50", "12:00:10", 0),  # a slow answer tells little
        ("12:00:03", "12:00:03.1", 2),  # ours is ahead
        ("11:59:57", "11:59:58", 2),  # ours is behind
        ("13:00:00", "12:00:00", 0),  # it went back meanwhile: nobody can tell
        ("13:00:00", "12:30:00", 1799),
    ],
)
def test_skew_is_the_least_that_explains_the_date(sent: str, received: str, seconds: float) -> None:
    """The distance between the second that the server names and the time in which it answered."""
    assert skew({"Date": NOON}, at(sent), at(received)) == seconds


@pytest.mark.parametrize("date", [None, "", "soon", "12:00"])
def test_without_a_date_nobody_can_tell(date: str | None) -> None:
    """A proxy may leave it out, or write what it likes."""
    assert skew({"Date": date} if date is not None else {}, at("12:00:00"), at("12:00:01")) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1", 1),
        ("0", 0),
        ("86400", MOST_RETRY_AFTER_SECONDS),
        ("Mon, 01 Jun 2026 12:00:07 GMT", 7),
        ("Mon, 01 Jun 2026 12:00:07 -0000", 7),
        ("Mon, 01 Jun 2026 11:00:00 GMT", 0),
        ("Mon, 01 Jun 2027 12:00:00 GMT", MOST_RETRY_AFTER_SECONDS),
        ("", None),
        ("-1", None),
        ("nan", None),
        ("soon", None),
        ("Mon, 01 Jun 99999 12:00:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -9999", None),
        ("Mon, 01 Jan 0001 00:00:00 +9999", None),
    ],
)
def test_retry_after_is_a_number_or_a_date_by_the_servers_clock(text: str, seconds: float | None) -> None:
    """Both forms of RFC 9110, section 10.2.3; whatever else is written counts as nothing."""
    assert retry_after({"Retry-After": text, "Date": NOON}, at("18:00:00")) == seconds


def test_a_date_without_the_servers_clock_is_read_by_ours() -> None:
    """There is no better one."""
    until = {"Retry-After": "Mon, 01 Jun 2026 12:00:07 GMT"}
    assert retry_after(until, at("12:00:00") + timedelta(seconds=3)) == 4


@pytest.mark.parametrize(
    "text", ["", "soon", "Mon, 01 Jun 99999 12:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "1 Jan 0001 00:00 +9999"]
)
def test_a_date_that_makes_no_sense_breaks_nothing(text: str) -> None:
    """Whatever stands between us and the API server may write what it likes: the answer itself still counts."""
    apart = skew({"Date": text}, at("12:00:00"), at("12:00:01"))

    assert apart is None or apart > 0
    assert retry_after({"Retry-After": NOON, "Date": text}, at("12:00:00")) == 0
