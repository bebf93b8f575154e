"""No pause of the operator's own is longer than three seconds: what it watches is asked for again, by the calls."""

from collections.abc import Iterator, Sequence

from tests.faults.calls import TOO_MANY, Call
from tests.faults.evidence import Evidence
from tests.faults.finding import clock

LONGEST = 3.0  # seconds between two attempts
LITTLE = 1.5  # seconds for what else there is to do
UNDEFINED = "no definition"  # what a fault is called in which there are no TorchTasks to ask for
KOPFS_OWN = "customresourcedefinitions"  # nothing is decided by it, and kopf asks for other things before
GIVEN_UP = {"list": 10.0, "watch": 30.0}  # seconds after which a request without an answer is
RETRY_AFTER = 30.0  # seconds for which the API server is left alone if it says so
OK = 200


def left_alone(evidence: Evidence) -> Iterator[str]:
    """Find collections that were out of sight, or listed and not watched, and were then left alone."""
    watched = {(c.operator, c.path) for c in evidence.calls if c.verb == "watch" and c.resource != KOPFS_OWN}
    for operator, path in sorted(watched):
        calls = [c for c in evidence.calls if (c.operator, c.path) == (operator, path) and c.verb in GIVEN_UP]
        arrivals = sorted(call.arrived for call in calls)
        ends = [e.time for e in evidence.exits if e.operator == operator]
        for call in calls:
            over = _over(call)
            if over is None or (call.status == OK and call.verb == "list" and _is_watched(calls, over)):
                continue
            since = max([over, *_unheard(evidence, operator, over)])
            known = call.arrived if call.answered is None and call.ended is None else over
            again = next((time for time in arrivals if time >= known and time > call.arrived), evidence.end)
            ended = any(call.arrived <= time <= again for time in ends)  # nobody is there who could ask
            if not ended and again - since > _patience(evidence, call, since):
                yield f"{operator}: {path} was out of sight at {clock(since)}, and left alone for {again - since:.1f} s"


def _over(call: Call) -> float | None:
    """Say from when on a collection has to be asked for again, at the latest; None: it need not be."""
    if call.status == OK:
        return call.ended if call.verb == "watch" else call.answered
    return call.answered or call.ended or call.arrived + GIVEN_UP[call.verb]


def _is_watched(calls: Sequence[Call], time: float) -> bool:
    """Tell whether a watch was open, as it has to be once a collection was listed."""
    opened = (c for c in calls if c.verb == "watch" and c.status == OK and c.arrived <= time)
    return any(call.ended is None or call.ended > time for call in opened)


def _unheard(evidence: Evidence, operator: str, since: float) -> Iterator[float]:
    """Say when a fault was healed in which nothing of an operator could be heard, or there was nothing to ask for."""
    for fault in evidence.faults:
        if fault.begin - LITTLE <= since <= fault.heal:
            if fault.name == UNDEFINED:
                yield fault.heal
            calls = (c.arrived for c in evidence.calls if c.operator == operator)
            if not any(max(since, fault.begin) + LITTLE < time < fault.heal for time in calls):
                yield fault.heal


def _patience(evidence: Evidence, call: Call, since: float) -> float:
    return evidence.patience(since, LONGEST + LITTLE + (RETRY_AFTER if call.status == TOO_MANY else 0))
