"""The nouns of the ledger: outcomes, counts, and the account of one task. What is done with them is in `ledger`."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from torchtask.core.errors import SpecReason
from torchtask.core.model import Reason, Run


class Result(StrEnum):
    """The three ways in which a fire time is accounted for (law L1)."""

    LAUNCHED = "Launched"
    SKIPPED = "Skipped"
    MISSED = "Missed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a fire time, or of `count` of them up to and including `fire_time`."""

    result: Result
    fire_time: datetime
    reason: Reason | SpecReason | None = None
    count: int = 1
    message: str = ""


@dataclass(frozen=True, slots=True)
class NotLaunched:
    """How often, and when last, fire times did not become runs for one reason."""

    reason: str
    count: int
    last_time: datetime
    message: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """What is settled since `since`. `due` is no field: it is the sum of the three, and so cannot disagree (L12)."""

    since: datetime
    launched: int = 0
    skipped: int = 0
    missed: int = 0
    succeeded: int = 0
    failed: int = 0
    stopped: int = 0

    @property
    def due(self) -> int:
        """Every fire time that was accounted for."""
        return self.launched + self.skipped + self.missed


@dataclass(frozen=True, slots=True)
class Outage:
    """Fire times that nobody was there to decide, and what was made of them."""

    start_time: datetime
    end_time: datetime
    missed: int
    started: int


@dataclass(frozen=True, slots=True)
class Published:
    """The part of a written status that deleting Jobs depends on (L5, L11)."""

    accounted_time: datetime
    queued: frozenset[datetime]
    counted_runs: frozenset[str]

    def counts_launch(self, fire_time: datetime) -> bool:
        """Tell whether the launch of `fire_time` is counted there."""
        return fire_time <= self.accounted_time and fire_time not in self.queued


@dataclass(frozen=True, slots=True)
class Ledger:
    """The account of one task: what its status says, and what is decided but not yet fit to be written.

    `accounted_time`: every fire time up to it is counted or stands in `queued`, none after it does (L2).
    `decided_time`: every fire time up to it has an outcome, is in flight, or waits in `queued`; the outcomes after
    `accounted_time` wait in `pending`. `published` is what the API server is known to hold. `repeated` are the launches
    that were asked for more than once, so that a copy of the request may still be under way.
    """

    accounted_time: datetime
    decided_time: datetime
    digest: str
    generation: int
    counts: Counts
    queued: tuple[datetime, ...] = ()
    counted_runs: frozenset[str] = frozenset()
    published: Published | None = None
    not_launched: tuple[NotLaunched, ...] = ()
    consecutive_failures: int = 0
    last_schedule_time: datetime | None = None
    last_successful_time: datetime | None = None
    last_run: Run | None = None
    last_failure: Run | None = None
    last_outage: Outage | None = None
    pending: tuple[Outcome, ...] = ()
    repeated: frozenset[datetime] = frozenset()
