"""Events as Kubernetes has them: one object for all that happened to a task for one reason, with a count.

Of the two versions of the API the older one: in the newer one the words of an event can never change, and kubectl
shows the count of both alike.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from torchtask.core.events import EventReason
from torchtask.core.instants import rfc3339
from torchtask.core.names import API_VERSION, GROUP, KIND

REPORTER = f"{GROUP}/operator"


@dataclass(slots=True)
class Series:
    """What happened to one task for one reason: how often, when first and last, and the words of the last time."""

    namespace: str
    task: str
    uid: str
    reason: EventReason
    first: datetime
    last: datetime
    message: str = ""
    count: int = 0

    @property
    def name(self) -> str:
        """The event's name: another series of the same task and reason has another."""
        told = f"{self.uid} {self.reason} {self.first.isoformat()}"
        return f"{self.task}.{blake2b(told.encode(), digest_size=8).hexdigest()}"


def event(series: Series, reporter: str) -> dict[str, Any]:
    """Write an event; `reporter` is the name of the operator that reports it."""
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": series.name, "namespace": series.namespace},
        "involvedObject": {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "namespace": series.namespace,
            "name": series.task,
            "uid": series.uid,
        },
        "type": "Normal" if series.reason.is_normal else "Warning",
        "reason": str(series.reason),
        "source": {"component": "torchtask"},
        "reportingComponent": REPORTER,
        "reportingInstance": reporter,
        "firstTimestamp": rfc3339(series.first),
        **again(series),
    }


def again(series: Series) -> dict[str, Any]:
    """Write what changes in an event that is there."""
    return {"count": series.count, "lastTimestamp": rfc3339(series.last), "message": series.message}
