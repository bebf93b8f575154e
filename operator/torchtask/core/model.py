"""The nouns of TorchTask, as values: what a user asked for, what exists, what is counted.

Every instant is an aware `datetime` in UTC. A *fire time* is a whole second that a schedule names, and the identity of
the run that belongs to it. Counting follows the ledger's laws, which stand in `ledger`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from torchtask.core.errors import SpecError, SpecReason, TemplateInvalidError
from torchtask.core.schedule import Schedule, jitter

SECOND = timedelta(seconds=1)

Json = Mapping[str, Any]


class Reason(StrEnum):
    """Why a fire time did not become a run, where the spec is not the reason (`errors.SpecReason`)."""

    MAX_INSTANCES = "MaxInstances"
    DOWNTIME = "Downtime"
    REJECTED = "Rejected"
    REFUSED = "Refused"
    NAME_TAKEN = "NameTaken"
    SPEC_CHANGED = "SpecChanged"
    SUSPENDED = "Suspended"


@dataclass(frozen=True, slots=True)
class Spec:
    """A spec that was understood.

    `jitter_seconds` delays each launch, by a stable number of seconds below it; 0: not at all. `max_instances` is None
    where nothing limits the task. `digest` is the `scheduleHash`: it covers what decides *when* the task fires, so that
    a change of it starts a new account (law L9). `job` is the Job's own spec, complete but for what one run adds;
    `labels` and `annotations` are those the user wants on Jobs.
    """

    schedule: Schedule
    jitter_seconds: int
    summary: str
    digest: str
    suspend: bool
    max_instances: int | None
    successful_history: int
    failed_history: int
    job: Json
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    def launch_time(self, fire_time: datetime) -> datetime:
        """Return when `fire_time` is launched: at once, or after its jitter; always before the next fire time."""
        return fire_time + jitter(self.schedule, fire_time, self.jitter_seconds, self.schedule.when.seed)


@dataclass(frozen=True, slots=True)
class Task:
    """A TorchTask.

    `spec` is the error when it was not understood; `notes` say what in it is probably not meant; `template_error` is in
    the API server's words.
    """

    namespace: str
    name: str
    uid: str
    generation: int
    creation_time: datetime
    spec: Spec | SpecError
    notes: tuple[str, ...] = ()
    deleting: bool = False
    template_error: str | None = None

    @property
    def problem(self) -> SpecError | None:
        """What keeps the task from running at all, or None."""
        if isinstance(self.spec, SpecError):
            return self.spec
        if self.template_error is not None:
            return TemplateInvalidError("spec", self.template_error)
        return None


class Phase(StrEnum):
    """How far a run is. ACTIVE until its Job has a final condition: pending, running, retrying and stopping alike."""

    ACTIVE = "Active"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Run:
    """One execution: a Job whose controller is the task. `reason` and `message` are those of its final condition."""

    name: str
    uid: str
    fire_time: datetime
    phase: Phase
    creation_time: datetime
    start_time: datetime | None = None
    completion_time: datetime | None = None
    reason: str = ""
    message: str = ""
    deleting: bool = False

    @property
    def suffix(self) -> str:
        """The part of the name that tells it from the task's other runs."""
        return self.name.rpartition("-")[2]

    @property
    def finished(self) -> bool:
        """Whether the Job has its final condition."""
        return self.phase is not Phase.ACTIVE


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
class Ledger:
    """The account of one task: what its status says, and what is decided but not yet fit to be written.

    `accounted_time`: every fire time up to it is counted, none after it (L2). `decided_time`: every fire time up to it
    has an outcome or is in flight; the outcomes after `accounted_time` wait in `pending`. `published_runs` are the
    counted runs that the API server is known to hold: only those may be pruned (L11). `repeated` are the launches that
    were asked for more than once, so that a copy of the request may still be under way.
    """

    accounted_time: datetime
    decided_time: datetime
    digest: str
    generation: int
    counts: Counts
    counted_runs: frozenset[str] = frozenset()
    published_runs: frozenset[str] = frozenset()
    not_launched: tuple[NotLaunched, ...] = ()
    consecutive_failures: int = 0
    last_schedule_time: datetime | None = None
    last_successful_time: datetime | None = None
    last_run: Run | None = None
    last_outage: Outage | None = None
    pending: tuple[Outcome, ...] = ()
    repeated: frozenset[datetime] = frozenset()
