"""The lab keeps its own promises: it comes up again in no time, stands beside others, and goes without a trace."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import Cluster, Lab, LabError, places, processes
from lab.site import Site, load
from lab.tools import Tools
from lab.waiting import seconds, wait_until

pytestmark = pytest.mark.e2e


@pytest.fixture
def other() -> Iterator[Lab]:
    """Name a further lab, which the test brings up."""
    other = Lab(f"other-{os.getpid()}")
    yield other
    other.down()


def site_of(lab: Lab) -> Site:
    """Look up what the lab is made of."""
    site = load(lab.name)
    assert site is not None
    return site


def traces(site: Site) -> list[str]:
    """List whatever there is of a lab on this machine: processes, its Pods', mounts, interface, cgroups, files."""
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    groups = [*Path("/sys/fs/cgroup").glob(site.cgroup), *Path("/sys/fs/cgroup").glob(f"*/{site.cgroup}")]
    places_of_it = [site.root, Path("/sys/class/net", site.link), *groups]
    return [
        *(f"process {process}" for process in processes.find(site.root)),
        *(f"mount {mount}" for mount in mounts if str(site.root) in mount),
        *(str(place) for place in places_of_it if place.exists()),
    ]


def test_a_second_up_is_quick_and_changes_nothing(lab: Lab, cluster: Cluster) -> None:
    """`up` on a running lab takes seconds at most, and no part is started anew."""
    before, started = lab.status(), seconds()

    again = lab.up(nodes=1, simulated=2)

    assert seconds() - started < 5
    assert again == cluster
    assert lab.status() == before


def test_another_shape_is_refused(lab: Lab, cluster: Cluster) -> None:
    """`up` never throws a running lab away: who wants another one is told to say so."""
    with pytest.raises(LabError, match="`down` first"):
        lab.up(nodes=0, simulated=7)

    assert Tools(str(cluster.kubeconfig)).kubectl("get", "--raw", "/readyz") == "ok"


def test_a_jobs_real_pod_runs_and_reaches_the_api_server(tools: Tools) -> None:
    """A Pod runs busybox on the real node, says so in its log, and reaches the API server where Pods look for it."""
    script = "echo from $(hostname) && nc -w 5 $KUBERNETES_SERVICE_HOST 443 </dev/null && echo reached"
    tools.kubectl("create", "job", "hello", "--image=busybox:1.36", "--", "sh", "-c", script)

    tools.kubectl("wait", "--for=condition=complete", "job/hello", "--timeout=30s")

    pod = tools.get("pods", "--selector=job-name=hello")["items"][0]
    assert pod["spec"]["nodeName"] == "worker-1"
    assert tools.kubectl("logs", "job/hello").split() == ["from", pod["metadata"]["name"], "reached"]
    tools.kubectl("delete", "job", "hello")


def test_two_labs_run_side_by_side(tools: Tools, cluster: Cluster, other: Lab) -> None:
    """A second lab, of simulated nodes, has its own API server and its own objects, and runs Jobs."""
    second = other.up(nodes=0, simulated=3)
    there = Tools(str(second.kubeconfig))

    there.kubectl("create", "job", "only-there", "--image=busybox:1.36", "--", "true")
    there.kubectl("wait", "--for=condition=complete", "job/only-there", "--timeout=30s")

    assert second.server != cluster.server
    assert len(there.get("nodes")["items"]) == 3
    assert "only-there" not in tools.kubectl("get", "jobs", "-o", "name")


def test_simulated_pods_fail_and_meet_their_deadline(other: Lab) -> None:
    """A simulated Pod ends with the code that it was told, and dies at its Job's deadline."""
    there = Tools(str(other.up(nodes=0, simulated=3).kubeconfig))
    job = """
        apiVersion: batch/v1
        kind: Job
        metadata: {{name: {name}}}
        spec:
          backoffLimit: 0
          activeDeadlineSeconds: 4
          template:
            spec:
              restartPolicy: Never
              containers: [{{name: main, image: none, env: [{{name: {variable}, value: "{value}"}}]}}]
    """

    there.kubectl("apply", "-f", "-", stdin=job.format(name="failing", variable="SIMULATED_EXIT_CODE", value=3))
    there.kubectl("apply", "-f", "-", stdin=job.format(name="slow", variable="SIMULATED_SECONDS", value=600))
    there.kubectl("wait", "--for=condition=failed", "job/failing", "job/slow", "--timeout=30s")

    reasons = {
        item["metadata"]["name"]: next(c["reason"] for c in item["status"]["conditions"] if c["type"] == "Failed")
        for item in there.get("jobs")["items"]
    }
    assert reasons == {"failing": "BackoffLimitExceeded", "slow": "DeadlineExceeded"}
    failed = there.get("pods", "--selector=job-name=failing")["items"][0]["status"]["containerStatuses"][0]
    assert failed["state"]["terminated"]["exitCode"] == 3


def test_the_api_server_alone_stops_and_starts(other: Lab) -> None:
    """What was in the cluster is there again when the API server is back; the other parts were not touched."""
    there = Tools(str(other.up(nodes=0).kubeconfig))
    there.kubectl("create", "configmap", "kept")
    before = other.status()

    other.stop("kube-apiserver", hard=True)
    assert other.status() == {**before, "kube-apiserver": None}
    other.start("kube-apiserver")

    assert "kept" in there.kubectl("get", "configmaps", "-o", "name")
    changed = {part for part, pid in other.status().items() if pid != before[part]}
    assert changed == {"kube-apiserver"}


def test_nothing_is_left_after_all_was_killed(other: Lab) -> None:
    """With a Pod running, `kill -9` of every part, then `down`: no process, mount, interface, cgroup, file is left."""
    there = Tools(str(other.up(nodes=1).kubeconfig))
    site = site_of(other)
    there.kubectl("create", "job", "long", "--image=busybox:1.36", "--", "sleep", "600")
    wait_until(lambda: there.get("jobs", "long")["status"].get("ready") == 1, "the Pod to run", within=30, every=0.2)

    for pid in other.status().values():
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    assert traces(site) != []
    other.down()

    assert traces(site) == []


def test_an_up_that_was_killed_half_way_is_no_hindrance(other: Lab) -> None:
    """After `kill -9` of `up` itself, the next `up` removes what is there and ends well; `down` then leaves nothing."""
    command = [sys.executable, "-m", "lab", "up", "--cluster=lab", f"--name={other.name}", "--nodes=1"]
    with subprocess.Popen(command, cwd=places.source(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as up:
        wait_until(lambda: other.status().get("containerd"), "containerd to be started", within=60)
        up.kill()
    left = set(processes.find(places.labs() / other.name))
    assert left

    there = Tools(str(other.up(nodes=1).kubeconfig))

    assert len(there.get("nodes")["items"]) == 1
    site = site_of(other)
    assert not left & set(processes.find(site.root))
    other.down()
    assert traces(site) == []


def test_a_dead_cell_takes_everything_with_it(other: Lab) -> None:
    """Killing only the first process of the node's cell ends containerd, the kubelet, kube-proxy, and the interface."""
    other.up(nodes=1)
    site = site_of(other)
    first = next(p for p in processes.find(site.root) if p.part == "cell" and p.program.startswith("python"))

    os.kill(first.pid, signal.SIGKILL)

    on_node = ("containerd", "kubelet", "kube-proxy")
    wait_until(lambda: all(other.status()[part] is None for part in on_node), "the node's parts to end", within=10)
    wait_until(lambda: not Path("/sys/class/net", site.link).exists(), "the link to go", within=10)
