"""The cgroup of a lab's node, in every hierarchy that this machine has (one for version 2, many for version 1)."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from lab.trouble import LabError
from lab.waiting import wait_until

_V2_CONTROLLERS = "cpuset cpu io memory pids hugetlb"


def create(name: str) -> None:
    """Create the cgroup, and on version 2 let its children be limited. Raises `LabError` when it may not."""
    try:
        for hierarchy in _hierarchies():
            group = hierarchy / name
            group.mkdir(exist_ok=True)
            if (group / "cgroup.subtree_control").exists():
                _delegate(hierarchy)
                _delegate(group)
    except OSError as error:
        raise LabError(f"a real node needs cgroups of its own, and this machine refuses: {error}") from error


def remove(name: str) -> None:
    """Remove the cgroup and all below it; its processes must have been killed. Harmless when there is none."""
    for hierarchy in _hierarchies():
        wait_until(partial(_remove_tree, hierarchy / name), f"cgroup {name} to empty", within=10)


def _hierarchies() -> Iterator[Path]:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, mount_point, kind, options = line.split()[:4]
        if kind in {"cgroup", "cgroup2"} and "rw" in options.split(","):
            yield Path(mount_point)


def _delegate(group: Path) -> None:
    """Pass on each controller that this cgroup has itself (on a hybrid machine version 1 holds them)."""
    available = (group / "cgroup.controllers").read_text().split()
    for controller in set(available) & set(_V2_CONTROLLERS.split()):
        (group / "cgroup.subtree_control").write_text(f"+{controller}")


def _remove_tree(group: Path) -> bool:
    """Remove from the leaves up; False while the kernel still holds one."""
    if not group.exists():
        return True
    folders = [path for path in group.rglob("*") if path.is_dir()]
    try:
        for path in sorted(folders, reverse=True):
            path.rmdir()
        group.rmdir()
    except OSError:
        return False
    return True
