"""How runs fail, on a real node: the status tells them apart, and none of them stops its task."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from lab.tools import NAMESPACE
from lab.waiting import wait_until
from tests.e2e.cluster import Namespace

pytestmark = pytest.mark.e2e

EVERY_FOUR = "*/4 * * * * *"
TIMEOUT = 6


def container(*command: str, **more: Any) -> dict[str, Any]:
    """Write a container of busybox."""
    return {"image": "busybox:1.36", "imagePullPolicy": "IfNotPresent", "command": list(command), **more}


CRASH = container("sh", "-c", "(echo starting; echo cannot go on) >&2; exit 3")
HUNGRY = container("sh", "-c", "echo eating; tail /dev/zero", resources={"limits": {"memory": "16Mi"}})
NOWHERE = container("true", image="localhost/no-such-image:1")
ENDS: dict[str, tuple[dict[str, Any], tuple[str, int | None, str]]] = {
    "exit-three": (CRASH, ("Error", 3, "starting\ncannot go on")),
    "out-of-memory": (HUNGRY, ("OOMKilled", 137, "eating")),
    "no-command": (container("no-such-command"), ("CannotStart", 128, "executable file not found in $PATH")),
    "bad-image": (NOWHERE, ("DeadlineExceeded", None, "Job was active longer than specified deadline")),
}


def failures(namespace: Namespace, name: str, number: int) -> dict[str, Any]:
    """Wait until that many runs of a task have failed; return its status."""
    wait_until(lambda: namespace.counts(name)["failed"] >= number, f"{number} failures of {name}", within=90, every=1)
    return namespace.status(name)


def taken(run: dict[str, Any]) -> timedelta:
    """Return how long a run took."""
    return datetime.fromisoformat(run["completionTime"]) - datetime.fromisoformat(run["startTime"])


def test_ends_are_told_apart_and_block_nobody(namespace: Namespace) -> None:
    """Reason, exit code and last words of each; and with a timeout a Forbid task always comes to its next run."""
    for name, (wanted, _) in ENDS.items():
        namespace.apply(name, schedule=EVERY_FOUR, timeoutSeconds=TIMEOUT, container=wanted)

    for name, (_, (reason, code, words)) in ENDS.items():
        status = failures(namespace, name, 2)
        for shown in (status["lastRun"], status["lastFailure"]):
            assert (shown["reason"], shown.get("exitCode")) == (reason, code), name
            assert shown["message"].endswith(words), name
        counts = status["counts"]
        assert counts["launched"] == counts["failed"] + counts["stopped"] + status["active"], name
        assert counts["stopped"] == 0, name


def test_a_child_that_keeps_the_output_open_holds_nobody(namespace: Namespace) -> None:
    """A run is over when its main process is, whatever that has left running; its task comes to its next run."""
    leaving = {"name": "task", "image": "busybox:1.36", "command": ["sh", "-c", "sleep 300 & echo left; exit 0"]}
    pod = {"restartPolicy": "Never", "containers": [leaving], "terminationGracePeriodSeconds": 1}
    for name, shared in (("own", False), ("shared", True)):  # process IDs: shared, the child has another parent left
        template = {"spec": {"template": {"spec": {**pod, "shareProcessNamespace": shared}}}}
        namespace.apply(name, schedule=EVERY_FOUR, timeoutSeconds=30, jobTemplate=template)

    for name in ("own", "shared"):
        wait_until(lambda n=name: namespace.counts(n)["succeeded"] >= 2, f"two of {name}", within=60, every=1)  # type: ignore[misc]
        last = namespace.status(name)["lastRun"]
        assert last["reason"] == "Completed"
        assert taken(last) < timedelta(seconds=30)


def test_a_family_that_will_not_go_is_gone_after_deadline_and_grace(namespace: Namespace) -> None:
    """SIGTERM is ignored by main process and child: the run ends at its deadline plus grace, and the next one comes."""
    deaf = "trap '' TERM; (while true; do sleep 1; done) & while true; do sleep 1; done"
    stubborn = container("sh", "-c", deaf, terminationGracePeriodSeconds=3)
    namespace.apply("deaf", schedule=EVERY_FOUR, timeoutSeconds=TIMEOUT, container=stubborn)

    last = failures(namespace, "deaf", 2)["lastRun"]

    assert last["reason"] == "DeadlineExceeded"
    # The clock of a Job counts whole seconds, and its controller takes a moment to see that the Pod is gone.
    assert timedelta(seconds=TIMEOUT + 3 - 1) <= taken(last) <= timedelta(seconds=TIMEOUT + 3 + 6)


def test_a_run_that_never_starts_says_why_and_blocks_nobody(namespace: Namespace) -> None:
    """Without any timeout the time to start has an end; what the kubelet says is shown."""
    namespace.apply("bad-image", schedule=EVERY_FOUR, pendingTimeoutSeconds=5, container=NOWHERE)

    for number in (1, 2):
        shown = failures(namespace, "bad-image", number)["lastFailure"]
        assert (shown["reason"], "exitCode" in shown) == ("PendingTimeout", False)
        assert shown["message"].startswith(("ErrImagePull: ", "ImagePullBackOff: "))


def test_a_run_that_gets_no_pod_says_so_and_blocks_nobody(namespace: Namespace) -> None:
    """Where Pod security refuses the Pod of each run, each run ends as NoPod."""
    namespace.tools.kubectl(
        "label", "namespace", namespace.name, "pod-security.kubernetes.io/enforce=restricted", "--overwrite"
    )
    namespace.apply("refused", schedule=EVERY_FOUR, pendingTimeoutSeconds=5, container=container("true"))

    for number in (1, 2):
        shown = failures(namespace, "refused", number)["lastRun"]
        assert (shown["reason"], "exitCode" in shown) == ("NoPod", False)
        assert "Pod security" in shown["message"]


def test_a_template_tells_its_ends_too(namespace: Namespace) -> None:
    """Retries, init containers and containers that are restarted in place: the last attempt's failure is shown."""
    failing = {"name": "first", "image": "busybox:1.36", "command": ["sh", "-c", "echo no disk; exit 7"]}
    usual = {"name": "second", "image": "busybox:1.36", "command": ["true"]}
    pods = {
        "prepared": {"restartPolicy": "Never", "initContainers": [failing], "containers": [usual]},
        "restarted": {"restartPolicy": "OnFailure", "containers": [failing]},
    }
    for name, pod in pods.items():
        template = {"spec": {"template": {"spec": {**pod, "terminationGracePeriodSeconds": 1}}}}
        namespace.apply(name, schedule=EVERY_FOUR, jobTemplate=template)

    for name in pods:
        last = failures(namespace, name, 1)["lastFailure"]
        assert (last["reason"], last["exitCode"], last["message"]) == ("Error", 7, "no disk"), name


def test_a_drained_run_says_so(namespace: Namespace) -> None:
    """An eviction leaves no Pod behind; it is seen while the Pod goes."""
    sleeper = container("sleep", "600", terminationGracePeriodSeconds=2)
    namespace.apply("drained", schedule=EVERY_FOUR, container=sleeper)

    def pods() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = namespace.tools.get("--namespace", namespace.name, "pods")["items"]
        return [p for p in found if p["status"]["phase"] == "Running"]

    wait_until(pods, "a Pod to run", within=30, every=0.5)
    name = pods()[0]["metadata"]["name"]
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace.name}}
    path = f"/api/v1/namespaces/{namespace.name}/pods/{name}/eviction"
    namespace.tools.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))

    last = failures(namespace, "drained", 1)["lastFailure"]
    assert (last["reason"], last["message"]) == ("Disrupted", "Eviction API: evicting")
    assert "exitCode" not in last


def test_a_failure_is_remembered_longer_than_its_job(namespace: Namespace) -> None:
    """`lastFailure` outlives its Job, later successes and the operator; the log has had its line for the run."""
    namespace.apply("task", schedule=EVERY_FOUR, failedJobsHistoryLimit=0, container=CRASH)
    failure = failures(namespace, "task", 1)["lastFailure"]
    namespace.apply("task", schedule=EVERY_FOUR, failedJobsHistoryLimit=0, container=container("true"))
    wait_until(lambda: namespace.counts("task")["succeeded"], "a success", within=60, every=1)
    failure = namespace.status("task")["lastFailure"]

    logged = namespace.tools.kubectl(
        "--namespace", NAMESPACE, "logs", "deployment/torchtask", "--all-pods=true", "--prefix=false", "--tail=-1"
    )
    namespace.tools.kubectl("--namespace", NAMESPACE, "delete", "pod", "--selector=app.kubernetes.io/name=torchtask")
    before = namespace.counts("task")["succeeded"]
    wait_until(lambda: namespace.counts("task")["succeeded"] > before, "another success", within=90, every=1)
    gone = failure["name"]
    wait_until(lambda: gone not in {j["metadata"]["name"] for j in namespace.jobs()}, "it to go", within=120, every=1)

    status = namespace.status("task")
    assert status["lastFailure"] == failure
    assert (status["lastRun"]["reason"], "exitCode" in status["lastRun"]) == ("Completed", False)
    (line,) = (line for line in logged.splitlines() if gone in line and '"a run ended"' in line)
    assert '"exit_code": 3' in line
