"""`docs/reliability.md` names what judges the promises, and tells the operator's own numbers."""

import re

import pytest

from tests.faults import catalogue, table, trials
from tests.faults.mutants import MUTANTS
from tests.faults.oracle import LAWS
from tests.pages import codes, page, tables
from torchtask.cluster.api import TOTAL_SECONDS
from torchtask.cluster.exchange import MOST_RETRY_AFTER_SECONDS
from torchtask.cluster.reflector import SILENCE_SECONDS
from torchtask.engine.sight import BLIND_SECONDS
from torchtask.engine.skew import MOST_SECONDS
from torchtask.engine.writer import LOADED_SECONDS

PAGE = page("reliability.md")
PROMISES = tables(PAGE)["promise | kept by | judged by"]
INVARIANTS = tables(PAGE)[" | law | in words"]
RESULTS = tables(PAGE).get(" | ".join(table.HEADS), [])
TRIALS = tables(PAGE).get(" | ".join(trials.HEADS), [])
WRITE = "run `python -m tests.faults{} --output docs/reliability.md`"


def test_every_law_is_on_the_page() -> None:
    """Under the name of its function."""
    assert {row[0]: codes(row[1]) for row in INVARIANTS} == {name: [law.__name__] for name, law in LAWS.items()}


def test_every_promise_is_judged_by_a_law_and_every_law_judges_one() -> None:
    """No promise is only words."""
    judged = [set(re.findall(r"I\d+|told", row[2])) for row in PROMISES]
    assert all(judged)
    assert set().union(*judged) == set(LAWS)


def test_every_law_has_a_mutant_that_it_catches() -> None:
    """As the page says."""
    assert {mutant.caught_by for mutant in MUTANTS.values()} == set(LAWS)


@pytest.mark.parametrize(
    "words",
    [
        f"given up after {TOTAL_SECONDS:g} s",
        f"not ready after {BLIND_SECONDS:g} s",
        f"after {SILENCE_SECONDS:g} s it is opened anew",
        f"for at most {MOST_RETRY_AFTER_SECONDS:g} s",
        f"more than {MOST_SECONDS:g} s off",
    ],
)
def test_the_numbers_are_the_operators_own(words: str) -> None:
    """They stand in the code, too."""
    assert words in PAGE


def test_under_load_a_status_waits_for_as_long_as_the_page_says() -> None:
    """In words."""
    assert LOADED_SECONDS == 5
    assert "under load within\n  five" in PAGE


def test_the_results_are_of_all_experiments_that_there_are() -> None:
    """Each of the full set has a row, and each row an experiment."""
    wanted = {found.name for found in catalogue.experiments() if not found.tasks}
    assert {row[0] for row in RESULTS} == wanted, WRITE.format("")


def test_the_trials_are_of_all_mutants_that_there_are() -> None:
    """Once they were written down."""
    assert not TRIALS or {row[0] for row in TRIALS} == MUTANTS.keys(), WRITE.format(" --mutants")


@pytest.mark.parametrize("place", [table.RESULTS, table.MUTANTS])
def test_a_table_has_a_place_of_its_own(place: table.Place) -> None:
    """What stands there is replaced, and nothing else."""
    begin, end = place
    written = table.put_into(PAGE, ["| x |"], place)
    assert written.count(f"{begin}\n| x |\n{end}") == 1
    assert written.partition(begin)[0] == PAGE.partition(begin)[0]
    assert written.partition(end)[2] == PAGE.partition(end)[2]


def test_rows_that_were_played_again_take_their_places() -> None:
    """Who adds an experiment plays that one, and not all for half an hour; what is no more has no row."""
    rows = ["3 took", "", "| x |", "| --- |", "| one | 1 |", "| old | 1 |", "| two | 1 |"]
    page = "\n".join(["a", table.RESULTS[0], *rows, table.RESULTS[1], "b"])
    lines = ["1 took", "", "| x |", "| --- |", "| three | 2 |", "| two | 2 |"]

    written = table.put_rows_into(page, lines, table.RESULTS, ["one", "two", "three"])

    assert [line for line in written.split("\n") if line.startswith("| ")][2:] == [
        "| one | 1 |",
        "| two | 2 |",
        "| three | 2 |",
    ]
    assert "3 took" in written
