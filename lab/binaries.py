"""The programs of the lab, built from pinned Go modules (`lab/go/*`) and kept outside the work tree.

Law: a program stands in the folder whole or not at all, and the folder's name is a function of all it is built from, so
whatever is found there is what this version of the lab wants.
"""

import logging
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from lab import places, toolchain
from lab.trouble import LabError
from lab.waiting import seconds

_log = logging.getLogger("lab")
_MODULES = Path(__file__).with_name("go")


@dataclass(frozen=True, slots=True)
class Binary:
    """One program to build."""

    name: str
    module: str
    """The folder under `lab/go` whose go.mod pins it."""
    package: str
    seconds: int
    """What it takes on 2 cores when nothing is cached but the programs above it in the list."""


BINARIES = (
    Binary("etcd", "etcd", "go.etcd.io/etcd/server/v3", 25),
    Binary("kube-apiserver", "kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver", 165),
    Binary("kube-controller-manager", "kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager", 45),
    Binary("kube-scheduler", "kubernetes", "k8s.io/kubernetes/cmd/kube-scheduler", 4),
    Binary("kubectl", "kubernetes", "k8s.io/kubernetes/cmd/kubectl", 16),
    Binary("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok", 56),
    Binary("kubelet", "kubernetes", "k8s.io/kubernetes/cmd/kubelet", 15),
    Binary("kube-proxy", "kubernetes", "k8s.io/kubernetes/cmd/kube-proxy", 8),
    Binary("containerd", "containerd", "github.com/containerd/containerd/v2/cmd/containerd", 60),
    Binary(
        "containerd-shim-runc-v2", "containerd", "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2", 2
    ),
    Binary("ctr", "containerd", "github.com/containerd/containerd/v2/cmd/ctr", 6),
    Binary("helm", "helm", "helm.sh/helm/v4/cmd/helm", 96),
)
"""In the order of need: a lab without a node could start after the first six."""


def folder() -> Path:
    """Return the folder of the programs, built or not; fit for PATH."""
    content = sha256(repr([BINARIES, toolchain.FLAGS, _stamps()]).encode())
    for file in sorted(_MODULES.glob("*/go.*")):
        content.update(file.relative_to(_MODULES).as_posix().encode() + file.read_bytes())
    return places.cache() / "bin" / content.hexdigest()[:16]


def build(names: Sequence[str] = ()) -> Path:
    """Build what is missing (of `names`, or of all) and return the folder. Raises `LabError` when it cannot.

    Safe when several processes do it at once: all but the first wait, and then find everything built.
    """
    wanted = [binary for binary in BINARIES if not names or binary.name in names]
    target = folder()
    if not _missing(wanted, target):
        return target
    with places.locked(places.cache() / "bin" / ".lock"):
        missing = _missing(wanted, target)
        if missing:
            go = toolchain.find_go(max(_go_version(binary.module) for binary in missing))
            _build_all(go, missing, target)
    return target


def _missing(wanted: Sequence[Binary], target: Path) -> list[Binary]:
    return [binary for binary in wanted if not (target / binary.name).exists()]


def _build_all(go: Path, missing: Sequence[Binary], target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    ahead = sum(binary.seconds for binary in missing)
    _log.info("building %d programs: about %d min on 2 cores when nothing is cached", len(missing), ahead // 60 + 1)
    for number, binary in enumerate(missing, start=1):
        _log.info("[%2d/%d] %s: up to %d s, %d s in all", number, len(missing), binary.name, binary.seconds, ahead)
        started = seconds()
        _build_one(go, binary, target)
        ahead -= binary.seconds
        _log.info("[%2d/%d] %s: done in %.0f s", number, len(missing), binary.name, seconds() - started)


def _build_one(go: Path, binary: Binary, target: Path) -> None:
    """Build one program, with a log of its own."""
    log, draft = places.cache() / "logs" / f"build-{binary.name}.log", target / f".{binary.name}"
    log.parent.mkdir(parents=True, exist_ok=True)
    stamps = _stamps() if binary.module == "kubernetes" else []
    flags = " ".join(["-s -w", *(f"-X {stamp}" for stamp in stamps)])
    with log.open("wb") as output:
        done = subprocess.run(
            [go, "build", "-ldflags", flags, "-o", draft, binary.package],
            cwd=_MODULES / binary.module, env=toolchain.environment(), stdout=output, stderr=output, check=False,
        )  # fmt: skip
    if done.returncode:
        last = log.read_text(errors="replace").strip().splitlines()[-1:]
        raise LabError(f"{binary.name} does not build: {' '.join(last)} (all of it in {log})")
    draft.replace(target / binary.name)


def _stamps() -> list[str]:
    """Return what to write into Kubernetes' programs: else the server calls itself v0.0.0, and version checks fail."""
    found = re.search(r"\bk8s\.io/kubernetes (v(\d+)\.(\d+)\.\S+)", _go_mod("kubernetes"))
    version, major, minor = found.groups() if found else ("", "", "")
    return [
        f"k8s.io/{package}.git{field}={value}"
        for package in ("component-base/version", "client-go/pkg/version")
        for field, value in (("Version", version), ("Major", major), ("Minor", minor))
    ]


def _go_version(module: str) -> tuple[int, ...]:
    """Return the oldest Go that builds a module."""
    found = re.search(r"^go (\S+)$", _go_mod(module), re.MULTILINE)
    return tuple(map(int, found.group(1).split("."))) if found else ()


@cache
def _go_mod(module: str) -> str:
    return (_MODULES / module / "go.mod").read_text()
