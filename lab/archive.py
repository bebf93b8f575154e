"""Images without a registry: docker-archives made of a folder or of single files, the same bytes every time.

Needs nothing but Python; containerd, buildah and Docker read them.
"""

import io
import json
import os
import platform
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

Fill = Callable[[tarfile.TarFile], None]
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True)
class Image:
    """An image of one layer."""

    name: str
    """In full, such as `docker.io/library/busybox:1.36`: what is looked up when a Pod asks for it."""
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


def write(target: Path, images: Sequence[Image], fill: Fill) -> Path:
    """Write an archive of `images`, which share the one layer that `fill` adds its files to."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")  # several may write the same one at a time
    with TemporaryFile(dir=target.parent) as layer:  # without a name, so that nothing stays when this is killed
        with tarfile.open(fileobj=layer, mode="w", format=tarfile.GNU_FORMAT) as tar:
            fill(tar)
        digest, info = _digest(layer), tarfile.TarInfo()
        info.name, info.size = f"{digest}.tar", layer.tell()
        layer.seek(0)
        with tarfile.open(draft, "w", format=tarfile.GNU_FORMAT) as tar:
            tar.addfile(info, layer)
            _add(tar, "manifest.json", json.dumps([_entry(tar, image, digest) for image in images]).encode())
    return draft.replace(target)


def add_file(tar: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    """Add a file to a layer."""
    _add(tar, name, content, mode)


def add_folder(tar: tarfile.TarFile, name: str, mode: int = 0o755) -> None:
    """Add an empty folder to a layer."""
    info = tarfile.TarInfo(name)
    info.type, info.mode = tarfile.DIRTYPE, mode
    tar.addfile(info)


def add_link(tar: tarfile.TarFile, name: str, target: str) -> None:
    """Add a symbolic link to a layer."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    tar.addfile(info)


def _entry(tar: tarfile.TarFile, image: Image, layer: str) -> dict[str, object]:
    """Add an image's configuration and return its line of the manifest."""
    config = json.dumps({
        "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": {"Cmd": list(image.command), "Env": [f"{key}={value}" for key, value in image.environment.items()]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}"]},
        "history": [{"created_by": "torchtask lab"}],
    }).encode()  # fmt: skip
    name = f"{sha256(config).hexdigest()}.json"
    _add(tar, name, config)
    return {"Config": name, "RepoTags": [image.name], "Layers": [f"{layer}.tar"]}


def _add(tar: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), mode
    tar.addfile(info, io.BytesIO(content))


def _digest(content: IO[bytes]) -> str:
    """Read a file to its end."""
    content.seek(0)
    digest = sha256()
    while chunk := content.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()
