"""A launch between its decision and the moment its Job is seen, and what the API server's answers make of it.

Law L7: an attempt without an answer is made again under the same name, until there is one.
Law L8: created is launched. A taken name is looked at once: our Job, or one that came and went, is launched; somebody
else's is skipped `NameTaken`. What can never be created is missed `Rejected`; what may not be now waits as REFUSED.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from torchtask.core.model import Outcome, Reason, Result

RETRY = timedelta(seconds=1)


class Attempt(StrEnum):
    """What is known of a launch between its decision and the moment its Job is seen."""

    SENT = "Sent"  # asked for: the Job may or may not exist, and is asked for again until there is an answer (L7)
    COLLIDED = "Collided"  # the name exists: one look tells whose Job it is (L8)
    REFUSED = "Refused"  # the server will not have it now: quota, admission, permission (L6)
    ACCEPTED = "Accepted"  # created, but the Job watch has not shown it yet (L4)


@dataclass(frozen=True, slots=True)
class InFlight:
    """A launch that is not history yet.

    `asking`: a request is under way; else one may be made from `retry_time` on. `version`: the resourceVersion of an
    accepted Job, as it was created or found.
    """

    fire_time: datetime
    decided_time: datetime
    retry_time: datetime
    attempt: Attempt = Attempt.SENT
    asking: bool = True
    message: str = ""
    version: int = 0

    @property
    def is_open(self) -> bool:
        """Whether its fire time still has no outcome."""
        return self.attempt is not Attempt.ACCEPTED

    @property
    def is_active(self) -> bool:
        """Whether a Job may exist for it, so that it takes one of the task's instances."""
        return self.attempt is not Attempt.REFUSED


class Answer(StrEnum):
    """What the API server said to a launch, or to a look at its name."""

    CREATED = "Created"
    EXISTS = "Exists"  # 409 AlreadyExists
    REJECTED = "Rejected"  # 422, or a 400 decoding error: this Job will never do
    REFUSED = "Refused"  # 403 and other 4xx: not now
    UNKNOWN = "Unknown"  # time-out, reset, 5xx, 429: it may have been created, or not
    OURS = "Ours"  # the look found the task's own Job
    FOREIGN = "Foreign"  # the look found somebody else's
    ABSENT = "Absent"  # the look found nothing


Flights = Mapping[datetime, InFlight]

Settled = tuple[InFlight | None, Outcome | None]


def settle(flight: InFlight, answer: Answer, now: datetime, message: str = "", version: int = 0) -> Settled:
    """Return what is in flight after `answer`, and the outcome when the answer decided one.

    `version` is the resourceVersion of the Job, created or found; `message` the server's words, where it refused.
    """
    time, heard = flight.fire_time, replace(flight, asking=False, message=message)
    match answer:
        case Answer.CREATED | Answer.OURS:
            return replace(heard, attempt=Attempt.ACCEPTED, version=version), Outcome(Result.LAUNCHED, time)
        case Answer.ABSENT if flight.attempt is Attempt.COLLIDED:
            return None, Outcome(Result.LAUNCHED, time)
        case Answer.ABSENT:
            return None, Outcome(Result.SKIPPED, time, Reason.SPEC_CHANGED)
        case Answer.FOREIGN:
            return None, Outcome(Result.SKIPPED, time, Reason.NAME_TAKEN, message=message)
        case Answer.REJECTED:
            return None, Outcome(Result.MISSED, time, Reason.REJECTED, message=message)
        case Answer.EXISTS:
            return replace(heard, attempt=Attempt.COLLIDED, retry_time=now), None
        case Answer.REFUSED:
            return replace(heard, attempt=Attempt.REFUSED, retry_time=now + RETRY), None
        case Answer.UNKNOWN:
            return replace(heard, retry_time=now + RETRY), None


def unseen(flights: Flights, version: int) -> Flights:
    """Leave out the accepted launches that a Job watch at `version` must have shown, if their Jobs still exist (L4)."""
    return {t: f for t, f in flights.items() if f.is_open or f.version > version}
