"""The nouns of TorchTask, as values: what a user asked for, what exists, what is counted.

Every instant is an aware `datetime` in UTC. A *fire time* is a whole second that a schedule names, and the identity of
the run that belongs to it. Counting follows the ledger's laws, which stand in `ledger`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from torchtask.core.errors import SpecError, TemplateInvalidError
from torchtask.core.schedule import Schedule, jitter

SECOND = timedelta(seconds=1)

Json = Mapping[str, Any]


class ConcurrencyPolicy(StrEnum):
    """What becomes of a fire time that finds no room."""

    FORBID = "Forbid"
    ALLOW = "Allow"
    QUEUE = "Queue"
    REPLACE = "Replace"


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many runs may be active (None: any number), and how many fire times that find no room may wait."""

    policy: ConcurrencyPolicy
    limit: int | None
    queue_limit: int = 0

    @property
    def lets_wait(self) -> bool:
        """Whether fire times may wait under this policy."""
        return self.policy in (ConcurrencyPolicy.QUEUE, ConcurrencyPolicy.REPLACE)


class CatchUp(StrEnum):
    """Which of the fire times that nobody was there to decide are still started."""

    NONE = "None"
    LATEST = "Latest"  # the newest, unless one is due anyway
    ALL = "All"  # the newest `catch_up_limit`


class Reason(StrEnum):
    """Why a fire time did not become a run, where the spec is not the reason (`errors.SpecReason`)."""

    MAX_INSTANCES = "MaxInstances"
    QUEUE_FULL = "QueueFull"
    REPLACED = "Replaced"
    DEADLINE = "Deadline"
    DOWNTIME = "Downtime"
    REJECTED = "Rejected"
    REFUSED = "Refused"
    NAME_TAKEN = "NameTaken"
    SPEC_CHANGED = "SpecChanged"
    SUSPENDED = "Suspended"


@dataclass(frozen=True, slots=True)
class Spec:
    """A spec that was understood.

    `jitter_seconds` delays each launch, by a stable number of seconds below it; 0: not at all. `digest` is the
    `scheduleHash`: it covers what decides *when* the task fires, so that a change of it starts a new account (law L9).
    `deadline` is how late a launch may be, counted from its launch time; None: as late as it takes. `job` is the Job's
    own spec, complete but for what one run adds; `labels` and `annotations` are those the user wants on Jobs.
    """

    schedule: Schedule
    jitter_seconds: int
    summary: str
    digest: str
    suspend: bool
    overlap: Overlap
    deadline: timedelta | None
    catch_up: CatchUp
    catch_up_limit: int
    successful_history: int
    failed_history: int
    job: Json
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    def launch_time(self, fire_time: datetime) -> datetime:
        """Return when `fire_time` is launched: at once, or after its jitter; always before the next fire time."""
        if not self.jitter_seconds:
            return fire_time
        return fire_time + jitter(self.schedule, fire_time, self.jitter_seconds, self.schedule.when.seed)

    def too_late(self, fire_time: datetime, now: datetime) -> bool:
        """Tell whether the deadline of `fire_time` has passed."""
        return self.deadline is not None and now - self.launch_time(fire_time) > self.deadline


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
    """One execution: a Job whose controller is the task.

    `reason` and `message` are those of its final condition, until its Pods were asked (`ends`). `unexplained`: its
    failure is decided, and they were not asked yet.
    """

    name: str
    uid: str
    fire_time: datetime
    phase: Phase
    creation_time: datetime
    start_time: datetime | None = None
    completion_time: datetime | None = None
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    deleting: bool = False
    unexplained: bool = False

    @property
    def suffix(self) -> str:
        """The part of the name that tells it from the task's other runs."""
        return self.name.rpartition("-")[2]

    @property
    def finished(self) -> bool:
        """Whether the Job has its final condition."""
        return self.phase is not Phase.ACTIVE
