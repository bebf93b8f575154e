"""What the operator tells of itself in numbers: everything that `/metrics` shows, on a registry of its own.

Law: how many series there are depends on the code and not on the cluster: no label is a task, a run, or the words of
somebody else.
"""

import re
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

LATENESS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
ANSWERS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
RUNS = (1, 5, 15, 60, 300, 900, 3600, 14400, 86400)
LAG = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
NO_ANSWER = "none"
WATCH = "WATCH"  # what a watch is called where methods of HTTP are told apart

_PATH = re.compile(
    r"/api(?:s/[^/]+)?/[^/]+(?:/namespaces/[^/]+)?/(?P<plural>[^/]+)(?:/(?P<name>[^/]+))?(?:/(?P<part>[^/]+))?"
)
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete", WATCH: "watch"}

disable_created_metrics()  # type: ignore[no-untyped-call]  # else each counter has a twin that tells when it began


class Metrics:
    """The numbers. Counters and histograms are told as things happen; what is looked up, just before it is shown."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._looks: list[Callable[[], None]] = []
        self.work = Work(self.registry)
        self.levels = Levels(self.registry)
        self.requests = Requests(self.registry)
        self.health = Health(self.registry)
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def before_shown(self, look: Callable[[], None]) -> None:
        """Have `look` set its gauges each time before the numbers are shown."""
        self._looks.append(look)

    def text(self) -> bytes:
        """Write all numbers as Prometheus reads them."""
        for look in self._looks:
            look()
        return generate_latest(self.registry)


class Work:
    """What became of fire times and runs."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter, histogram = partial(Counter, registry=registry), partial(Histogram, registry=registry)
        self.fire_times = counter("torchtask_fire_times", "Fire times that were accounted for.", ["result"])
        self.not_launched = counter("torchtask_not_launched", "Fire times that did not become runs.", ["reason"])
        self.manual = counter("torchtask_manual_runs", "Runs by annotation that were launched.")
        self.runs = counter("torchtask_runs", "Runs that are over.", ["result", "reason"])
        self.run_seconds = histogram(
            "torchtask_run_duration_seconds", "From a Job's start to its end.", ["result"], buckets=RUNS
        )
        self.lateness = histogram(
            "torchtask_lateness_seconds", "From fire time (and jitter) to created Job.", buckets=LATENESS
        )
        self.events = counter("torchtask_events", "Kubernetes events, by what became of them.", ["result"])


class Levels:
    """How much of everything there is now."""

    def __init__(self, registry: CollectorRegistry) -> None:
        gauge = partial(Gauge, registry=registry)
        self.tasks = gauge("torchtask_tasks", "TorchTasks that are known.", ["state"])
        self.queued = gauge("torchtask_queued_fire_times", "Fire times that wait in queues.")
        self.launches = gauge("torchtask_launches", "Launches whose Jobs are not seen yet.", ["state"])
        self.active = gauge("torchtask_active_runs", "Runs that have not finished.")
        self.without_pod = gauge("torchtask_runs_without_pod", "Active runs that wait for their first Pod.")
        self.limits = gauge("torchtask_limit", "The caps, as they are set.", ["limit"])
        self.window = gauge("torchtask_launch_window", "Launches that may be under way at once.")


class Requests:
    """What was asked of the API server."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._answers = Counter(
            "torchtask_api_requests", "Requests to the API server.", ["verb", "resource", "code"], registry=registry
        )
        self._seconds = Histogram(
            "torchtask_api_request_duration_seconds",
            "How long the API server took; watches apart, which are to last.",
            ["verb", "resource"],
            buckets=ANSWERS,
            registry=registry,
        )

    def told(self, method: str, path: str, status: int | None, seconds: float) -> None:
        """Count a request. `method` is HTTP's, or WATCH; `status` None: there was no answer."""
        resource, verb = resource_and_verb(method, path)
        self._answers.labels(verb, resource, NO_ANSWER if status is None else str(status)).inc()
        if method != WATCH:
            self._seconds.labels(verb, resource).observe(seconds)


class Health:
    """How the operator is."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter, gauge = partial(Counter, registry=registry), partial(Gauge, registry=registry)
        self.faults = counter("torchtask_faults", "What went wrong, by what was being done.", ["doing", "fault"])
        self.ages = gauge("torchtask_watch_age_seconds", "Since the server was last heard of it.", ["resource"])
        self.leading = gauge("torchtask_leader", "1 while this operator leads.")
        self.transitions = counter("torchtask_lease_transitions", "How often it began or ceased to lead.")
        self.skew = gauge("torchtask_clock_skew_seconds", "How far apart its clock and the API server's are, at least.")
        self._lag = Histogram(
            "torchtask_loop_lag_seconds", "How much too late the event loop wakes up.", buckets=LAG, registry=registry
        )
        self._most_lag = gauge("torchtask_loop_lag_max_seconds", "The most that it ever was too late.")
        self._greatest = 0.0
        gauge("torchtask_build_info", "1, and which version this is.", ["version"]).labels(_version()).set(1)

    def lagged(self, seconds: float) -> None:
        """Take how much too late the loop woke up."""
        self._lag.observe(seconds)
        self._greatest = max(self._greatest, seconds)
        self._most_lag.set(self._greatest)


def resource_and_verb(method: str, path: str) -> tuple[str, str]:
    """Name what a request is about (`jobs`, `torchtasks/status`) and the verb, as roles do."""
    found = _PATH.fullmatch(path)
    if found is None:
        return "other", _VERBS.get(method, "get")
    plural, name, part = found.group("plural", "name", "part")
    verb = _VERBS.get(method) or ("get" if name else "list")
    return f"{plural}/{part}" if part else plural, verb


def _version() -> str:
    try:
        return version("torchtask")
    except PackageNotFoundError:  # run from its source
        return "unknown"
