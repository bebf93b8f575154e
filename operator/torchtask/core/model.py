"""The nouns of TorchTask, as values: a task, its runs, and the reasons for which a run did not come to be.

Every instant is an aware `datetime` in UTC. A *fire time* is a whole second that a schedule names, and the identity of
the run that belongs to it. Counting follows the ledger's laws, which stand in `ledger`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from torchtask.core.errors import LimitReachedError, SpecError, TemplateInvalidError
from torchtask.core.spec import Spec
from torchtask.core.units import Unit, suffix


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
    LIMIT_REACHED = "LimitReached"
    HELD = "Held"
    CIRCUIT_OPEN = "CircuitOpen"
    NODE_NOT_READY = "NodeNotReady"
    NO_NODE = "NoNode"
    SPEC_CHANGED = "SpecChanged"
    SUSPENDED = "Suspended"


@dataclass(frozen=True, slots=True)
class Task:
    """A TorchTask.

    `spec` is the error when it was not understood; `notes` say what in it is probably not meant; `template_error` is in
    the API server's words. `crowded`: its namespace has too many. `run_now` and `restart` are the nonces of the
    annotations by which a user asks for these; empty: not asked.
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
    crowded: bool = False
    run_now: str = ""
    restart: str = ""

    @property
    def problem(self) -> SpecError | None:
        """What keeps the task from running at all, or None."""
        if isinstance(self.spec, SpecError):
            return self.spec
        if self.crowded:
            return LimitReachedError("metadata.namespace", "it has as many TorchTasks as the operator takes from one")
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

    `fire_time` is that of its unit; of a run without one, when it was launched. `reason` and `message` are those of its
    final condition, until its Pods were asked (`ends`). `unexplained`: its end is decided, and they were not asked yet.
    `pod_seen`: it has or had a Pod; `started`: one that ran. `parked`: suspended by somebody who queues Jobs.
    `template` stands for what it was launched from. `disrupted`: the cluster ended it, not what ran in it. `ran`: how
    long its last Pod's containers did.
    """

    name: str
    uid: str
    unit: Unit
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
    pod_seen: bool = False
    started: bool = False
    parked: bool = False
    template: str = ""
    disrupted: bool = False
    ran: timedelta | None = None

    def __hash__(self) -> int:
        """Hash what tells runs apart: they are looked up often, and of nineteen fields one is enough."""
        return hash(self.uid)

    @property
    def suffix(self) -> str:
        """The part of the name that tells it from the task's other runs."""
        return suffix(self.unit)

    @property
    def finished(self) -> bool:
        """Whether the Job has its final condition."""
        return self.phase is not Phase.ACTIVE
