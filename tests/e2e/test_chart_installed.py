"""What a real cluster makes of the chart."""

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from lab import Lab
from lab.waiting import wait_until
from tests.e2e.helm import CHART, CRD, NAMESPACE, Programs

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def programs() -> Iterator[Programs]:
    """Start a control plane; the chart needs no node to be judged."""
    lab = Lab(f"chart-{os.getpid()}")
    try:
        cluster = lab.up(nodes=0)
        yield Programs(cluster.binaries, str(cluster.kubeconfig))
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


def test_the_operator_sees_the_hold_and_no_other_config_map(programs: Programs, restricted: str) -> None:
    """Who may list one object by its name must ask for that one."""
    programs.must("helm", "install", "torchtask", CHART, "--namespace", restricted)
    asked = ("get", "configmaps", "-n", restricted, "--as", f"system:serviceaccount:{restricted}:torchtask")

    programs.must("kubectl", *asked, "--field-selector", "metadata.name=torchtask-hold")
    assert "is forbidden" in programs.run("kubectl", *asked).stderr
    assert "is forbidden" in programs.run("kubectl", *asked, "--field-selector", "metadata.name=another").stderr


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("edit", ("create", "torchtasks.torchtask.dev"), ("patch", "torchtasks.torchtask.dev", "--subresource=status")),
        ("view", ("list", "torchtasks.torchtask.dev"), ("create", "torchtasks.torchtask.dev")),
    ],
)
def test_users_may_do_by_the_built_in_roles_what_these_say(
    programs: Programs, restricted: str, role: str, may: tuple[str, ...], may_not: tuple[str, ...]
) -> None:
    """The roles are put together by a controller, a moment later."""
    programs.must("helm", "install", "torchtask", CHART, "--namespace", restricted)
    programs.must("kubectl", "create", "rolebinding", "user", f"--clusterrole={role}", "--user=user", "-n", restricted)

    def says(*asked: str) -> str:
        return programs.run("kubectl", "auth", "can-i", *asked, "--as=user", "-n", restricted).stdout.strip()

    wait_until(lambda: says(*may) == "yes", f"who has {role} to be let", within=30, every=0.5)
    assert says(*may_not) == "no"


def test_the_operator_is_admitted_where_only_restricted_pods_are(programs: Programs, restricted: str) -> None:
    """The operator's own Pod needs no privilege; a Pod with one less precaution shows that the namespace looks."""
    programs.must("helm", "install", "torchtask", CHART, "--namespace", restricted)
    stored = json.loads(programs.must("kubectl", "get", "deployment", "torchtask", "-n", restricted, "-o", "json"))

    assert try_pod(programs, restricted, stored["spec"]["template"]).returncode == 0
    del stored["spec"]["template"]["spec"]["containers"][0]["securityContext"]["capabilities"]
    assert "violates PodSecurity" in try_pod(programs, restricted, stored["spec"]["template"]).stderr


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


def try_pod(programs: Programs, namespace: str, template: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Ask the server whether it would admit a Pod of this template."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "try"}, "spec": template["spec"]}
    return programs.run("kubectl", "create", "--dry-run=server", "-n", namespace, "--filename", "-", given=pod)
