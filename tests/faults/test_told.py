"""What an operator has to tell of a fault: by name, in its log and in its numbers."""

import pytest

from tests.faults.actions import Delay, Refuse, Reset, WatchSilence
from tests.faults.breaking import ALL, STATUSES
from tests.faults.events import ErrorEvent
from tests.faults.rules import LAUNCHES, Action, On
from tests.faults.told import Wanted, faults, untold

LAUNCHING = ("launching", "503")
LINE = "launching: team/report-1: 503 ServiceUnavailable: no"
WANTED = Wanted(*LAUNCHING)


@pytest.mark.parametrize(
    ("action", "on", "wanted"),
    [
        (Refuse(429), LAUNCHES, Wanted("launching", "429")),
        (Reset(), STATUSES, Wanted("writing a status", "NoAnswer")),
        (WatchSilence(), ALL, Wanted("", "NoAnswer")),
        (ErrorEvent(410), On(verb="list watch", resource="jobs"), Wanted("watching Jobs", "410")),
        (Delay(1), ALL, Wanted()),
    ],
    ids=str,
)
def test_what_is_to_be_told_follows_from_what_befalls_which_calls(action: Action, on: On, wanted: Wanted) -> None:
    """What was being done, where only one thing was; and how it failed, where that is known."""
    assert Wanted.of(action, on) == wanted


def test_faults_are_read_from_the_metrics() -> None:
    """By their labels; other numbers are none."""
    metrics = {'torchtask_faults_total{doing="launching",fault="503"}': 2.0, "torchtask_leader": 1.0}
    assert faults(metrics) == {LAUNCHING: 2.0}


def test_who_names_a_fault_in_log_and_metrics_has_told_of_it() -> None:
    """Among others, of which there are lines too."""
    after = {LAUNCHING: 3.0, ("leading", "NoAnswer"): 1.0, ("clearing up", "500"): 1.0}
    lines = [LINE, "leading: no answer"]
    assert not list(untold({LAUNCHING: 1.0, ("clearing up", "500"): 1.0}, after, lines, [WANTED, Wanted()]))


@pytest.mark.parametrize(
    ("after", "lines", "words"),
    [
        ({LAUNCHING: 1.0}, [LINE], "the metrics do not tell of it"),
        ({LAUNCHING: 2.0}, ["something is wrong"], "the log does not tell that launching fails (503)"),
        ({("launching", "500"): 1.0}, [LINE], "the metrics do not tell of launching that fails with 503"),
        ({("leading", "503"): 1.0}, ["leading: 503"], "the metrics do not tell of launching that fails with 503"),
    ],
)
def test_what_is_not_told_is_named(after: dict[tuple[str, str], float], lines: list[str], words: str) -> None:
    """No number grew, no line begins with it, or it is another fault."""
    assert words in list(untold({LAUNCHING: 1.0}, after, lines, [WANTED]))
