"""The status document: what it says, and that it is read back as it was meant."""

from dataclasses import replace
from typing import Any

import pytest

from tests.crd.written import ASKED, FAILED, NOW, full_ledger, written
from tests.scenario import a_task
from torchtask.core.account import NotLaunched, Published, Slot
from torchtask.core.daemon import SlotState
from torchtask.core.finished import RECENT_RUNS
from torchtask.core.status import Lateness, Sight, digest, held_digest, lateness, render_status
from torchtask.core.wire import ledgers


def test_an_account_is_read_back_as_it_was_written() -> None:
    """Field by field; and what was read is known to be what the server holds."""
    before = full_ledger(NOW)
    published = Published(NOW, frozenset(before.queued), before.counted_runs, before.slots, before.last_run_now)

    assert ledgers.ledger(written(daemon={})) == replace(before, published=published)
    assert ledgers.ledger(written()) == replace(before, published=published), "also of a daemon that it was"


@pytest.mark.parametrize("state", list(SlotState))
def test_of_a_slots_state_only_that_it_completed_is_remembered(state: SlotState) -> None:
    """The others follow from its runs and its failed starts."""
    slot = Slot(0, attempt=1, completed=state is SlotState.COMPLETED)
    document = written(daemon={}) | {"daemon": {"instances": [{"slot": 0, "attempt": 1, "state": state}]}}
    ledger = ledgers.ledger(document)

    assert ledger is not None
    assert ledger.slots == (slot,)


def test_what_waits_is_due() -> None:
    """The first sum of law L12."""
    status = written()
    counts = status["counts"]

    assert counts["due"] == counts["launched"] + counts["skipped"] + counts["missed"] + len(status["queuedTimes"]) == 7


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ([], None),
        ([7], Lateness(7, 7, 7)),
        ([3, 1, 2], Lateness(2, 3, 3)),
        (range(1, 101), Lateness(50, 99, 100)),
        (range(1, 201), Lateness(100, 198, 200)),
    ],
)
def test_lateness_is_summarised_by_rank(samples: list[int], expected: Lateness | None) -> None:
    """Of a hundred launches p99 is the last but one."""
    assert lateness(samples) == expected


def test_a_task_that_is_no_daemon_has_no_instances() -> None:
    """None, so that a merge patch takes away those of the daemon that it was."""
    status = render_status(a_task().task, replace(full_ledger(NOW), slots=()), Sight())

    assert status["daemon"] is None


def test_the_words_of_what_was_not_launched_are_cut() -> None:
    """To 256 characters: they are the API server's, or a user's."""
    ledger = replace(full_ledger(NOW), not_launched=(NotLaunched("Rejected", 1, NOW, "x" * 300),))
    (entry,) = render_status(a_task().task, ledger, Sight())["notLaunched"]

    assert entry["message"] == "x" * 256


def test_in_a_list_nothing_is_null() -> None:
    """A merge patch replaces a list as it stands: a null in it would be written, and not removed."""
    (asked, failed) = render_status(a_task().task, full_ledger(NOW), Sight())["recentRuns"]

    assert None not in {*asked.values(), *failed.values()}
    assert set(failed) - set(asked) == {"startTime", "completionTime", "exitCode", "message"}


def test_the_newest_runs_are_read_back() -> None:
    """No more than are written, however many a newer operator wrote."""
    entry = written()["recentRuns"][-1]
    entries = [entry | {"name": f"run-{number}"} for number in range(RECENT_RUNS + 5)]
    ledger = ledgers.ledger(written() | {"recentRuns": entries})

    assert ledger is not None
    assert [run.name for run in ledger.recent_runs] == [f"run-{number}" for number in range(5, RECENT_RUNS + 5)]
    assert ledger.last_run == replace(FAILED, name=f"run-{RECENT_RUNS + 4}")


@pytest.mark.parametrize("instance", [{"attempt": 999_999_999}, {"slot": 10_000}, {"attempt": 10**15}])
def test_a_slot_whose_next_run_nobody_could_name_is_rubbish(instance: dict[str, int]) -> None:
    """Its runs would not be known again, and be launched without end."""
    slot = {"slot": 0, "attempt": 1, "state": "Running"}

    assert ledgers.ledger(written(daemon={}) | {"daemon": {"instances": [slot]}}) is not None
    assert ledgers.ledger(written(daemon={}) | {"daemon": {"instances": [slot | instance]}}) is None


def test_a_status_that_says_the_same_is_known_again() -> None:
    """After a restart: what the merge patch took away is not there, and lateness is not known yet."""
    ledger = replace(full_ledger(NOW), recent_runs=(FAILED, ASKED))
    rendered = render_status(a_task().task, ledger, Sight())
    lateness_told = {"latenessMilliseconds": {"p50": 1, "p99": 2, "max": 3}}
    held = _merged(rendered) | {"accountedTime": "2020-01-01T00:00:00Z"} | lateness_told

    assert None in rendered.values()
    assert None in rendered["lastRun"].values()
    assert held_digest(held) == digest(rendered)
    assert held_digest(held | {"active": 7}) != digest(rendered)
    assert held_digest({name: value for name, value in held.items() if name != "lastRun"}) != digest(rendered)


def _merged(patch: dict[str, Any]) -> dict[str, Any]:
    """Return what a merge patch makes of nothing."""
    return {k: _merged(v) if isinstance(v, dict) else v for k, v in patch.items() if v is not None}
