"""Decides a moment ahead: when many fire at once, what follows for each is known by then, and has only to be done.

`decide` is pure: what it will say at a moment that is near it says now. That stands when the moment has come, unless
something that it depends on has changed by then; then it is asked again.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from torchtask.core.account import Ledger
from torchtask.core.decide import Decision, decide
from torchtask.core.launch import Flights
from torchtask.core.model import Run, Task
from torchtask.core.state import Surroundings

LEAD = timedelta(seconds=0.3)
LASTS = timedelta(seconds=0.5)  # after its moment; later is another moment


class Known(NamedTuple):
    """What a decision depends on, but for the time."""

    task: Task
    ledger: Ledger | None
    runs: tuple[Run, ...]
    flights: Flights
    around: Surroundings

    def decide(self, now: datetime) -> Decision:
        """Decide what follows at `now`."""
        return decide(self.task, self.ledger, self.runs, self.flights, now, self.around)


class Foresight:
    """What was decided ahead, by task."""

    def __init__(self) -> None:
        self._ahead: dict[str, tuple[Known, datetime, Decision]] = {}

    def __contains__(self, uid: str) -> bool:
        return uid in self._ahead

    def look(self, known: Known, time: datetime) -> None:
        """Decide what follows at `time`, which is near."""
        self._ahead[known.task.uid] = (known, time, known.decide(time))

    def decide(self, known: Known, now: datetime) -> Decision:
        """Return what was decided ahead for this moment, if nothing has changed; else decide."""
        seen, time, decision = self._ahead.pop(known.task.uid, (None, now, None))
        if decision is not None and seen == known and time <= now < time + LASTS:
            return decision
        return known.decide(now)

    def forget(self, uid: str) -> None:
        """Let a task go."""
        self._ahead.pop(uid, None)
