"""The experiments that always run: nothing that the API server, a clock or a user does breaks an invariant.

All of them: `make faults`.
"""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import catalogue
from tests.faults.experiment import Experiment, play
from tests.faults.world import Ground, ground

pytestmark = pytest.mark.e2e

FAST = [found for found in catalogue.experiments() if found.fast]


@pytest.fixture(scope="module")
def there() -> Iterator[Ground]:
    """Bring up the lab that they share."""
    with ground(f"faults-{os.getpid()}") as found:
        yield found


@pytest.mark.parametrize("chosen", FAST, ids=lambda found: found.name)
def test_every_invariant_holds(chosen: Experiment, there: Ground, tmp_path: Path) -> None:
    """Calls, Jobs and clocks show nothing that breaks a promise."""
    assert asyncio.run(play(chosen, there, tmp_path, seed=1)).violations == []


def test_the_fast_ones_share_a_lab() -> None:
    """Else they would not be fast."""
    assert all(not found.flags for found in FAST)
