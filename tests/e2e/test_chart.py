"""What Helm and a real cluster make of the chart."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from lab import Cluster, Lab
from tests.crd.schema import ROOT, Document, definition
from torchtask.engine.leader import GIVE_BACK_SECONDS
from torchtask.engine.operation import DRAIN_SECONDS, FLUSH_SECONDS
from torchtask.settings import load

pytestmark = pytest.mark.e2e

CHART = str(ROOT / "charts" / "torchtask")
NAMESPACE = "torchtask-system"
CRD = "torchtasks.torchtask.dev"


@dataclass(frozen=True, slots=True)
class Programs:
    """Helm and kubectl, pointed at one cluster."""

    cluster: Cluster

    def run(self, program: str, *arguments: str, given: Document | None = None) -> subprocess.CompletedProcess[str]:
        """Run a program to its end, whatever that is; `given` is its standard input."""
        return subprocess.run(
            [str(self.cluster.binaries / program), *arguments],
            env={**os.environ, "KUBECONFIG": str(self.cluster.kubeconfig)},
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def must(self, program: str, *arguments: str, given: Document | None = None) -> str:
        """Run a program that must succeed and return what it prints."""
        done = self.run(program, *arguments, given=given)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def render(self, *options: str) -> dict[str, Document]:
        """Return what the chart makes with these options, by kind."""
        text = self.must("helm", "template", "torchtask", CHART, "--namespace", NAMESPACE, *options)
        return {document["kind"]: document for document in yaml.safe_load_all(text) if document}


@pytest.fixture(scope="module")
def programs() -> Iterator[Programs]:
    """Start a control plane; the chart needs no node to be judged."""
    lab = Lab(f"chart-{os.getpid()}")
    try:
        yield Programs(lab.up(nodes=0))
    finally:
        lab.down()


@pytest.fixture
def restricted(programs: Programs) -> Iterator[str]:
    """Make a namespace that admits restricted Pods only."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}
    programs.must("kubectl", "create", "--filename", "-", given=namespace)
    yield NAMESPACE
    programs.must("kubectl", "delete", "namespace", NAMESPACE)
    programs.must("kubectl", "delete", "crd", CRD, "--ignore-not-found")


def test_helm_finds_no_fault(programs: Programs) -> None:
    """The chart passes Helm's own linter, warnings included."""
    programs.must("helm", "lint", "--strict", CHART)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("logLevels=INFO", "additional properties 'logLevels' not allowed"),
        ("crds.kep=true", "additional properties 'kep' not allowed"),
        ("logLevel=LOUD", "at '/logLevel'"),
        ("healthPort=80", "at '/healthPort'"),
        ("replicas=two", "at '/replicas'"),
        ("metrics.podMonitors=true", "additional properties 'podMonitors' not allowed"),
        ("limits.actve=80", "additional properties 'actve' not allowed"),
        ("limits.active=0", "at '/limits/active'"),
        ("limits.withoutPod=null", "missing property 'withoutPod'"),
        ("defaultTimeoutSeconds=0", "at '/defaultTimeoutSeconds'"),
        ("image.tag=a b", "at '/image/tag'"),
        ("image.repository=", "at '/image/repository'"),
        ("serviceAccount.create=false", "at '/serviceAccount/name'"),
    ],
)
def test_a_value_that_means_nothing_is_refused(programs: Programs, setting: str, words: str) -> None:
    """A mistake in the values is told before anything is installed."""
    done = programs.run("helm", "template", "torchtask", CHART, "--set", setting)

    assert done.returncode != 0
    assert words in done.stderr


def test_the_definition_is_installed_as_it_is(programs: Programs) -> None:
    """The chart adds metadata to the definition and changes nothing of it; by default it outlives the release."""
    rendered = programs.render()["CustomResourceDefinition"]

    assert rendered["spec"] == definition()["spec"]
    assert rendered["metadata"]["name"] == CRD
    assert rendered["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert rendered["metadata"]["labels"]["app.kubernetes.io/name"] == "torchtask"


def test_the_definition_can_be_left_out_or_go_with_the_release(programs: Programs) -> None:
    """`crds.enabled` and `crds.keep` do what they say."""
    assert "CustomResourceDefinition" not in programs.render("--set", "crds.enabled=false")
    assert "annotations" not in programs.render("--set", "crds.keep=false")["CustomResourceDefinition"]["metadata"]


def test_the_operator_may_do_what_it_does_and_nothing_else(programs: Programs) -> None:
    """Least privilege: a verb more is a decision, taken here."""
    rendered = programs.render()

    assert {
        resource: set(rule["verbs"]) for rule in rendered["ClusterRole"]["rules"] for resource in rule["resources"]
    } == {
        "torchtasks": {"get", "list", "watch", "delete"},
        "torchtasks/status": {"patch"},
        "torchtasks/finalizers": {"update"},
        "jobs": {"get", "list", "watch", "create", "patch", "delete"},
        "pods": {"list"},
        "nodes": {"get", "list", "watch"},
        "events": {"create", "patch"},
        "customresourcedefinitions": {"list", "watch"},
    }
    assert rendered["Role"]["metadata"]["namespace"] == NAMESPACE
    assert rendered["Role"]["rules"] == [
        {
            "apiGroups": [""],
            "resources": ["configmaps"],
            "resourceNames": ["torchtask-hold"],
            "verbs": ["get", "list", "watch"],
        },
        {
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "resourceNames": ["torchtask"],
            "verbs": ["get", "patch"],
        },
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
    ]


def test_the_operator_sees_the_hold_and_no_other_config_map(programs: Programs, restricted: str) -> None:
    """Who may list one object by its name must ask for that one."""
    programs.must("helm", "install", "torchtask", CHART, "--namespace", restricted)
    asked = ("get", "configmaps", "-n", restricted, "--as", f"system:serviceaccount:{restricted}:torchtask")

    programs.must("kubectl", *asked, "--field-selector", "metadata.name=torchtask-hold")
    assert "is forbidden" in programs.run("kubectl", *asked).stderr
    assert "is forbidden" in programs.run("kubectl", *asked, "--field-selector", "metadata.name=another").stderr


def test_the_settings_reach_the_operator(programs: Programs) -> None:
    """Image and settings are those of the values, great numbers too; the probes ask where the operator answers."""
    container = the_container(
        programs,
        *("image.repository=example.com/ours", "image.tag=1.2.3", "logLevel=DEBUG", "healthPort=9090"),
        *("limits.active=1000000", "defaultTimeoutSeconds=31536000"),
    )

    assert container["image"] == "example.com/ours:1.2.3"
    assert container["env"] == [
        {"name": "TORCHTASK_IDENTITY", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "TORCHTASK_LOG_LEVEL", "value": "DEBUG"},
        {"name": "TORCHTASK_HEALTH_PORT", "value": "9090"},
        {"name": "TORCHTASK_MAX_ACTIVE", "value": "1000000"},
        {"name": "TORCHTASK_MAX_ACTIVE_PER_NAMESPACE", "value": "1000"},
        {"name": "TORCHTASK_LAUNCHES_PER_SECOND", "value": "100"},
        {"name": "TORCHTASK_LAUNCHES_PER_SECOND_PER_NAMESPACE", "value": "50"},
        {"name": "TORCHTASK_MAX_WITHOUT_POD", "value": "200"},
        {"name": "TORCHTASK_MAX_TASKS_PER_NAMESPACE", "value": "5000"},
        {"name": "TORCHTASK_DEFAULT_TIMEOUT_SECONDS", "value": "31536000"},
    ]
    assert container["ports"] == [{"name": "health", "containerPort": 9090}]
    assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "health"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "health"}


def test_what_the_chart_says_by_default_is_what_the_operator_does_by_default(programs: Programs) -> None:
    """The shipped values change no setting; and the operator takes what Helm writes."""
    variables = the_container(programs)["env"]
    given = {variable["name"]: variable["value"] for variable in variables if "value" in variable}

    assert load(given) == load({})


def test_the_operator_is_admitted_where_only_restricted_pods_are(programs: Programs, restricted: str) -> None:
    """The operator's own Pod needs no privilege; a Pod with one less precaution shows that the namespace looks."""
    programs.must("helm", "install", "torchtask", CHART, "--namespace", restricted)
    stored = json.loads(programs.must("kubectl", "get", "deployment", "torchtask", "-n", restricted, "-o", "json"))

    assert try_pod(programs, restricted, stored["spec"]["template"]).returncode == 0
    del stored["spec"]["template"]["spec"]["containers"][0]["securityContext"]["capabilities"]
    assert "violates PodSecurity" in try_pod(programs, restricted, stored["spec"]["template"]).stderr


def test_two_operators_stand_apart_and_are_never_away_together(programs: Programs) -> None:
    """A new one is ready before an old one goes; a drain takes one at a time, and no node is kept from it."""
    rendered = programs.render()
    spec, budget = rendered["Deployment"]["spec"], rendered["PodDisruptionBudget"]["spec"]
    labels = spec["template"]["metadata"]["labels"]

    assert spec["replicas"] == 2
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    assert budget["maxUnavailable"] == 1
    assert "minAvailable" not in budget
    spread = spec["template"]["spec"]["topologySpreadConstraints"]
    assert [(s["topologyKey"], s["whenUnsatisfiable"]) for s in spread] == [
        ("kubernetes.io/hostname", "ScheduleAnyway"),
        ("topology.kubernetes.io/zone", "ScheduleAnyway"),
    ]
    for selector in (spec["selector"], budget["selector"], *(s["labelSelector"] for s in spread)):
        assert selector["matchLabels"].items() <= labels.items()
    assert programs.render("--set", "replicas=1")["Deployment"]["spec"]["replicas"] == 1


def test_an_operator_has_time_to_give_its_lease_back(programs: Programs) -> None:
    """Killed before that, it would leave everybody waiting until the Lease has run out."""
    grace = programs.render()["Deployment"]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]

    assert grace > DRAIN_SECONDS + FLUSH_SECONDS + GIVE_BACK_SECONDS


def test_prometheus_finds_the_numbers(programs: Programs) -> None:
    """By annotations, which the user's go before; or by a PodMonitor, where there is such a thing."""
    found = pod_annotations(programs, "healthPort=9090")
    assert found == {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": "9090",
        "prometheus.io/path": "/metrics",
    }
    assert pod_annotations(programs, "podAnnotations.prometheus\\.io/path=/ours")["prometheus.io/path"] == "/ours"
    assert pod_annotations(programs, "metrics.annotations=false") is None
    assert pod_annotations(programs, "metrics.annotations=false", "podAnnotations.a=b") == {"a": "b"}

    rendered = programs.render("--set", "metrics.podMonitor=true")
    (endpoint,) = rendered["PodMonitor"]["spec"]["podMetricsEndpoints"]
    container = the_container(programs)
    assert endpoint["port"] in {port["name"] for port in container["ports"]}
    assert "PodMonitor" not in programs.render()


@pytest.mark.parametrize("keep", ["true", "false"])
def test_uninstalling_keeps_the_definition_unless_told_otherwise(
    programs: Programs, restricted: str, keep: str
) -> None:
    """`helm uninstall` takes nobody's tasks away by default, and leaves nothing behind when asked to."""
    programs.must("helm", "install", "torchtask", CHART, "--namespace", restricted, "--set", f"crds.keep={keep}")
    programs.must("kubectl", "wait", "--for=condition=Established", f"crd/{CRD}")

    programs.must("helm", "uninstall", "torchtask", "--namespace", restricted, "--wait")

    found = programs.must("kubectl", "get", "crd", CRD, "--ignore-not-found", "-o", "name")
    assert bool(found) == (keep == "true")


def pod_annotations(programs: Programs, *options: str) -> Any:
    """Return the annotations of the operator's Pods as the chart makes them with these options."""
    rendered = programs.render(*(word for option in options for word in ("--set", option)))
    return rendered["Deployment"]["spec"]["template"]["metadata"].get("annotations")


def the_container(programs: Programs, *options: str) -> Document:
    """Return the operator's container as the chart makes it with these options."""
    deployment = programs.render(*(word for option in options for word in ("--set", option)))["Deployment"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    made: Document = container
    return made


def try_pod(programs: Programs, namespace: str, template: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Ask the server whether it would admit a Pod of this template."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "try"}, "spec": template["spec"]}
    return programs.run("kubectl", "create", "--dry-run=server", "-n", namespace, "--filename", "-", given=pod)
