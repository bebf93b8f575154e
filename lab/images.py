"""The images a lab needs, from Debian's packages: busybox, pause, a Python base, and the project's own on it."""

import logging
import os
import shlex
import subprocess
import tarfile
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from lab import archive, places, requirements
from lab.configs import PAUSE_IMAGE
from lab.trouble import LabError

_log = logging.getLogger("lab")
BUSYBOX_IMAGE = "docker.io/library/busybox:1.36"
PROJECT_IMAGE = "localhost/torchtask:dev"
_SUITE = "bookworm"
_BASE_IMAGE = f"localhost/python-base:{_SUITE}"
_BASE_PACKAGES = "python3,python3-venv,ca-certificates"
_LEFT_OUT = tuple(
    f"./{folder}/" for folder in ("dev", "var/cache/apt", "var/lib/apt/lists", "var/log", "usr/share/doc",
                                  "usr/share/man", "usr/share/locale")
)  # fmt: skip
_AUTHORITIES = ("/etc/ssl/certs", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates")
_PATH = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}


def folder() -> Path:
    """Return where archives are kept."""
    return places.cache() / "images"


def small(where: Path) -> Path:
    """Write the archive of busybox and pause, which share their one layer, into a folder."""
    requirements.for_small_images()
    images = [
        archive.Image(BUSYBOX_IMAGE, ["sh"], _PATH),
        archive.Image(PAUSE_IMAGE, ["/bin/sleep", "2147483647"], _PATH),
    ]
    return archive.write(where / "small.tar", images, _busybox)


def _busybox(layer: tarfile.TarFile) -> None:
    program = Path(requirements.BUSYBOX)
    applets = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.split()
    for name, mode in (("bin", 0o755), ("etc", 0o755), ("root", 0o700), ("tmp", 0o1777), ("var", 0o755)):
        archive.add_folder(layer, name, mode)
    archive.add_file(layer, "bin/busybox", program.read_bytes(), 0o755)
    archive.add_file(layer, "etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n")
    archive.add_file(layer, "etc/group", b"root:x:0:\nnogroup:x:65534:\n")
    for applet in applets:
        if applet != "busybox":
            archive.add_link(layer, f"bin/{applet}", "busybox")


def python_base() -> Path:
    """Return the archive of a Debian with Python, made once."""
    recipe = repr([_SUITE, _BASE_PACKAGES, _LEFT_OUT])
    target = folder() / f"python-base-{sha256(recipe.encode()).hexdigest()[:12]}.tar"
    with places.locked(folder() / ".python-base.lock"):
        if not target.exists():
            requirements.for_images()
            _log.info("python-base: installing a small Debian with Python, about 60 s, once")
            with TemporaryDirectory(dir=folder(), prefix="debian-") as root:
                _debootstrap(Path(root))
                archive.write(
                    target,
                    [archive.Image(_BASE_IMAGE, ["python3"], _PATH)],
                    lambda layer: layer.add(root, ".", filter=_what_runs),
                )
    return target


def _debootstrap(root: Path) -> None:
    log = places.cache() / "logs" / "debootstrap.log"
    _run(log, "debootstrap", "--variant=minbase", f"--include={_BASE_PACKAGES}", _SUITE, str(root))


def _what_runs(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if info.name.startswith(_LEFT_OUT) else info


def project(tag: str = PROJECT_IMAGE) -> Path:
    """Build the project's image from its Dockerfile and return its archive. Raises `LabError` when it cannot."""
    if os.geteuid():
        raise LabError("building an image without Docker needs root")
    requirements.for_images()
    base = python_base()
    target = folder() / "project.tar"
    with places.locked(folder() / ".project.lock"):
        _log.info("%s: building, about 30 s the first time, 10 s later", tag)
        draft = target.with_suffix(".part")  # so that whoever loads the last one now is not disturbed
        draft.unlink(missing_ok=True)
        mounts = [f"--volume={path}:{path}:ro" for path in _AUTHORITIES if Path(path).exists()]
        _buildah(
            ["pull", "--quiet", f"docker-archive:{base}"],
            ["build", "--pull=never", "--layers", f"--build-arg=BASE_IMAGE={_BASE_IMAGE}", *mounts, f"--tag={tag}",
             f"--file={places.source() / 'Dockerfile'}", str(places.source())],
            ["push", "--quiet", tag, f"docker-archive:{draft}:{tag}"],
        )  # fmt: skip
        return draft.replace(target)


def _buildah(*commands: list[str]) -> None:
    """Run commands of buildah on a storage of its own: what it takes is seen in one folder, and gone with it."""
    with TemporaryDirectory(dir=folder(), prefix="run-") as run:
        storage = ["buildah", f"--root={places.cache() / 'buildah'}", f"--runroot={run}"]
        script = " && ".join(shlex.join([*storage, *command]) for command in commands)
        _run(places.cache() / "logs" / "buildah.log", "sh", "-c", script)


def _run(log: Path, *command: str) -> None:
    """Run a program that mounts things in namespaces of its own, so that nothing stays when it fails or is killed."""
    log.parent.mkdir(parents=True, exist_ok=True)
    cell = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    environment = {**os.environ, "BUILDAH_ISOLATION": "chroot", "DEBIAN_FRONTEND": "noninteractive"}
    with log.open("wb") as output:
        done = subprocess.run([*cell, *command], env=environment, stdout=output, stderr=output, check=False)
    if done.returncode:
        last = (log.read_text(errors="replace").strip().splitlines() or [""])[-1]
        raise LabError(f"{command[0]} fails: {last} (all of it in {log})")
