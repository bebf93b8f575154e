"""Two thousand tasks for the same second: the operator's own caps let them through one after the other.

On a lab of its own, without a real node; the operator is a process beside it, with small caps.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from lab import Cluster, Lab, places
from lab.tools import NAMESPACE, Tools
from lab.waiting import wait_until
from tests.e2e.audit import asked, created_jobs, finished_jobs, fire_time

pytestmark = pytest.mark.e2e

SECOND = timedelta(seconds=1)
MAX_ACTIVE, A_SECOND = 50, 20
CAPS = {"TORCHTASK_MAX_ACTIVE": str(MAX_ACTIVE), "TORCHTASK_LAUNCHES_PER_SECOND": str(A_SECOND)}
HEALTH_PORT = 9  # of the ten ports that the lab has: one that it does not use
SPREAD = 4  # namespaces
TASKS, URGENT = 1_980, 20
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Weather:
    """A cluster in which the operator runs with small caps."""

    cluster: Cluster
    tools: Tools

    def spread(self, prefix: str) -> list[str]:
        """Make the namespaces of one test."""
        names = [f"{prefix}-{number}" for number in range(SPREAD)]
        for name in names:
            self.tools.kubectl("create", "namespace", name)
        return names

    def create(self, documents: list[Document]) -> None:
        """Create objects, some at a time."""
        parts = [documents[start::SPREAD] for start in range(SPREAD)]
        texts = [json.dumps({"apiVersion": "v1", "kind": "List", "items": part}) for part in parts]
        with ThreadPoolExecutor(SPREAD) as pool:
            list(pool.map(lambda text: self.tools.kubectl("create", "-f", "-", stdin=text), texts))

    def tasks(self, namespaces: list[str]) -> list[Document]:
        """List the TorchTasks of some namespaces."""
        return [t for name in namespaces for t in self.tools.get("--namespace", name, "torchtasks")["items"]]

    def jobs(self, namespaces: list[str]) -> list[Document]:
        """List the Jobs of some namespaces."""
        return [job for name in namespaces for job in self.tools.get("--namespace", name, "jobs")["items"]]

    def succeeded(self, namespaces: list[str]) -> int:
        """Count the Jobs that succeeded; cheaper than listing them, as that is asked often."""
        question = ("get", "jobs", "--field-selector=status.successful=1", "--output=name")
        return sum(len(self.tools.kubectl(*question, "--namespace", name).splitlines()) for name in namespaces)


@pytest.fixture(scope="module")
def weather(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weather]:
    """Bring up simulated nodes, and the operator beside them."""
    lab = Lab(f"storm-{os.getpid()}")
    log = tmp_path_factory.mktemp("storm") / "operator.log"
    try:
        cluster = lab.up(nodes=0, simulated=2)
        tools = Tools(str(cluster.kubeconfig))
        tools.kubectl("create", "namespace", NAMESPACE)
        tools.kubectl("create", "-f", str(places.source() / "crds" / "torchtasks.yaml"))
        tools.kubectl("wait", "--for=condition=Established", "crd/torchtasks.torchtask.dev", "--timeout=20s")
        with operating(cluster, log):
            yield Weather(cluster, tools)
    finally:
        lab.down()


@contextmanager
def operating(cluster: Cluster, log: Path) -> Iterator[None]:
    """Run the operator; what it says goes into `log`. It must not end before it is asked to."""
    environment = {
        **os.environ,
        **CAPS,
        "KUBECONFIG": str(cluster.kubeconfig),
        "PYTHONPATH": str(places.source() / "operator"),
        "TORCHTASK_HEALTH_PORT": str(int(cluster.server.rpartition(":")[2]) + HEALTH_PORT),
        "TORCHTASK_NAMESPACE": NAMESPACE,
    }
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-m", "torchtask"], env=environment, stderr=output)
    try:
        yield
        assert process.poll() is None, log.read_text(encoding="utf-8")[-2000:]
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


def task(namespace: str, name: str, time: datetime, *, seconds: int = 1, **more: Any) -> Document:
    """Write a task that runs once, for some seconds."""
    container = {"image": "simulated", "env": [{"name": "SIMULATED_SECONDS", "value": str(seconds)}]}
    return {
        "apiVersion": "torchtask.dev/v1beta1",
        "kind": "TorchTask",
        "metadata": {"name": name, "namespace": namespace, "labels": more.pop("labels", {})},
        "spec": {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ"), "container": container, **more},
    }


def soon(seconds: int) -> datetime:
    """Return a whole second that many seconds from now."""
    now = datetime.now(UTC)  # noqa: TID251 -- the fire time has to be one that comes
    return now.replace(microsecond=0) + timedelta(seconds=seconds)


def at_most_in_a_second(times: list[datetime]) -> int:
    """Say how many of `times` lie within one second, wherever that begins."""
    ranked = sorted(times)
    return max(sum(1 for other in ranked[i : i + 200] if other - time < SECOND) for i, time in enumerate(ranked))


def most_at_once(begun: list[datetime], ended: list[datetime]) -> int:
    """Say how many Jobs were active at once: from the request that made each to the one by which it was over."""
    steps = sorted([(time, -1) for time in ended] + [(time, 1) for time in begun])
    return max(accumulate(step for _, step in steps))


def check(created: dict[str, list[datetime]], time: datetime) -> list[datetime]:
    """Check that each Job was created once, none too early and none too fast; return the times in order."""
    assert [job for job, times in created.items() if len(times) > 1] == []
    times = sorted(times[0] for times in created.values())
    assert {fire_time(job) for job in created} == {time}
    assert times[0] >= time
    assert at_most_in_a_second(times) <= A_SECOND
    return times


def test_a_storm_left_alone_runs_to_its_end(weather: Weather) -> None:
    """All of them run, never too many at once nor in a second; those with priority go first."""
    namespaces, time = weather.spread("storm"), soon(45)
    documents = [task(namespaces[n % SPREAD], f"once-{n}", time) for n in range(TASKS)]
    documents += [task(namespaces[n % SPREAD], f"urgent-{n}", time, priority=1) for n in range(URGENT)]
    weather.create(documents)

    wait_until(lambda: len(created_jobs(weather.cluster, *namespaces)) >= 200, "the storm", within=90, every=1)
    held_back = {
        condition["message"]
        for found in weather.tasks(namespaces)
        for condition in found["status"]["conditions"]
        if condition["type"] == "LimitReached"
    }
    wait_until(lambda: weather.succeeded(namespaces) == len(documents), "all to succeed", within=300, every=5)

    created = created_jobs(weather.cluster, *namespaces)
    assert len(created) == len(documents)
    times = check(created, time)
    assert most_at_once(times, list(finished_jobs(weather.cluster, *namespaces).values())) <= MAX_ACTIVE
    ranks = sorted(created, key=lambda job: created[job])
    assert max(ranks.index(job) for job in created if job.startswith("urgent-")) < 100
    assert held_back <= {
        f"the cluster has reached its limit of {MAX_ACTIVE} active runs",
        f"the cluster has reached its limit of {A_SECOND} launches a second",
    }
    assert held_back


def test_a_storm_is_held_and_purged(weather: Weather) -> None:
    """A hold stops it within a second, its end lets it go on; what is deleted by label never runs, all else does."""
    namespaces, time = weather.spread("purge"), soon(15)
    for batch, number, seconds in (("kept", 100, 1), ("purged", 300, 5)):
        more: dict[str, Any] = {"seconds": seconds, "labels": {"batch": batch}}
        weather.create([task(namespaces[n % SPREAD], f"{batch}-{n}", time, **more) for n in range(number)])

    def created(batch: str = "") -> dict[str, list[datetime]]:
        found = created_jobs(weather.cluster, *namespaces)
        return {job: times for job, times in found.items() if job.startswith(batch)}

    wait_until(lambda: len(created()) >= 60, "the storm to begin", within=60, every=0.2)
    weather.tools.kubectl("--namespace", NAMESPACE, "create", "configmap", "torchtask-hold", "--from-literal=reason=x")
    wait_until(lambda: not active(weather, namespaces), "what was begun to end", within=30, every=0.5)
    weather.tools.kubectl("--namespace", NAMESPACE, "delete", "configmap", "torchtask-hold")
    (held,) = (t for name, t in asked(weather.cluster, "create", "configmaps") if name == "torchtask-hold")
    (released,) = (t for name, t in asked(weather.cluster, "delete", "configmaps") if name == "torchtask-hold")
    before = len(created())

    wait_until(lambda: len(created()) >= before + 10, "the storm to go on", within=30, every=0.2)
    weather.tools.kubectl("delete", "torchtasks", "--all-namespaces", "--selector=batch=purged", "--wait=false")
    gone = max(t for name, t in asked(weather.cluster, "delete", "torchtasks") if name.startswith("purged-"))
    wait_until(lambda: weather.succeeded(namespaces) == 100, "those that were kept to succeed", within=60, every=0.5)

    times = check(created(), time)
    assert [t for t in times if held + SECOND < t < released] == []
    assert released - held > 2 * SECOND  # else the hold was too short to tell anything
    assert len(created("kept-")) == 100
    assert [t for found in created("purged-").values() for t in found if t >= gone + SECOND] == []
    assert len(created("purged-")) < 300
    wait_until(lambda: len(weather.jobs(namespaces)) == 100, "the purged Jobs to go", within=60, every=0.5)
    assert {t["metadata"]["labels"]["batch"] for t in weather.tasks(namespaces)} == {"kept"}


def active(weather: Weather, namespaces: list[str]) -> list[Document]:
    """List the Jobs that are not over."""
    return [job for job in weather.jobs(namespaces) if "completionTime" not in job["status"]]
