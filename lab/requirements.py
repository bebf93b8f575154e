"""What the lab needs of the machine besides Python and Go: found by file, installed from Debian when root."""

import logging
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.processes import SYSTEM_PATH
from lab.trouble import LabError

_log = logging.getLogger("lab")
BUSYBOX = "/bin/busybox"


@dataclass(frozen=True, slots=True)
class Need:
    """A program (or file, by its full path) and the Debian package that has it."""

    program: str
    package: str

    fits: Callable[[Path], bool] = Path.exists

    @property
    def is_met(self) -> bool:
        """Whether it is on this machine."""
        found = shutil.which(self.program, path=SYSTEM_PATH) or self.program
        return self.fits(Path(found))


def _is_static(program: Path) -> bool:
    """Say whether a program needs no shared library, so that it runs in an image of its own."""
    return program.exists() and b"/ld-" not in program.read_bytes()[:4096]  # where a loader's name would stand


_ALWAYS = (Need("setsid", "util-linux"),)
_NODE = (
    Need("unshare", "util-linux"),
    Need("nsenter", "util-linux"),
    Need("mount", "mount"),
    Need("ip", "iproute2"),
    Need("iptables", "iptables"),
    Need("runc", "runc"),
    Need("/usr/lib/cni/bridge", "containernetworking-plugins"),
)
_SMALL_IMAGES = (Need(BUSYBOX, "busybox-static", _is_static),)
_IMAGES = (Need("unshare", "util-linux"), Need("buildah", "buildah"), Need("debootstrap", "debootstrap"))
_COMPILER = (Need("cc", "gcc"), Need("/usr/include/time.h", "libc6-dev"))


def for_lab(nodes: int) -> None:
    """See that a lab with so many real nodes can run. Raises `LabError` with one sentence when it cannot."""
    if nodes and os.geteuid():
        raise LabError("a real node needs root; without it, NODES=0 SIMULATED=50 gives simulated ones")
    _meet([*_ALWAYS, *([*_NODE, *_SMALL_IMAGES] if nodes else ())])


def for_small_images() -> None:
    """See that busybox and pause can be made."""
    _meet(_SMALL_IMAGES)


def for_images() -> None:
    """See that the project's image can be built without Docker."""
    _meet(_IMAGES)


def for_skewed_clocks() -> None:
    """See that a few lines of C can be compiled, by which a process has another time."""
    _meet(_COMPILER)


def _meet(needs: Sequence[Need]) -> None:
    missing = [need for need in needs if not need.is_met]
    if not missing:
        return
    packages = sorted({need.package for need in missing})
    if os.geteuid() or not shutil.which("apt-get"):
        names = ", ".join(need.program for need in missing)
        raise LabError(f"missing: {names}; on Debian, as root: apt-get install {' '.join(packages)}")
    _log.info("installing Debian packages, about 20 s: %s", " ".join(packages))
    _run("apt-get", "update")
    _run("apt-get", "install", "--yes", "--no-install-recommends", *packages)
    if still := [need.program for need in missing if not need.is_met]:
        raise LabError(f"still missing after apt-get install {' '.join(packages)}: {', '.join(still)}")


def _run(*command: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        raise LabError(f"{' '.join(command)} fails: {last}")
