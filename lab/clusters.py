"""Which cluster the demo uses: the one that the user names, else kind where it can be had, else the lab."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from lab import binaries, images, places
from lab.lab import Lab
from lab.trouble import LabError


class Target(Protocol):
    """A cluster that can be brought up, given images, and used. `kind` is the word that chooses it."""

    kind: ClassVar[str]

    def up(self) -> None:
        """Bring it up, or find it up."""

    def down(self) -> None:
        """Remove it, if it was made here."""

    def build_image(self, tag: str) -> None:
        """Build the project's image and make it known to the cluster."""

    def load_image(self, archive: Path) -> None:
        """Make the images of a docker-archive known to the cluster."""

    def kubeconfig(self) -> str:
        """Return what belongs into `$KUBECONFIG`."""


@dataclass(frozen=True, slots=True)
class LabTarget:
    """The lab of this machine."""

    kind: ClassVar[str] = "lab"
    name: str
    nodes: int
    simulated: int

    def up(self) -> None:
        """Bring the lab up."""
        Lab(self.name).up(self.nodes, self.simulated)

    def down(self) -> None:
        """Remove the lab."""
        Lab(self.name).down()

    def build_image(self, tag: str) -> None:
        """Build with buildah and import."""
        self.load_image(images.project(tag))

    def load_image(self, archive: Path) -> None:
        """Import into the node's containerd."""
        Lab(self.name).load(archive)

    def kubeconfig(self) -> str:
        """Return the lab's own file."""
        return str(Lab(self.name).cluster().kubeconfig)


@dataclass(frozen=True, slots=True)
class KindTarget:
    """A kind cluster, made from `kind-config.yaml`."""

    kind: ClassVar[str] = "kind"
    name: str

    def up(self) -> None:
        """Create it, unless there is one of this name."""
        _need_kind()
        if self.name not in _run("kind", "get", "clusters").split():
            config = places.source() / "kind-config.yaml"
            _run("kind", "create", "cluster", "--name", self.name, "--config", str(config), "--wait", "120s",
                 "--kubeconfig", self.kubeconfig())  # fmt: skip
        _run("kind", "export", "kubeconfig", "--name", self.name, "--kubeconfig", self.kubeconfig())

    def down(self) -> None:
        """Delete it."""
        _need_kind()
        _run("kind", "delete", "cluster", "--name", self.name, "--kubeconfig", self.kubeconfig())

    def build_image(self, tag: str) -> None:
        """Build with Docker and load."""
        _need_kind()
        _run("docker", "build", "--tag", tag, str(places.source()))
        _run("kind", "load", "docker-image", tag, "--name", self.name)

    def load_image(self, archive: Path) -> None:
        """Load into kind's nodes."""
        _need_kind()
        _run("kind", "load", "image-archive", str(archive), "--name", self.name)

    def kubeconfig(self) -> str:
        """Return a file of its own: the user's stays as it is."""
        folder = places.cache() / "kind"
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder / f"{self.name}.kubeconfig")


@dataclass(frozen=True, slots=True)
class CurrentTarget:
    """The cluster of the user's kubeconfig; it is used, never made or removed."""

    kind: ClassVar[str] = "current"

    def up(self) -> None:
        """See that it answers."""
        kubectl = shutil.which("kubectl") or str(binaries.build(["kubectl"]) / "kubectl")
        _run(kubectl, "version", "--request-timeout=10s")

    def down(self) -> None:
        """Leave it alone."""

    def build_image(self, tag: str) -> None:
        """Refuse."""
        raise LabError(
            f"CLUSTER=current: push {tag} to a registry that your cluster reaches, and set the chart's image"
        )

    def load_image(self, archive: Path) -> None:
        """Refuse."""
        raise LabError(f"CLUSTER=current: how {archive} gets into your cluster is not known here")

    def kubeconfig(self) -> str:
        """Return the user's own."""
        return os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")


def choose(kind: str, name: str, nodes: int, simulated: int) -> Target:
    """Return the cluster of a kind: `lab`, `kind`, `current`; when empty, kind where it can be had, else the lab."""
    match kind or ("kind" if shutil.which("kind") and _docker_answers() else "lab"):
        case "lab":
            return LabTarget(name, nodes, simulated)
        case "kind":
            return KindTarget(name)
        case "current":
            return CurrentTarget()
        case other:
            raise LabError(f"CLUSTER is lab, kind or current, not {other!r}")


def _docker_answers() -> bool:
    """Say whether there is an engine: a client alone, which some machines have, makes no cluster."""
    if not shutil.which("docker"):
        return False
    asked = ["docker", "info", "--format", "{{.ServerVersion}}"]
    try:
        return subprocess.run(asked, capture_output=True, check=False, timeout=10).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _need_kind() -> None:
    if not shutil.which("kind"):
        raise LabError("CLUSTER=kind needs kind (https://kind.sigs.k8s.io); CLUSTER=lab does without")
    if not _docker_answers():
        raise LabError("CLUSTER=kind needs a Docker engine, and none answers `docker info`; CLUSTER=lab does without")


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        raise LabError(f"{' '.join(command)} fails: {last}")
    return done.stdout
