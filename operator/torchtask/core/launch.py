"""What an answer of the API server makes of a launch.

Law L7: an attempt without an answer is made again under the same name, until there is one.
Law L8: created is launched. A taken name is looked at once: our Job, or one that came and went, is launched; somebody
else's is skipped `NameTaken`. What can never be created is missed `Rejected`; what may not be now waits as REFUSED.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from torchtask.core.model import Answer, Attempt, InFlight, Outcome, Reason, Result

RETRY = timedelta(seconds=1)


Settled = tuple[InFlight | None, Outcome | None]


def settle(flight: InFlight, answer: Answer, now: datetime, message: str = "", version: int = 0) -> Settled:
    """Return what is in flight after `answer`, and the outcome when the answer decided one.

    `version` is the resourceVersion of a created Job; `message` the server's words, where it refused.
    """
    time, heard = flight.fire_time, replace(flight, asking=False, message=message)
    match answer:
        case Answer.CREATED:
            return replace(heard, attempt=Attempt.ACCEPTED, version=version), Outcome(Result.LAUNCHED, time)
        case Answer.OURS:
            return None, Outcome(Result.LAUNCHED, time)
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


def unseen(flights: Mapping[datetime, InFlight], version: int) -> Mapping[datetime, InFlight]:
    """Leave out the accepted launches that a Job watch at `version` must have shown, if their Jobs still exist (L4)."""
    return {t: f for t, f in flights.items() if f.is_open or f.version > version}
