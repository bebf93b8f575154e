"""The chart as Helm makes documents of it."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.crd.schema import ROOT, Document

CHART = str(ROOT / "charts" / "torchtask")
RELEASE, NAMESPACE = "torchtask", "torchtask-system"
CRD = "torchtasks.torchtask.dev"


@dataclass(frozen=True, slots=True)
class Programs:
    """Helm and kubectl, pointed at one cluster; Helm needs none to make documents."""

    binaries: Path
    kubeconfig: str = ""

    def run(self, program: str, *arguments: str, given: Document | None = None) -> subprocess.CompletedProcess[str]:
        """Run a program to its end, whatever that is; `given` is its standard input."""
        return subprocess.run(
            [str(self.binaries / program), *arguments],
            env={**os.environ, "KUBECONFIG": self.kubeconfig},
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

    def documents(self, *options: str) -> list[Document]:
        """Return what the chart makes with these options."""
        text = self.must("helm", "template", RELEASE, CHART, "--namespace", NAMESPACE, *options)
        return [document for document in yaml.safe_load_all(text) if document]

    def render(self, *options: str) -> dict[str, Document]:
        """Return the same by kind; of the ClusterRoles, the operator's own."""
        made = self.documents(*options)
        return {d["kind"]: d for d in made if d["kind"] != "ClusterRole" or d["metadata"]["name"] == RELEASE}

    def user_roles(self, *options: str) -> dict[str, Document]:
        """Return the ClusterRoles that are for users, by name."""
        made = self.documents(*options)
        roles = {d["metadata"]["name"]: d for d in made if d["kind"] == "ClusterRole"}
        return {name: role for name, role in roles.items() if name != RELEASE}


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
