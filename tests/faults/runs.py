"""Jobs as the API server knows them, and the requests that made them.

The order of events is told by resource versions, which the API server counts up for all objects together: no clock
comes into it. Times are the wall clock of this machine, in seconds since the epoch.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from tests.faults.calls import Call

Document = dict[str, Any]
FIRE_TIME = "batch.kubernetes.io/cronjob-scheduled-timestamp"  # annotation of each Job that belongs to a fire time
NODE = "torchtask.dev/node"


@dataclass(frozen=True, slots=True)
class Run:
    """The life of a Job, as the API server told it; versions say in which order things happened.

    `fire_time` is None of a run by hand and of a daemon's. `finished`: complete, or `failed`; `gone`: removed.
    """

    uid: str
    namespace: str
    name: str
    owner: str
    fire_time: int | None
    node: str
    created: float
    created_version: int
    finished: float | None = None
    finished_version: int | None = None
    gone: float | None = None
    gone_version: int | None = None
    failed: bool = False

    @property
    def ended(self) -> float | None:
        """When it was no longer active."""
        return min((t for t in (self.finished, self.gone) if t is not None), default=None)

    @property
    def ended_version(self) -> int | None:
        """The version at which it was no longer active."""
        return min((v for v in (self.finished_version, self.gone_version) if v is not None), default=None)

    def active_within(self, begin: float, end: float) -> bool:
        """Tell whether it was active at some moment of (`begin`, `end`)."""
        return self.created <= end and (self.ended is None or self.ended >= begin)


@dataclass(frozen=True, slots=True)
class Post:
    """A request to create a Job, by what stands in it."""

    call: Call
    owner: str
    name: str
    fire_time: int | None
    node: str

    @classmethod
    def of(cls, call: Call) -> Self | None:
        """Read a request; None: it is another one, or a dry run."""
        if not call.is_launch:
            return None
        try:
            meta = json.loads(call.body)["metadata"]
        except (ValueError, KeyError):
            return None
        return cls(call, owner_of(meta), meta.get("name", ""), fire_time_of(meta), node_of(meta))


def owner_of(meta: Document) -> str:
    """Return the UID of the TorchTask that controls an object; empty: none does."""
    owners = (o for o in meta.get("ownerReferences", ()) if o.get("controller") and o.get("kind") == "TorchTask")
    return next((str(o["uid"]) for o in owners), "")


def fire_time_of(meta: Document) -> int | None:
    """Read the fire time of a Job; None: it belongs to none."""
    text = (meta.get("annotations") or {}).get(FIRE_TIME)
    return round(seconds(text)) if text else None


def node_of(meta: Document) -> str:
    """Read for which node a Job is."""
    return str((meta.get("annotations") or {}).get(NODE, ""))


def seconds(text: str) -> float:
    """Read an RFC 3339 time."""
    return datetime.fromisoformat(text).timestamp()
