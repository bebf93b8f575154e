"""The nouns of the ledger: outcomes, counts, and the account of one task. What is done with them is in `ledger`."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from torchtask.core.errors import SpecReason
from torchtask.core.model import Phase, Reason
from torchtask.core.units import Timed, Unit

NEVER = datetime.max.replace(tzinfo=UTC)


class Result(StrEnum):
    """The three ways in which a unit is accounted for (law L1)."""

    LAUNCHED = "Launched"
    SKIPPED = "Skipped"
    MISSED = "Missed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a unit, or of `count` fire times up to and including that of `unit`.

    `time` is when it was launched, or given up, where the unit names no fire time.
    """

    result: Result
    unit: Unit
    reason: Reason | SpecReason | None = None
    count: int = 1
    message: str = ""
    time: datetime | None = None

    @property
    def fire_time(self) -> datetime | None:
        """The unit's fire time, or what stands for it."""
        return self.unit.fire_time if isinstance(self.unit, Timed) else self.time


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
    manual: int = 0
    succeeded: int = 0
    failed: int = 0
    stopped: int = 0

    @property
    def due(self) -> int:
        """Every unit that was accounted for; manual runs were never due."""
        return self.launched + self.skipped + self.missed


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that is over, as the status tells of it."""

    name: str
    fire_time: datetime
    phase: Phase
    start_time: datetime | None = None
    completion_time: datetime | None = None
    reason: str = ""
    message: str = ""
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class Outage:
    """Fire times that nobody was there to decide, and what was made of them."""

    start_time: datetime
    end_time: datetime
    missed: int
    started: int


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of a daemon: the last attempt that was counted as launched, and how the attempts went.

    `failed_starts`: in a row. `end_time`: when the last attempt ended. `completed`: it ended well, and is not wanted
    again (restart policy OnFailure).
    """

    number: int
    node: str = ""
    attempt: int = 0
    failed_starts: int = 0
    end_time: datetime | None = None
    completed: bool = False


@dataclass(frozen=True, slots=True)
class Published:
    """The part of a written status that deleting Jobs depends on (L5, L11)."""

    accounted_time: datetime
    queued: frozenset[datetime]
    counted_runs: frozenset[str]
    slots: tuple[Slot, ...] = ()
    last_run_now: str = ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The account of one task: what its status says, and what is decided but not yet fit to be written.

    `accounted_time`: every fire time up to it is counted or stands in `queued`, none after it does (L2).
    `decided_time`: every fire time up to it has an outcome, is in flight, or waits in `queued`; the outcomes after
    `accounted_time` wait in `pending`. `published` is what the API server is known to hold. `repeated` are the launches
    that were asked for more than once, so that a copy of the request may still be under way. `last_run_now` is the
    nonce of the last manual run; `open_key` that of the one whose launches are not complete. `template` stands for what
    runs are launched from. `following` is the first fire time after `decided_time`, or NEVER; None: nobody looked yet.
    `late`: the Jobs that turned up after their launch had been given up, as long as this operator has looked (L12).
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
    recent_runs: tuple[Ended, ...] = ()
    last_failure: Ended | None = None
    last_outage: Outage | None = None
    last_run_now: str = ""
    template: str = ""
    slots: tuple[Slot, ...] = ()
    pending: tuple[Outcome, ...] = ()
    repeated: frozenset[Unit] = frozenset()
    open_key: str = ""
    following: datetime | None = None
    late: int = 0

    @property
    def last_run(self) -> Ended | None:
        """The finished run of the latest fire time."""
        return self.recent_runs[-1] if self.recent_runs else None
