"""A launch between its decision and the moment its Job is seen, and what the API server's answers make of it.

Law L7: an attempt without an answer is made again under the same name, until there is one.
Law L6: a launch that the caps hold back or the server refuses waits, and is missed when the next fire time comes: a
task holds back one at most. An `at`, a daemon's start and a manual run wait as long as it takes.
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
from torchtask.core.units import Manual, Timed, Unit

RETRY, MOST_RETRY = timedelta(seconds=1), timedelta(seconds=3)
LONGEST_PAUSE = timedelta(seconds=30)
PATIENCE = timedelta(seconds=5)


class Attempt(StrEnum):
    """What is known of a launch between its decision and the moment its Job is seen."""

    WANTED = "Wanted"  # decided, and not sent yet: the caps may hold it back (L6)
    SENT = "Sent"  # asked for: the Job may or may not exist, and is asked for again until there is an answer (L7)
    COLLIDED = "Collided"  # the name exists: one look tells whose Job it is (L8)
    REFUSED = "Refused"  # the server will not have it now: quota, admission, permission (L6)
    ACCEPTED = "Accepted"  # created, but the Job watch has not shown it yet (L4)


@dataclass(frozen=True, slots=True)
class InFlight:
    """A launch that is not history yet.

    `fire_time` is its unit's; of a unit without one, when it was wanted. `begun_time`: when it was wanted first.
    `decided_time`: when it was last wanted, or sent. `asking`: a request is under way; else one may be made from
    `retry_time` on. `version`: the resourceVersion of an accepted Job, as it was created or found.
    `lost`: why it is looked up and not repeated, if so. `patient`: it is not given up for the next fire time, nor for a
    hold. `late`: an outage is being made up for.
    """

    unit: Unit
    fire_time: datetime
    decided_time: datetime
    retry_time: datetime
    attempt: Attempt = Attempt.WANTED
    asking: bool = False
    message: str = ""
    version: int = 0
    lost: Reason | SpecReason | None = None
    patient: bool = False
    late: bool = False
    begun_time: datetime | None = None
    tries: int = 0

    @property
    def is_open(self) -> bool:
        """Whether its unit still has no outcome."""
        return self.attempt is not Attempt.ACCEPTED

    @property
    def is_sent(self) -> bool:
        """Whether it was asked for and not answered: a Job may exist."""
        return self.attempt in (Attempt.SENT, Attempt.COLLIDED)

    @property
    def takes_room(self) -> bool:
        """Whether it takes one of the task's instances."""
        return self.attempt is not Attempt.REFUSED

    def may_be_retried(self, now: datetime) -> bool:
        """Tell whether it was refused, and it is time to try again."""
        return self.attempt is Attempt.REFUSED and not self.asking and self.may_ask(now)

    def may_ask(self, now: datetime) -> bool:
        """Tell whether its pause is over; one that is too long was begun before the clock went back."""
        return not now < self.retry_time <= now + LONGEST_PAUSE


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


Flights = Mapping[Unit, InFlight]


@dataclass(frozen=True, slots=True)
class Launch:
    """Create the Job of `unit`, as soon as the caps let it; what was asked before and not answered, at once."""

    unit: Unit


@dataclass(frozen=True, slots=True)
class LookUp:
    """Read the Job that has the name of `unit`, and tell whose it is."""

    unit: Unit


Settled = tuple[InFlight | None, Outcome | None]


def wanted(
    unit: Unit, now: datetime, *, patient: bool = False, late: bool = False, before: InFlight | None = None
) -> InFlight:
    """Begin a launch, or go on with the one that was refused `before`."""
    fire_time = unit.fire_time if isinstance(unit, Timed) else now
    new = InFlight(unit, fire_time, now, now, patient=patient, late=late, begun_time=now)
    return replace(new, late=before.late, begun_time=before.begun_time, tries=before.tries) if before else new


def sent(flight: InFlight, now: datetime) -> InFlight:
    """Let a wanted launch be under way: from now on a Job may exist."""
    return replace(flight, attempt=Attempt.SENT, asking=True, decided_time=now)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, with what came along.

    `version` is the resourceVersion of the Job, created or found; `message` the server's words, where it refused;
    `pause`: for how long it wants to be left alone; `time`: when it came, where a Job was created.
    """

    answer: Answer
    message: str = ""
    version: int = 0
    pause: timedelta = timedelta(0)
    time: datetime | None = None


def settle(flight: InFlight, reply: Reply, now: datetime) -> Settled:
    """Return what is in flight after `reply`, and the outcome when the answer decided one."""
    unit, message, time = flight.unit, reply.message, flight.fire_time
    heard = replace(flight, asking=False, message=message)
    match reply.answer:
        case Answer.CREATED | Answer.OURS:
            accepted = replace(heard, attempt=Attempt.ACCEPTED, version=reply.version)
            return accepted, Outcome(Result.LAUNCHED, unit, time=time)
        case Answer.ABSENT if flight.attempt is Attempt.SENT and _waits_on(flight):
            return replace(heard, attempt=Attempt.WANTED, lost=None), None
        case Answer.ABSENT:
            return None, _absent(flight, now)
        case Answer.FOREIGN:
            return None, Outcome(Result.SKIPPED, unit, Reason.NAME_TAKEN, message=message, time=now)
        case Answer.REJECTED:
            return None, Outcome(Result.MISSED, unit, Reason.REJECTED, message=message, time=now)
        case Answer.EXISTS:
            return replace(heard, attempt=Attempt.COLLIDED, retry_time=now), None
        case Answer.REFUSED:
            return replace(_later(heard, reply, now), attempt=Attempt.REFUSED), None
        case Answer.UNKNOWN:
            return _later(heard, reply, now), None


def _later(flight: InFlight, reply: Reply, now: datetime) -> InFlight:
    """Leave a launch alone for a while: longer each time, and as long as the server says."""
    wait = max(min(RETRY * (flight.tries + 1), MOST_RETRY), min(reply.pause, LONGEST_PAUSE))
    return replace(flight, tries=flight.tries + 1, retry_time=now + wait)


def _waits_on(flight: InFlight) -> bool:
    """Tell whether a lost launch that has no Job is wanted still: a manual run is, until its nonce is another."""
    return isinstance(flight.unit, Manual) or (flight.lost is Reason.HELD and flight.patient)


def _absent(flight: InFlight, now: datetime) -> Outcome:
    """Judge a launch that has no Job: one whose name was taken before came and went, another never was."""
    if flight.attempt is Attempt.COLLIDED:
        return Outcome(Result.LAUNCHED, flight.unit, time=flight.fire_time)
    result = Result.MISSED if flight.lost is Reason.DEADLINE else Result.SKIPPED
    return Outcome(result, flight.unit, flight.lost or Reason.SPEC_CHANGED, time=now)


def unseen(flights: Flights, version: int) -> Flights:
    """Leave out the accepted launches that a Job watch at `version` must have shown, if their Jobs still exist (L4)."""
    return {u: f for u, f in flights.items() if f.is_open or f.version > version} if flights else flights


def is_unanswered(flights: Flights, now: datetime) -> bool:
    """Tell whether a launch has had no answer for PATIENCE: then the task decides nothing more (L7)."""
    return any(f.is_sent and now - f.decided_time >= PATIENCE for f in flights.values())


def unsent(flights: Flights) -> list[Unit]:
    """Name the launches that wait: there is no Job of theirs, and no request under way."""
    return [u for u, f in flights.items() if f.attempt in (Attempt.WANTED, Attempt.REFUSED) and not f.asking]


def retried(flights: Flights, now: datetime) -> Flights:
    """Let refused launches that find no other place by themselves be wanted again, when it is time."""
    again = {u for u, f in flights.items() if not isinstance(u, Timed) and f.may_be_retried(now)}
    if not again:
        return flights
    return {u: replace(f, attempt=Attempt.WANTED, message="") if u in again else f for u, f in flights.items()}


def lost(flights: Flights, units: Collection[Unit], reason: Reason | SpecReason) -> Flights:
    """Mark the launches of `units` as no longer wanted: they are looked up, and not repeated (L7)."""
    among = frozenset(units)
    return {u: replace(f, lost=f.lost or reason) if u in among and f.is_sent else f for u, f in flights.items()}


def ask_again(flights: Flights, now: datetime) -> tuple[Flights, list[Launch | LookUp]]:
    """Repeat what has no answer; look at names that are taken, and at those of launches that are lost (L7, L8)."""
    actions: list[Launch | LookUp] = []
    asked = dict(flights)
    for unit, flight in flights.items():
        if flight.asking or not flight.is_sent or not flight.may_ask(now):
            continue
        look = flight.lost is not None or flight.attempt is Attempt.COLLIDED
        actions.append(LookUp(unit) if look else Launch(unit))
        asked[unit] = replace(flight, asking=True)
    return (asked if actions else flights), actions
