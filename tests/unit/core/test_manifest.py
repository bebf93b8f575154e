"""The Job of a launch: what is written into it, and what a stuck run is ended with."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.launches import FIRE_TIME, UID, a_job, a_spec, pod_of
from torchtask.core.errors import SpecError
from torchtask.core.manifest import Trigger, ended_by, job_spec
from torchtask.core.units import Instance, Manual, Timed, Unit
from torchtask.core.wire.values import packed

NODE = "worker-1"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def variables(job: Any, kind: str = "containers", index: int = 0) -> dict[str, str]:
    """Return the environment of a container."""
    return {variable["name"]: variable["value"] for variable in pod_of(job)[kind][index]["env"]}


@pytest.mark.parametrize(
    ("unit", "trigger", "suffix", "written"),
    [
        (Timed(FIRE_TIME), Trigger.SCHEDULE, "1780315210", {"cronjob-scheduled-timestamp"}),
        (Timed(FIRE_TIME), Trigger.AT, "1780315210", {"cronjob-scheduled-timestamp"}),
        (Timed(FIRE_TIME, NODE), Trigger.CATCH_UP, "1780315210-", {"cronjob-scheduled-timestamp", "node"}),
        (Manual("0123456789"[:9]), Trigger.MANUAL, "m012345678", set()),
        (Instance(2, 7), Trigger.DAEMON, "d2-7", set()),
        (Instance(2, 7, NODE), Trigger.DAEMON, "d2-7-", {"node"}),
    ],
)
def test_a_job_is_marked_by_what_it_is_for(unit: Unit, trigger: Trigger, suffix: str, written: set[str]) -> None:
    """Its name is its unit's; what CronJob's users read is there where there is a fire time."""
    metadata = a_job(unit=unit, trigger=trigger)["metadata"]
    annotations = metadata["annotations"]

    assert metadata["name"].startswith(f"report-{UID[:8]}-{suffix}")
    assert metadata["labels"] == {
        "app.kubernetes.io/managed-by": "torchtask",
        "torchtask.dev/task": "report",
        "torchtask.dev/task-uid": UID,
        "torchtask.dev/trigger": trigger.value,
    }
    assert {key.partition("/")[2] for key in annotations} == {"fire-time", *written}
    assert {annotations[key] for key in annotations if not key.endswith("/node")} == {"2026-06-01T12:00:10Z"}
    assert annotations.get("torchtask.dev/node", "") == unit.node


def test_an_instance_tells_what_it_was_launched_from() -> None:
    """So that it can be replaced when that has changed."""
    assert a_job(revision="a1b2")["metadata"]["annotations"]["torchtask.dev/template"] == "a1b2"


def test_the_users_labels_and_annotations_stand_beside_ours() -> None:
    """And never in place of them."""
    theirs = {"team": "a", "torchtask.dev/task": "x", "torchtask.dev/fire-time": "y"}

    metadata = a_job(replace(a_spec(), labels=theirs, annotations=theirs))["metadata"]

    assert (metadata["labels"]["team"], metadata["annotations"]["team"]) == ("a", "a")
    assert metadata["labels"]["torchtask.dev/task"] == "report"
    assert metadata["annotations"]["torchtask.dev/fire-time"] == "2026-06-01T12:00:10Z"


@pytest.mark.parametrize(
    ("metadata", "marked"),
    [
        (None, {"labels": {"torchtask.dev/task": "report"}}),
        ({"name": "x"}, {"name": "x", "labels": {"torchtask.dev/task": "report"}}),
        ({"labels": {"a": "b"}}, {"labels": {"torchtask.dev/task": "report", "a": "b"}}),
        ({"labels": {"torchtask.dev/task": "own"}}, {"labels": {"torchtask.dev/task": "own"}}),
        ({"labels": 7}, {"labels": 7}),
        (7, 7),
    ],
)
def test_the_pods_of_a_task_can_be_found(metadata: Any, marked: Any) -> None:
    """`kubectl logs --selector=torchtask.dev/task=…` finds them; the template's own labels stand, and its rubbish."""
    spec = a_spec()
    template = {**spec.job["template"], **({} if metadata is None else {"metadata": metadata})}

    made = a_job(replace(spec, job_text=packed({**spec.job, "template": template})))

    assert made["spec"]["template"]["metadata"] == marked


def test_every_container_knows_its_run() -> None:
    """Init containers too; the names are those that the page lists."""
    spec = a_spec({"initContainers": [{"name": "i"}], "containers": [{"name": "a"}, {"name": "b", "env": None}]})

    made = a_job(spec, last_success=datetime(2026, 6, 1, 11, 59, 59, tzinfo=UTC))

    known = {
        "TORCHTASK_NAME": "report",
        "TORCHTASK_RUN": made["metadata"]["name"],
        "TORCHTASK_FIRE_TIME": "2026-06-01T12:00:10Z",
        "TORCHTASK_LAST_SUCCESS": "2026-06-01T11:59:59Z",
    }
    assert variables(made) == variables(made, index=1) == variables(made, "initContainers") == known
    assert variables(a_job(spec))["TORCHTASK_LAST_SUCCESS"] == ""


def test_ours_stand_first_and_the_users_own_stand_for_ours() -> None:
    """`$(TORCHTASK_RUN)` is replaced only where the variable stands before; and what a user says holds."""
    own = [{"name": "LOG", "value": "$(TORCHTASK_RUN).log"}, {"name": "TORCHTASK_NAME", "valueFrom": {"x": 1}}, 7, {}]

    (container,) = pod_of(a_job(a_spec({"containers": [{"name": "a", "env": own}]})))["containers"]

    ours = ["TORCHTASK_RUN", "TORCHTASK_FIRE_TIME", "TORCHTASK_LAST_SUCCESS"]
    assert [variable["name"] for variable in container["env"][:3]] == ours
    assert container["env"][3:] == own


@pytest.mark.parametrize(
    ("start", "names"),
    [
        ({"nodes": ("a", "b")}, ["a", "b"]),
        ({"unit": Timed(FIRE_TIME, "c")}, ["c"]),
        ({"unit": Instance(1, 1, "c"), "nodes": ("a", "b")}, ["c"]),
        ({"nodes": ()}, []),
    ],
)
def test_a_run_is_pinned_to_its_nodes(start: dict[str, Any], names: list[str]) -> None:
    """One term for each; that of EveryNode to its one. With no node left the API server refuses it: it runs nowhere."""
    terms = [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": [name]}]} for name in names]

    made = pod_of(a_job(**start))

    assert made["affinity"] == {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": terms}}}


def test_a_run_without_nodes_keeps_the_templates_affinity() -> None:
    """Or has none."""
    affinity: Any = {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [{}]}}}

    assert "affinity" not in pod_of(a_job())
    assert pod_of(a_job(a_spec({"affinity": affinity})))["affinity"] == affinity


@pytest.mark.parametrize(("unit", "kept"), [(Timed(FIRE_TIME), True), (Manual("012345678"), False)])
def test_the_job_of_a_manual_run_stays(unit: Unit, *, kept: bool) -> None:
    """By it we know that the run was launched; all others go when the template says."""
    spec = a_spec(job={"ttlSecondsAfterFinished": 60})

    assert ("ttlSecondsAfterFinished" in a_job(spec, unit=unit)["spec"]) is kept
    assert spec.job["ttlSecondsAfterFinished"] == 60


IGNORING = {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]}
OWN: Any = {"rules": []}


@pytest.mark.parametrize(
    ("fields", "pod", "job", "policy"),
    [
        ({"backoffLimit": 1}, {"restartPolicy": "Never"}, {}, IGNORING),
        ({"backoffLimit": 1}, {"restartPolicy": "Never"}, {"podReplacementPolicy": "Failed"}, IGNORING),
        ({"backoffLimit": 1}, {"restartPolicy": "Never"}, {"podFailurePolicy": None}, IGNORING),
        ({"backoffLimit": 0}, {"restartPolicy": "Never"}, {}, None),
        ({}, {"restartPolicy": "Never"}, {}, None),
        ({"backoffLimit": 1}, {"restartPolicy": "OnFailure"}, {}, None),
        ({"backoffLimit": 1}, {}, {}, None),
        ({"backoffLimit": 1}, {"restartPolicy": "Never"}, {"podFailurePolicy": OWN}, OWN),
        ({"backoffLimit": 1}, {"restartPolicy": "Never"}, {"podReplacementPolicy": "TerminatingOrFailed"}, None),
    ],
)
def test_disruptions_are_no_attempts_where_kubernetes_lets_us_say_so(
    fields: Any, pod: Any, job: Any, policy: Any
) -> None:
    """It refuses such a policy with Pods that are restarted in place, or replaced before they have ended."""
    made = a_spec(pod, job=job, **fields).job

    assert made.get("podFailurePolicy") == policy


def test_a_container_in_short_is_retried_after_a_disruption() -> None:
    """Its Pod is never restarted in place."""
    assert job_spec({"container": {"image": "a"}, "backoffLimit": 2})["podFailurePolicy"] == IGNORING
    assert job_spec({"container": {"image": "a"}, "backoffLimit": None})["backoffLimit"] == 0


@pytest.mark.parametrize("fields", [{"nodeNames": ["a"]}, {"nodeAddresses": ["10.0.0.1"]}, {"runOn": "EveryNode"}])
def test_an_affinity_too_long_to_be_repeated_for_each_node_is_refused(fields: Any) -> None:
    """Where no node is named it passes, as in a CronJob."""
    term = {"matchExpressions": [{"key": "a", "operator": "In", "values": ["x" * 5_000]}]}
    pod = {"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [term]}}}}
    assert pod_of(a_job(a_spec(pod, runOn="AnyNode")))["affinity"] == pod["affinity"]

    with pytest.raises(SpecError) as refused:
        a_spec(pod, **fields)

    assert refused.value.field_path.startswith("spec.jobTemplate.spec.template.spec.affinity.nodeAffinity.")


def test_a_stuck_run_is_ended_by_its_deadline_and_says_why() -> None:
    """Its Job fails and stays; the annotation comes with the deadline, so that neither is there without the other."""
    assert ended_by("NoPod: no Pod was created") == {
        "metadata": {"annotations": {"torchtask.dev/ended-by": "NoPod: no Pod was created"}},
        "spec": {"activeDeadlineSeconds": 1},
    }
