"""What the operators wrote, in the order in which the API server took it: statuses, and the Lease."""

import json
from collections.abc import Iterator
from typing import Any

from tests.faults.calls import Call
from tests.faults.evidence import Evidence
from tests.faults.finding import clock
from tests.faults.runs import seconds

Document = dict[str, Any]
LEASE_SECONDS, MARGIN = 15.0, 1.0


def _taken(evidence: Evidence, resource: str) -> list[tuple[float, Call, Document]]:
    """List the writes of a resource that the API server took, with when it had, in order."""
    taken = [
        (call.server_answered, call, json.loads(call.body))
        for call in evidence.calls
        if call.resource == resource and call.body and call.server_answered and call.server_status in (200, 201)
    ]
    return sorted(taken, key=lambda entry: entry[0])


def statuses_go_back(evidence: Evidence) -> Iterator[str]:
    """Find statuses that were overwritten by older ones: `accountedTime` never moves back (L2, L13).

    Unless a clock did, or somebody else wrote to the status.
    """
    if evidence.clocks:
        return
    others = {(a.task.namespace, a.task.name) for a in evidence.tasks if a.uid in evidence.wiped or a.pauses}
    newest: dict[tuple[str, str, str], float] = {}
    for _, call, body in _taken(evidence, "torchtasks/status"):
        status = body.get("status") or {}
        if (call.namespace, call.name) in others or "accountedTime" not in status:
            continue
        key, time = (call.namespace, call.name, status["counts"]["since"]), seconds(status["accountedTime"])
        if time < newest.get(key, 0.0):
            yield f"{call.name}: accounted up to {clock(newest[key])}, and then {call.operator} wrote {clock(time)}"
        newest[key] = max(time, newest.get(key, 0.0))


def lease_snatched(evidence: Evidence) -> Iterator[str]:
    """Find who took the Lease from another that had renewed it a moment ago, and not given it back."""
    holder, renewed = "", 0.0
    for time, call, body in _taken(evidence, "leases"):
        now = (body.get("spec") or {}).get("holderIdentity")
        if call.verb == "create":
            holder = ""
        if now and holder not in ("", now) and (call.forwarded or time) < renewed + LEASE_SECONDS - MARGIN:
            yield f"{call.operator} took the Lease from {holder} {time - renewed:.1f} s after that had renewed it"
        if now is not None:
            holder, renewed = now, time
