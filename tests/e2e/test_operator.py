"""The promises of the first slice, on a real cluster: the operator runs in a Pod, the witness is the audit log."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab import Cluster, Lab
from lab.tools import NAMESPACE, Tools
from lab.waiting import wait_until
from tests.e2e.audit import created_jobs, fire_time
from tests.e2e.cluster import Namespace

pytestmark = pytest.mark.e2e

SECOND = timedelta(seconds=1)
EXAMPLES = Path(__file__).parents[2] / "examples"
ENDS = {
    "every-five-seconds": "Completed",
    "node-selector": "Completed",
    "timeout": "DeadlineExceeded",
    "failing": "Error",
}


def operator_lives(tools: Tools) -> list[tuple[str, int]]:
    """Return the UIDs of the operator's Pods, and how often each was restarted."""
    pods = tools.get("--namespace", NAMESPACE, "pods")["items"]
    return [(p["metadata"]["uid"], p["status"]["containerStatuses"][0]["restartCount"]) for p in pods]


def test_every_five_seconds_runs_on_time(cluster: Cluster, namespace: Namespace) -> None:
    """Five Pods run to their end; each Job is created within 1 s of its fire time, never before it, and once."""
    namespace.apply("tick", schedule="*/5 * * * * *")

    wait_until(lambda: namespace.counts("tick")["succeeded"] >= 5, "five runs to succeed", within=60, every=1)

    created = created_jobs(cluster, namespace.name)
    assert len(created) >= 5
    for job, times in created.items():
        assert len(times) == 1
        assert timedelta(0) <= times[0] - fire_time(job) < SECOND
        assert fire_time(job).second % 5 == 0


def test_the_columns_tell_what_happens(namespace: Namespace) -> None:
    """`kubectl get torchtasks` shows schedule, state, the last run and the next, and what was skipped."""
    namespace.apply("tick", schedule="*/2 * * * * *")
    wait_until(lambda: namespace.counts("tick")["succeeded"], "a run to succeed", within=30, every=1)

    header, row = namespace.kubectl("get", "tt", "-o", "wide").splitlines()

    titles = "NAME SCHEDULE SUSPEND READY ACTIVE LAST RESULT NEXT SKIPPED AGE TZ FAILS MISSED LATE-P99 REASON"
    assert header.split() == titles.split()
    assert row.startswith("tick ")
    for shown in ("*/2 * * * * *", "false", "True", "Completed", "Scheduled"):
        assert shown in row
    assert "<invalid>" not in row
    assert "<none>" not in row


def test_the_timeout_ends_a_run(namespace: Namespace) -> None:
    """A run that takes too long is ended by its deadline; its Pod is gone, and the status says why."""
    sleeper = {"image": "busybox:1.36", "command": ["sleep", "3600"], "terminationGracePeriodSeconds": 1}
    namespace.apply("slow", schedule="*/10 * * * * *", timeoutSeconds=3, container=sleeper)

    wait_until(lambda: namespace.counts("slow")["failed"], "the deadline to be counted", within=60, every=1)

    last = namespace.status("slow")["lastRun"]
    assert (last["result"], last["reason"]) == ("Failed", "DeadlineExceeded")
    taken = datetime.fromisoformat(last["completionTime"]) - datetime.fromisoformat(last["startTime"])
    assert timedelta(seconds=3) <= taken < timedelta(seconds=10)


def test_the_node_selector_is_obeyed(namespace: Namespace) -> None:
    """A task for a node that exists runs there; one for a node that does not exist stays pending, and alone."""
    namespace.apply("here", schedule="*/5 * * * * *", nodeSelector={"kubernetes.io/hostname": "worker-1"})
    namespace.apply("nowhere", schedule="*/5 * * * * *", nodeSelector={"disk": "unobtainable"})
    wait_until(lambda: namespace.counts("here")["succeeded"] >= 2, "two runs on the node", within=60, every=1)

    pods = namespace.tools.get("--namespace", namespace.name, "pods")["items"]
    nodes = {(p["metadata"]["labels"]["job-name"].split("-")[0], p["spec"].get("nodeName")) for p in pods}

    assert nodes == {("here", "worker-1"), ("nowhere", None)}
    assert namespace.status("nowhere")["active"] == 1
    assert namespace.counts("nowhere")["launched"] == 1


def test_a_full_task_skips_and_says_so(namespace: Namespace) -> None:
    """Forbid: while a run is active no other one starts; Allow: each fire time gets its own."""
    sleeper = {"image": "busybox:1.36", "command": ["sleep", "60"], "terminationGracePeriodSeconds": 0}
    namespace.apply("forbid", schedule="*/2 * * * * *", container=sleeper)
    namespace.apply("two", schedule="*/2 * * * * *", maxInstances=2, container=sleeper)
    namespace.apply("allow", schedule="*/2 * * * * *", concurrencyPolicy="Allow", container=sleeper)

    wait_until(lambda: namespace.counts("allow")["launched"] >= 4, "four runs at once", within=30, every=1)
    wait_until(lambda: namespace.counts("two").get("skipped"), "a fire time to be skipped", within=10, every=1)

    assert namespace.status("forbid")["active"] == 1
    assert namespace.status("two")["active"] == 2
    assert namespace.status("forbid")["notLaunched"][0]["reason"] == "MaxInstances"


@pytest.mark.parametrize("cascade", ["background", "foreground"])
def test_deleting_the_task_removes_its_jobs(namespace: Namespace, cascade: str) -> None:
    """No Job and no Pod is left, also when the deletion waits for them; and nothing holds the task back."""
    namespace.apply("tick", schedule="*/2 * * * * *", concurrencyPolicy="Allow")
    wait_until(lambda: namespace.counts("tick")["succeeded"] >= 2, "two runs", within=30, every=1)

    namespace.kubectl("delete", "torchtask", "tick", f"--cascade={cascade}", "--timeout=30s")

    wait_until(lambda: not namespace.jobs(), "the Jobs to go", within=30, every=0.5)
    pods = namespace.tools.get
    wait_until(lambda: not pods("--namespace", namespace.name, "pods")["items"], "the Pods to go", within=60, every=1)


def test_a_killed_operator_fires_nothing_twice(cluster: Cluster, namespace: Namespace) -> None:
    """The operator's Pod is killed without warning, twice, while a task fires each second: one Job for a fire time."""
    namespace.apply("tick", schedule="* * * * * *", concurrencyPolicy="Allow", successfulJobsHistoryLimit=1)
    wait_until(lambda: namespace.counts("tick")["succeeded"] >= 2, "the first runs", within=30, every=1)

    for _ in range(2):
        launched = namespace.counts("tick")["launched"]
        namespace.tools.kubectl(
            "--namespace", NAMESPACE, "delete", "pod", "--selector=app.kubernetes.io/name=torchtask",
            "--grace-period=0", "--force",
        )  # fmt: skip
        wait_until(
            lambda before=launched: namespace.counts("tick")["launched"] >= before + 5,  # type: ignore[misc]
            "the next operator to go on",
            within=90,
            every=1,
        )

    created = created_jobs(cluster, namespace.name)
    assert [job for job, times in created.items() if len(times) > 1] == []
    assert [job for job, times in created.items() if times[0] < fire_time(job)] == []
    counts = namespace.counts("tick")
    assert counts["due"] == counts["launched"] + counts["skipped"] + counts["missed"]


def test_history_limits_keep_the_newest(namespace: Namespace) -> None:
    """Of the finished runs only as many are left as the task says."""
    namespace.apply("tick", schedule="*/2 * * * * *", successfulJobsHistoryLimit=1)
    wait_until(lambda: namespace.counts("tick")["succeeded"] >= 4, "four runs", within=60, every=1)
    namespace.kubectl("patch", "torchtask", "tick", "--type=merge", "--patch", '{"spec": {"suspend": true}}')

    wait_until(
        lambda: namespace.condition("tick", "Suspended").get("status") == "True", "the pause", within=10, every=1
    )
    # A Job younger than a minute stands if the operator took over less than a minute ago (law L11).
    wait_until(lambda: len(namespace.jobs()) == 1, "one Job to be left", within=150, every=1)
    assert "nextScheduleTime" not in namespace.status("tick")


def test_a_bad_schedule_stops_nobody_else(namespace: Namespace) -> None:
    """What the API server cannot judge the operator does: Ready=False with reason and field; the others go on."""
    namespace.apply("good", schedule="*/2 * * * * *")
    namespace.apply("never", schedule="0 0 0 30 2 *")

    wait_until(lambda: namespace.condition("never", "Ready"), "the bad one to be judged", within=10, every=0.5)
    before = namespace.counts("good")["launched"]
    wait_until(lambda: namespace.counts("good")["launched"] >= before + 2, "the good one to go on", within=20, every=1)

    ready = namespace.condition("never", "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "InvalidSchedule")
    assert ready["message"].startswith("spec.schedule: ")


@pytest.mark.parametrize(
    ("pod", "words"),
    [
        ({"containers": [{"name": "a", "image": "b", "commmand": ["date"]}]}, 'unknown field "spec.template.spec'),
        ({"containers": []}, "spec.template.spec.containers: Required value"),
    ],
    ids=["misspelled", "no-container"],
)
def test_a_refused_template_shows_the_servers_words(namespace: Namespace, pod: dict[str, Any], words: str) -> None:
    """A template that the API server refuses makes the task not ready, in the server's words, and launches nothing."""
    template = {"spec": {"template": {"spec": {"restartPolicy": "Never", **pod}}}}
    namespace.apply("broken", schedule="*/2 * * * * *", jobTemplate=template)

    wait_until(
        lambda: namespace.condition("broken", "Ready").get("status") == "False", "the verdict", within=15, every=0.5
    )

    ready = namespace.condition("broken", "Ready")
    assert ready["reason"] == "TemplateInvalid"
    assert words in ready["message"]
    wait_until(lambda: namespace.counts("broken")["due"] >= 2, "fire times to be skipped", within=15, every=1)
    assert namespace.jobs() == []


def test_a_repaired_template_runs(namespace: Namespace) -> None:
    """An edit is judged anew."""
    pod: dict[str, Any] = {"restartPolicy": "Never", "containers": []}
    template = {"spec": {"template": {"spec": pod}}}
    namespace.apply("task", schedule="*/2 * * * * *", jobTemplate=template)
    wait_until(
        lambda: namespace.condition("task", "Ready").get("status") == "False", "the verdict", within=15, every=0.5
    )

    good = {"name": "a", "image": "busybox:1.36", "command": ["true"]}
    pod["containers"] = [good]
    namespace.apply("task", schedule="*/2 * * * * *", jobTemplate=template)

    wait_until(lambda: namespace.counts("task")["succeeded"], "a run", within=30, every=1)
    assert namespace.condition("task", "Ready")["status"] == "True"


def test_the_examples_do_what_they_say(namespace: Namespace) -> None:
    """What the demo applies ends as its comments say."""
    text = "\n---\n".join(p.read_text() for p in sorted(EXAMPLES.glob("*.yaml")))
    namespace.kubectl("apply", "-f", "-", stdin=text)
    names = {d["metadata"]["name"] for d in yaml.safe_load_all(text)}
    for name in names:
        wait_until(lambda n=name: namespace.condition(n, "Ready").get("status") == "True", name, within=20)  # type: ignore[misc]

    for name, end in ENDS.items():
        wait_until(lambda n=name: namespace.status(n).get("lastRun"), f"a run of {name}", within=90, every=1)  # type: ignore[misc]
        assert namespace.status(name)["lastRun"]["reason"] == end


def test_an_api_server_that_comes_back_is_met_with_a_launch(lab: Lab, cluster: Cluster, namespace: Namespace) -> None:
    """While the API server is gone the operator waits; it launches within 5 s of its return, never restarted."""
    namespace.apply("tick", schedule="* * * * * *", concurrencyPolicy="Allow")
    wait_until(lambda: namespace.counts("tick")["succeeded"], "a run", within=30, every=1)
    before, due = operator_lives(namespace.tools), namespace.counts("tick")["due"]

    lab.stop("kube-apiserver")
    lab.start("kube-apiserver")
    back = datetime.now(UTC)  # noqa: TID251 -- compared with the audit log's timestamps
    wait_until(lambda: namespace.counts("tick")["due"] > due + 15, "the operator to go on", within=60, every=1)

    created = created_jobs(cluster, namespace.name)
    after = min(times[0] for times in created.values() if times[0] > back)
    assert after - back <= timedelta(seconds=5)
    assert [job for job, times in created.items() if len(times) > 1 or times[0] < fire_time(job)] == []
    assert operator_lives(namespace.tools) == before
    counts = namespace.counts("tick")
    assert counts["due"] == counts["launched"] + counts["skipped"] + counts["missed"]
