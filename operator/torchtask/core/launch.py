"""A launch between its decision and the moment its Job is seen, and what the API server's answers make of it.

Law L7: an attempt without an answer is made again under the same name, until there is one.
Law L6: a launch that is refused waits, and is missed when the next fire time comes: a task holds back one at most.
Law L8: created is launched. A taken name is looked at once: our Job, or one that came and went, is launched; somebody
else's is skipped `NameTaken`. What can never be created is missed `Rejected`; what may not be now waits as REFUSED.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from torchtask.core.account import Outcome, Result
from torchtask.core.errors import SpecReason
from torchtask.core.model import Reason

RETRY = timedelta(seconds=1)
PATIENCE = timedelta(seconds=5)


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
    accepted Job, as it was created or found. `lost`: why it is looked up and not repeated, if so.
    """

    fire_time: datetime
    decided_time: datetime
    retry_time: datetime
    attempt: Attempt = Attempt.SENT
    asking: bool = True
    message: str = ""
    version: int = 0
    lost: Reason | SpecReason | None = None

    @property
    def is_open(self) -> bool:
        """Whether its fire time still has no outcome."""
        return self.attempt is not Attempt.ACCEPTED

    @property
    def may_exist(self) -> bool:
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


@dataclass(frozen=True, slots=True)
class Launch:
    """Create the Job of `fire_time`; also when that was asked before and not answered."""

    fire_time: datetime


@dataclass(frozen=True, slots=True)
class LookUp:
    """Read the Job that has the name of `fire_time`, and tell whose it is."""

    fire_time: datetime


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
        case Answer.ABSENT if flight.lost is Reason.DEADLINE:
            return None, Outcome(Result.MISSED, time, Reason.DEADLINE)
        case Answer.ABSENT:
            return None, Outcome(Result.SKIPPED, time, flight.lost or Reason.SPEC_CHANGED)
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


def is_unanswered(flights: Flights, now: datetime) -> bool:
    """Tell whether a launch has had no answer for PATIENCE: then the task decides nothing more (L7)."""
    return any(f.may_exist and f.is_open and now - f.decided_time >= PATIENCE for f in flights.values())


def unsent(flights: Flights) -> list[datetime]:
    """Name the launches that were refused and wait: there is no Job of theirs, and no request under way."""
    return sorted(t for t, f in flights.items() if f.attempt is Attempt.REFUSED and not f.asking)


def lost(flights: Flights, times: Collection[datetime], reason: Reason | SpecReason) -> Flights:
    """Mark the launches at `times` as no longer wanted: they are looked up, and not repeated (L7)."""
    return {t: replace(f, lost=f.lost or reason) if t in times else f for t, f in flights.items()}


def ask_again(flights: Flights, now: datetime) -> tuple[Flights, list[Launch | LookUp]]:
    """Repeat what has no answer; look at names that are taken, and at those of launches that are lost (L7, L8)."""
    actions: list[Launch | LookUp] = []
    asked = dict(flights)
    for time, flight in flights.items():
        if flight.asking or flight.retry_time > now or not (flight.is_open and flight.may_exist):
            continue
        look = flight.lost is not None or flight.attempt is Attempt.COLLIDED
        actions.append(LookUp(time) if look else Launch(time))
        asked[time] = replace(flight, asking=True)
    return asked, actions
