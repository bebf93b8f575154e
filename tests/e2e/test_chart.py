"""What Helm makes of the chart."""

import pytest

from lab import binaries
from tests.crd.schema import definition
from tests.e2e.helm import CHART, CRD, NAMESPACE, Programs, pod_annotations, the_container
from torchtask.engine.leader import GIVE_BACK_SECONDS
from torchtask.engine.operation import DRAIN_SECONDS, FLUSH_SECONDS
from torchtask.settings import load

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def programs() -> Programs:
    """Have Helm, and no cluster."""
    return Programs(binaries.build(["helm"]))


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
        ("rbac.aggregated=false", "additional properties 'aggregated' not allowed"),
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
        "nodes": {"list", "watch"},
        "events": {"create", "patch"},
        "customresourcedefinitions": {"list", "watch"},
    }
    assert rendered["Role"]["metadata"]["namespace"] == NAMESPACE
    assert rendered["Role"]["rules"] == [
        {
            "apiGroups": [""],
            "resources": ["configmaps"],
            "resourceNames": ["torchtask-hold"],
            "verbs": ["list", "watch"],
        },
        {
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "resourceNames": ["torchtask"],
            "verbs": ["get", "patch"],
        },
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
    ]


def test_users_get_their_rights_by_the_built_in_roles_unless_told_otherwise(programs: Programs) -> None:
    """Who may create Jobs may create TorchTasks, and nobody but the operator writes what became of them."""
    roles = programs.user_roles()
    added = {
        name: {label.rpartition("/")[2] for label in role["metadata"]["labels"] if "/aggregate-to-" in label}
        for name, role in roles.items()
    }

    assert added == {
        "torchtask-edit": {"aggregate-to-admin", "aggregate-to-edit"},
        "torchtask-view": {"aggregate-to-view"},
    }
    assert {resource for role in roles.values() for rule in role["rules"] for resource in rule["resources"]} == {
        "torchtasks"
    }
    assert programs.user_roles("--set", "rbac.aggregate=false") == {}


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
