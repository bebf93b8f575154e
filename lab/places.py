"""Where the lab keeps its files: one folder outside the work tree, which may be deleted whole when no lab is up."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def cache() -> Path:
    """Return the folder of everything: `$XDG_CACHE_HOME/torchtask`, or `~/.cache/torchtask`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "torchtask"


def labs() -> Path:
    """Return the folder with one folder per lab."""
    return cache() / "labs"


def source() -> Path:
    """Return the root of the repository."""
    return Path(__file__).resolve().parent.parent


def write(path: Path, text: str | bytes) -> Path:
    """Write a file whole or not at all, readable by its owner only (many of them hold keys)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_bytes(text.encode() if isinstance(text, str) else text)
    return draft.replace(path)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock between processes; it ends with its holder, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
