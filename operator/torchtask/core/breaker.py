"""The circuit breaker: a task that keeps failing rests, and then tries one run at a time until one succeeds.

Law: after `failureThreshold` failures in a row the circuit is open. `probeAfterSeconds` after the last failure one run
is let through, the probe; while it is under way nothing else is. A success or another template closes the circuit: both
set the failures in a row to 0. Whatever the cluster did to a run is no failure here (`Run.disrupted`).
"""

from datetime import datetime, timedelta
from enum import StrEnum

from torchtask.core.account import Ledger
from torchtask.core.finished import is_over
from torchtask.core.spec import Spec
from torchtask.core.state import State
from torchtask.core.units import Timed

_SKEW = timedelta(seconds=2)  # of the API server's clock, which stamps the Jobs


class Circuit(StrEnum):
    """What fire times find."""

    CLOSED = "Closed"
    OPEN = "Open"
    PROBING = "Probing"  # the next fire time is let through, or one is under way


def is_tripped(spec: Spec, ledger: Ledger) -> bool:
    """Tell whether there were too many failures in a row."""
    return spec.breaker is not None and ledger.consecutive_failures >= spec.breaker.failure_threshold


def probe_time(spec: Spec, ledger: Ledger) -> datetime:
    """Return when a tripped circuit lets one run through."""
    end = ledger.last_failure.completion_time if ledger.last_failure else None
    return ledger.counts.since if spec.breaker is None or end is None else end + spec.breaker.probe_after


def circuit(spec: Spec, state: State) -> Circuit:
    """Judge the circuit; OPEN also while a probe is under way."""
    if not is_tripped(spec, state.ledger):
        return Circuit.CLOSED
    time = probe_time(spec, state.ledger)
    if state.now < time:
        return Circuit.OPEN
    runs = (r for r in state.runs if isinstance(r.unit, Timed) and not is_over(state.ledger, r))
    launches = (f for f in state.flights.values() if isinstance(f.unit, Timed) and f.takes_room)
    probing = any(r.creation_time >= time - _SKEW for r in runs) or any(f.decided_time >= time for f in launches)
    return Circuit.OPEN if probing else Circuit.PROBING
