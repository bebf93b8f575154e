"""The account by itself: how far it is closed, and how its sums are made to hold."""

from dataclasses import replace
from typing import Any

import pytest

from tests.scenario import at
from torchtask.core import ledger as books
from torchtask.core.account import Counts, Ledger


def account(**changes: Any) -> Ledger:
    """Make an account that was closed at 12:00:10, and has decided ten seconds more."""
    plain = Ledger(at("12:00:10"), at("12:00:20"), "digest", 1, Counts(since=at("12:00:00")))
    return replace(plain, **changes)


@pytest.mark.parametrize(
    ("open_times", "until"),
    [
        ((), "12:00:20"),
        (("12:00:15",), "12:00:14"),
        (("12:00:18", "12:00:15"), "12:00:14"),
        (("12:00:05",), "12:00:10"),
    ],
)
def test_an_account_is_closed_just_before_the_oldest_open_time(open_times: tuple[str, ...], until: str) -> None:
    """Else up to the last decision; and it never moves back, whatever turns out to be open (L2)."""
    assert books.closed(account(), [at(time) for time in open_times]).accounted_time == at(until)


def test_what_waits_in_the_queue_does_not_keep_an_account_open() -> None:
    """It stands in `queuedTimes` instead."""
    waiting = account(queued=(at("12:00:15"),))

    assert books.closed(waiting, [at("12:00:15")]).accounted_time == at("12:00:20")


def test_what_waits_is_told_when_it_is_accounted_for() -> None:
    """Told before, it would be decided anew by whoever reads the status."""
    assert books.waiting(account(queued=(at("12:00:10"), at("12:00:15")))) == (at("12:00:10"),)


@pytest.mark.parametrize(
    ("active", "by_hand", "expected"),
    [
        (0, 0, (3, 1, 1)),  # launched, manual, stopped
        (1, 0, (3, 1, 0)),
        (2, 0, (4, 1, 0)),
        (2, 1, (3, 2, 0)),
        (4, 1, (5, 2, 0)),
    ],
)
def test_a_job_that_turns_up_after_it_was_given_up_was_launched(
    active: int, by_hand: int, expected: tuple[int, int, int]
) -> None:
    """Of those that nobody knows of the runs by hand come first; `stopped` never falls (L12)."""
    counts = Counts(since=at("12:00:00"), launched=3, manual=1, succeeded=2, failed=1)
    found = books.balanced(account(counts=counts), active, by_hand).counts

    assert (found.launched, found.manual, found.stopped) == expected
    assert found.stopped == found.launched + found.manual - found.succeeded - found.failed - active
