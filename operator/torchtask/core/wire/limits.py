"""The fields that limit runs: how many, how late, how long, and how often in vain."""

from datetime import timedelta

from torchtask.core.errors import SpecError
from torchtask.core.spec import CatchUp, CircuitBreaker, ConcurrencyPolicy, Json, Overlap
from torchtask.core.wire.conflicts import JOB_LIFETIME, found
from torchtask.core.wire.values import choice, given, integer, mapping

MOST_COPIES = 100  # of a daemon, each of which is in the status

_FORBID = ConcurrencyPolicy.FORBID
_QUEUE = 10
_MOST_WAITING = 100
_LEAST_LIFETIME = 60
_PENDING = 600
_MOST_FAILURES = 1_000
_LONGEST_REST = 2_592_000  # 30 days


def overlap(spec: Json) -> Overlap:
    """Read how many runs may be active, and what becomes of a fire time that finds no room."""
    policy = choice("spec.concurrencyPolicy", given(spec, "concurrencyPolicy", _FORBID), ConcurrencyPolicy)
    if policy is not ConcurrencyPolicy.QUEUE and spec.get("queueLimit") is not None:
        raise SpecError("spec.queueLimit", f"has no meaning with concurrencyPolicy {policy}: only Queue lets them wait")
    waiting = integer("spec.queueLimit", given(spec, "queueLimit", _QUEUE), 1, _MOST_WAITING)
    if policy is not ConcurrencyPolicy.ALLOW:
        most = {"most": MOST_COPIES} if "daemon" in spec else {}
        return Overlap(policy, integer("spec.maxInstances", given(spec, "maxInstances", 1), 1, **most), waiting)
    if spec.get("maxInstances") is not None:
        raise SpecError("spec.maxInstances", "has no meaning with concurrencyPolicy Allow, which has no limit")
    return Overlap(policy, None)


def catch_up(spec: Json, room: Overlap) -> tuple[CatchUp, int]:
    """Read which late fire times are still started, and how many."""
    chosen = choice("spec.catchUp", given(spec, "catchUp", CatchUp.LATEST), CatchUp)
    if chosen is CatchUp.ALL and room.policy is not ConcurrencyPolicy.QUEUE:
        raise SpecError("spec.catchUp", "All needs concurrencyPolicy Queue, where late fire times can wait their turn")
    if chosen is not CatchUp.ALL and spec.get("catchUpLimit") is not None:
        raise SpecError("spec.catchUpLimit", f"has no meaning with catchUp {chosen}")
    if chosen is not CatchUp.ALL:
        return chosen, 0
    limit = given(spec, "catchUpLimit", min(_QUEUE, room.queue_limit))
    return chosen, integer("spec.catchUpLimit", limit, 1, room.queue_limit)


def deadline(spec: Json) -> timedelta | None:
    """Read how late a launch may be; a Job's own lifetime is one too: a younger Job still exists, and would be seen."""
    own = spec.get("startingDeadlineSeconds")
    if own is not None:
        own = integer("spec.startingDeadlineSeconds", own, 1)
    seconds = min(filter(None, (own, job_lifetime(spec))), default=None)
    return None if seconds is None else timedelta(seconds=seconds)


def job_lifetime(spec: Json) -> int | None:
    """Read how long a finished Job stands before Kubernetes removes it, if the template says so."""
    value = found(spec, JOB_LIFETIME)
    return None if value is None else integer(f"spec.{JOB_LIFETIME}", value, _LEAST_LIFETIME)


def lifetime(spec: Json) -> timedelta | None:
    """Read how long a task that runs once stays after its end."""
    value = spec.get("ttlSecondsAfterFinished")
    return None if value is None else timedelta(seconds=integer("spec.ttlSecondsAfterFinished", value, 0))


def pending_timeout(spec: Json) -> timedelta:
    """Read how long a run may wait for its Pod; also judges `timeoutSeconds`, which would end a shorter run first."""
    timeout = integer("spec.timeoutSeconds", given(spec, "timeoutSeconds", 1), 1)
    pending = integer("spec.pendingTimeoutSeconds", given(spec, "pendingTimeoutSeconds", _PENDING), 1)
    both = None not in (spec.get("timeoutSeconds"), spec.get("pendingTimeoutSeconds"))
    if both and pending >= timeout:
        raise SpecError("spec.pendingTimeoutSeconds", f"{pending} is not less than timeoutSeconds, {timeout}")
    return timedelta(seconds=pending)


def breaker(spec: Json) -> CircuitBreaker | None:
    """Read when firing rests because runs fail."""
    if spec.get("circuitBreaker") is None:
        return None
    path = "spec.circuitBreaker"
    fields = mapping(path, spec["circuitBreaker"])
    threshold = integer(f"{path}.failureThreshold", fields.get("failureThreshold"), 1, _MOST_FAILURES)
    rest = integer(f"{path}.probeAfterSeconds", fields.get("probeAfterSeconds"), 1, _LONGEST_REST)
    return CircuitBreaker(threshold, timedelta(seconds=rest))
