"""The load of a fault experiment: tasks of mixed schedules, and all that the oracle has to know about each.

Schedules are every n-th second of UTC, n a divisor of 60, so that fire times follow from arithmetic that shares nothing
with the operator's. Times are seconds since the epoch.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Document = dict[str, Any]
_PERIODS = frozenset({1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60})


@dataclass(frozen=True, slots=True)
class Task:
    """A task as it is applied.

    It fires when the second of the minute is `offset` modulo `period`; with `at` once, at that moment; with `daemon`
    never. `seconds` and `exit_code` are what a run does. `limit` is `maxInstances`; None: no limit (Allow).
    `nodes`: on how many nodes each fire time has a run; 0: on any one. `bad`: it is meant to harm others; `more` goes
    into its spec as it stands.
    """

    name: str
    namespace: str = "faults"
    period: int = 10
    offset: int = 0
    at: int | None = None
    daemon: bool = False
    policy: str = "Forbid"
    limit: int | None = 1
    queue_limit: int = 10
    catch_up: str = "Latest"
    catch_up_limit: int = 10
    deadline: int | None = None
    jitter: int = 0
    seconds: int = 1
    exit_code: int = 0
    nodes: int = 0
    bad: bool = False
    more: Document = field(default_factory=dict)

    def fire_times(self, after: float, until: float) -> list[int]:
        """List the fire times in (`after`, `until`], in order."""
        if self.daemon:
            return []
        if self.at is not None:
            return [self.at] if after < self.at <= until else []
        first = self.offset + (int(after) - self.offset) // self.period * self.period
        return [time for time in range(first, int(until) + 1, self.period) if after < time <= until]

    def count(self, after: float, until: float) -> int:
        """Count the fire times in (`after`, `until`], however many there are."""
        if self.daemon or self.at is not None:
            return len(self.fire_times(after, until))
        return (int(until) - self.offset) // self.period - (int(after) - self.offset) // self.period

    def document(self) -> Document:
        """Write the TorchTask."""
        assert self.period in _PERIODS, f"{self.period} does not divide a minute"
        return {
            "apiVersion": "torchtask.dev/v1beta1",
            "kind": "TorchTask",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": {**self._when(), **self._limits(), "container": self._container(), **self.more},
        }

    def _when(self) -> Document:
        if self.daemon:
            return {"daemon": {"minReadySeconds": 1}}
        if self.at is not None:
            return {"at": datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        return {"schedule": f"{self.offset}/{self.period} * * * * *"}

    def _limits(self) -> Document:
        spec: Document = {"runOn": "EveryNode"} if self.nodes else {}
        if self.limit is not None:
            spec["maxInstances"] = self.limit
        if self.daemon:
            return spec
        spec |= {"concurrencyPolicy": self.policy, "catchUp": self.catch_up}
        if self.policy == "Queue":
            spec["queueLimit"] = self.queue_limit
        if self.catch_up == "All":
            spec["catchUpLimit"] = self.catch_up_limit
        if self.deadline is not None:
            spec["startingDeadlineSeconds"] = self.deadline
        if self.jitter:
            spec["jitterSeconds"] = self.jitter
        return spec

    def _container(self) -> Document:
        wanted = {"SIMULATED_SECONDS": str(self.seconds), "SIMULATED_EXIT_CODE": str(self.exit_code)}
        return {"image": "simulated", "env": [{"name": name, "value": value} for name, value in wanted.items()]}


def mixed(at: int) -> Iterator[Task]:
    """Return a load of every kind of task, with about five fires a second; `at` is when that fires that fires once."""
    yield Task("forbid-short", period=5)
    yield Task("forbid-overlap", period=2, seconds=3)
    yield Task("forbid-three", period=2, limit=3, seconds=2)
    yield Task("forbid-none", period=6, catch_up="None")
    yield Task("allow-short", period=1, policy="Allow", limit=None)
    yield Task("allow-none", period=3, policy="Allow", limit=None, catch_up="None")
    yield Task("allow-long", period=10, policy="Allow", limit=None, seconds=15)
    yield Task("replace", period=6, policy="Replace", seconds=8)
    yield Task("replace-none", period=10, policy="Replace", seconds=4, catch_up="None")
    yield Task("queue", period=4, policy="Queue", queue_limit=3, seconds=3)
    yield Task("queue-all", period=6, policy="Queue", queue_limit=5, catch_up="All", catch_up_limit=4)
    yield Task("queue-two", period=3, policy="Queue", limit=2, queue_limit=4, seconds=4)
    yield Task("deadline", period=5, deadline=8, catch_up="Latest")
    yield Task("deadline-queue", period=4, policy="Queue", queue_limit=5, deadline=9, seconds=6)
    yield Task("jitter", period=10, jitter=4)
    yield Task("failing", period=10, exit_code=3)
    yield Task("failing-often", period=5, exit_code=1, policy="Allow", limit=None)
    yield Task("slow", period=30, seconds=20)
    yield Task("once", at=at, policy="Forbid")
    yield Task("every-node", period=15, nodes=2)
    yield Task("daemon", daemon=True, limit=1, seconds=8)
    yield Task("minutely", period=60)
