"""kubectl and helm, pointed at one cluster."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import Any

from lab import binaries, places
from lab.trouble import LabError

NAMESPACE = "torchtask-system"
RELEASE = "torchtask"


@dataclass(frozen=True, slots=True)
class Tools:
    """The command line tools of one cluster. Every call raises `LabError` with the tool's own words when it fails."""

    kubeconfig: str

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl and return what it prints."""
        return self._run("kubectl", *arguments, stdin=stdin)

    def get(self, *arguments: str) -> dict[str, Any]:
        """Return what `kubectl get … -o json` finds."""
        document: dict[str, Any] = json.loads(self.kubectl("get", *arguments, "-o", "json"))
        return document

    def install(self, image: str) -> None:
        """Install the chart with this image, and wait until the operator is ready."""
        repository, _, tag = image.rpartition(":")
        self._run(
            "helm", "upgrade", "--install", RELEASE, str(places.source() / "charts" / "torchtask"),
            "--namespace", NAMESPACE, "--create-namespace", "--wait", "--timeout", "120s",
            "--set", f"image.repository={repository}", "--set", f"image.tag={tag}",
        )  # fmt: skip

    def uninstall(self) -> None:
        """Remove the release, if it is there."""
        self._run("helm", "uninstall", RELEASE, "--namespace", NAMESPACE, "--ignore-not-found", "--wait")

    def render(self, *templates: str) -> str:
        """Return what some of the chart's templates become, as YAML."""
        chart = str(places.source() / "charts" / "torchtask")
        shown = [word for template in templates for word in ("--show-only", f"templates/{template}")]
        return self._run("helm", "template", RELEASE, chart, "--namespace", NAMESPACE, *shown)

    def _run(self, program: str, *arguments: str, stdin: str | None = None) -> str:
        built = binaries.folder() / program  # of the lab's own version, if there is a lab
        path = built if built.exists() else shutil.which(program) or binaries.build([program]) / program
        environment = {**os.environ, "KUBECONFIG": self.kubeconfig}
        done = subprocess.run(
            [path, *arguments], input=stdin, capture_output=True, text=True, env=environment, check=False
        )
        if done.returncode:
            raise LabError(f"{program} {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout
