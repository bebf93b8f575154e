"""What a user asked for, as values: a spec that was understood, and its parts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson

from torchtask.core.instants import SECOND
from torchtask.core.schedule import Schedule, jitter

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


class RunOn(StrEnum):
    """Where a fire time runs: on one node, whichever, or on each that matches."""

    ANY_NODE = "AnyNode"
    EVERY_NODE = "EveryNode"


@dataclass(frozen=True, slots=True)
class Where:
    """Which nodes a run may be on.

    `names` and `addresses` together name a set of nodes; both empty: any node. `selector` is `spec.nodeSelector`.
    """

    run_on: RunOn = RunOn.ANY_NODE
    selector: Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    @property
    def every_node(self) -> bool:
        """Whether each matching node gets a run of its own."""
        return self.run_on is RunOn.EVERY_NODE

    @property
    def needs_nodes(self) -> bool:
        """Whether the cluster's nodes have to be known to place a run."""
        return self.every_node or bool(self.addresses)


class RestartPolicy(StrEnum):
    """When an instance of a daemon that ended is started again."""

    ALWAYS = "Always"
    ON_FAILURE = "OnFailure"


@dataclass(frozen=True, slots=True)
class Daemon:
    """How instances are kept running. An end before `min_ready` has passed is a failed start."""

    restart_policy: RestartPolicy = RestartPolicy.ALWAYS
    restart_delay: timedelta = SECOND
    min_ready: timedelta = SECOND
    start_retries: int = 3


@dataclass(frozen=True, slots=True)
class CircuitBreaker:
    """After `failure_threshold` failures in a row nothing fires until `probe_after` has passed; then one run does."""

    failure_threshold: int
    probe_after: timedelta


@dataclass(frozen=True, slots=True)
class Spec:
    """A spec that was understood.

    `jitter_seconds` delays each launch, by a stable number of seconds below it; 0: not at all. `digest` is the
    `scheduleHash`: it covers what decides *when* the task fires, so that a change of it starts a new account (law L9).
    `deadline` is how late a launch may be, counted from its launch time; None: as late as it takes. `job_text` is the
    Job's own spec, complete but for what one run adds, as JSON: as objects it would be most of what a task takes of the
    memory. `labels` and `annotations` are those the user wants on Jobs.
    `template` stands for all that a user says about what runs, and where. A daemon has a `schedule` that never fires.
    `pending_timeout`: how long a run may wait for its Pod to start. `lifetime`: how long after its end an `at` stays
    before it removes itself; None: for ever.
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
    job_text: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    template: str
    where: Where = Where()
    daemon: Daemon | None = None
    breaker: CircuitBreaker | None = None
    priority: int = 0
    pending_timeout: timedelta = timedelta(seconds=600)
    lifetime: timedelta | None = None

    @property
    def job(self) -> Json:
        """The Job's own spec; read anew each time."""
        job: Json = orjson.loads(self.job_text)
        return job

    @property
    def is_once(self) -> bool:
        """Whether it runs once, `at` a moment."""
        return self.schedule.when.at is not None

    def launch_time(self, fire_time: datetime) -> datetime:
        """Return when `fire_time` is launched: at once, or after its jitter; always before the next fire time."""
        if not self.jitter_seconds:
            return fire_time
        return fire_time + jitter(self.schedule, fire_time, self.jitter_seconds, self.schedule.when.seed)

    def too_late(self, fire_time: datetime, now: datetime) -> bool:
        """Tell whether the deadline of `fire_time` has passed."""
        return self.deadline is not None and now - self.launch_time(fire_time) > self.deadline
