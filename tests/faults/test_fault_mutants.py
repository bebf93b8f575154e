"""The oracle is not void: deliberate bugs of the running operator are caught, each by the law that is named for it.

All of them: `python -m tests.faults --mutants`.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import trials
from tests.faults.mutants import MUTANTS
from tests.faults.oracle import LAWS
from tests.faults.world import Ground, ground
from tests.mutants.mutant import Mutant

ROOT = Path(__file__).parents[2]
FAST = ("random Job name", "limit ignored", "ready without sight")


@pytest.fixture(scope="module")
def there() -> Iterator[Ground]:
    """Bring up the lab that they share."""
    with ground(f"mutants-{os.getpid()}") as found:
        yield found


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_made(name: str) -> None:
    """Its line stands once in its module, and what it becomes can be compiled."""
    mutant = MUTANTS[name]
    source = (ROOT / "operator" / Path(*mutant.module.split("."))).with_suffix(".py")

    compile(mutant.made_in(source.read_text(encoding="utf-8")), str(source), "exec")


def test_a_mutant_whose_line_is_gone_says_so() -> None:
    """A process that would run without its bug ends instead."""
    with pytest.raises(AssertionError, match="stale mutant"):
        Mutant(old="gone", new="", promise="", caught_by="").made_in("here")


def test_each_invariant_has_a_mutant_that_it_alone_catches() -> None:
    """Else nobody would notice that its check is void."""
    assert {mutant.caught_by for mutant in MUTANTS.values() if not mutant.also} == set(LAWS)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_names_an_experiment(name: str) -> None:
    """There is one, and it needs no lab of its own."""
    assert not trials.experiment_of(MUTANTS[name]).flags


@pytest.mark.e2e
@pytest.mark.parametrize("name", FAST)
def test_the_oracle_catches_a_mutant(name: str, there: Ground) -> None:
    """The law that is named does not hold with it, and all others do."""
    assert not trials.tried(name, there).verdict
