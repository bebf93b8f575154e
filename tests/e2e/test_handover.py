"""Two operators, as the chart installs them: one leads, the other goes on when it must, and people can see all that."""

from datetime import timedelta
from itertools import pairwise

import pytest

from lab import Cluster
from lab.tools import NAMESPACE, Tools
from lab.waiting import wait_until
from tests.e2e.audit import created_jobs, fire_time
from tests.e2e.cluster import Namespace

pytestmark = pytest.mark.e2e

SECOND = timedelta(seconds=1)
HAND_OVER = timedelta(seconds=3)


def leader(tools: Tools) -> str:
    """Return the name of the Pod that leads."""
    found: str = tools.get("--namespace", NAMESPACE, "lease", "torchtask")["spec"]["holderIdentity"]
    return found


def ready(tools: Tools) -> list[str]:
    """Name the operator's Pods that are ready, and are not being ended."""
    pods = tools.get("--namespace", NAMESPACE, "pods", "--selector=app.kubernetes.io/name=torchtask")["items"]
    return [
        pod["metadata"]["name"]
        for pod in pods
        if "deletionTimestamp" not in pod["metadata"]
        and any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))
    ]


def test_an_operator_that_is_ended_hands_over_within_three_seconds(cluster: Cluster, namespace: Namespace) -> None:
    """Twice; between two Jobs of a task that fires each second lies no more than that, and none is created twice."""
    tools = namespace.tools
    namespace.apply("tick", schedule="* * * * * *", concurrencyPolicy="Allow", successfulJobsHistoryLimit=1)
    wait_until(lambda: namespace.counts("tick")["succeeded"] >= 2, "the first runs", within=30, every=1)

    for _ in range(2):
        wait_until(lambda: len(ready(tools)) == 2, "two operators to be ready", within=60, every=1)
        before, launched = leader(tools), namespace.counts("tick")["launched"]
        assert before in ready(tools), "it leads under its Pod's name"
        tools.kubectl("--namespace", NAMESPACE, "delete", "pod", before, "--wait=false")
        wait_until(
            lambda done=launched: namespace.counts("tick")["launched"] >= done + 8,  # type: ignore[misc]
            "the other one to go on",
            within=60,
            every=1,
        )
        assert leader(tools) != before

    created = created_jobs(cluster, namespace.name)
    assert [job for job, times in created.items() if len(times) > 1 or times[0] < fire_time(job)] == []
    times = sorted(times[0] for times in created.values())
    assert max(later - earlier for earlier, later in pairwise(times)) <= SECOND + HAND_OVER
    fire_times = sorted(map(fire_time, created))
    assert {later - earlier for earlier, later in pairwise(fire_times)} == {SECOND}, "no fire time is lost"


def test_what_happens_is_told_where_people_look(namespace: Namespace) -> None:
    """`kubectl describe` shows the events of a task; the operator may write them."""
    namespace.apply("tick", schedule="*/3 * * * * *")
    namespace.apply("wrong", schedule="0 0 0 31 2 *")

    wait_until(
        lambda: "SawCompletedJob" in namespace.kubectl("describe", "torchtask", "tick"),
        "the end of a run to be told",
        within=60,
        every=1,
    )

    assert "SuccessfulCreate" in namespace.kubectl("describe", "torchtask", "tick")
    assert "UnparseableSchedule" in namespace.kubectl("describe", "torchtask", "wrong")


def test_both_operators_tell_their_numbers(operator: Tools) -> None:
    """One of them leads, and says so."""
    wait_until(lambda: len(ready(operator)) == 2, "two operators to be ready", within=60, every=1)
    told = {pod: numbers(operator, pod) for pod in ready(operator)}

    assert {pod for pod, lines in told.items() if "torchtask_leader 1.0" in lines} == {leader(operator)}
    assert all(any(line.startswith("torchtask_build_info") for line in lines) for lines in told.values())


def numbers(tools: Tools, pod: str) -> list[str]:
    """Read the metrics of a Pod, by way of the API server."""
    place = f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}:8080/proxy/metrics"
    return tools.kubectl("get", "--raw", place).splitlines()
