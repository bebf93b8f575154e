"""The cell of a real node: mount, network, process, IPC and host name namespaces of its own, linked to this machine.

Law: all that a node makes (processes, mounts, interfaces, iptables rules) lives in the cell and dies with its first
process; only the cgroup and the files under the lab's folder are outside.
"""

import subprocess
import sys
from pathlib import Path

from lab import cgroups, places, processes
from lab.configs import CONTAINERD, NODE_NAME
from lab.site import INSIDE, Site
from lab.trouble import LabError
from lab.waiting import wait_until

PART = "cell"
_ENVIRONMENT = {"PATH": processes.SYSTEM_PATH}  # root's own may lack /usr/sbin
_NAMESPACES = ("--mount", "--net", "--pid", "--ipc", "--uts")


def create(site: Site) -> None:
    """Make the cell and its link; the node's parts can be started once it returns."""
    var = site.root / "node"
    var.mkdir()
    cgroups.create(site.cgroup)
    first = Path(__file__).with_name("cell_init.py")
    processes.spawn(
        ["unshare", *_NAMESPACES, "--fork", "--kill-child", sys.executable, "-I", first, INSIDE, site.inside(var)],
        lab=site.root, part=PART, log=site.logs / f"{PART}.log", cwd=places.cache(),
    )  # fmt: skip
    pid = wait_until(lambda: _furnished(site), "the node's cell", within=10, every=0.01)
    _link(site, pid)


def enter(site: Site) -> list[str]:
    """Return the command prefix that runs a program in the cell. Raises `LabError` when there is no cell."""
    pid = _first_process(site)
    if pid is None:
        raise LabError(f"lab {site.name} has no node running")
    return ["nsenter", f"--target={pid}", *_NAMESPACES, "--wd=/", "--"]


def load(site: Site, archive: Path, binaries: Path) -> None:
    """Import the images of an archive into the node's containerd. Raises `LabError` when it refuses."""
    inside, pid = enter(site), _first_process(site)
    wait_until(Path(f"/proc/{pid}/root{CONTAINERD}").exists, "containerd to listen", within=20)
    ctr: list[str | Path] = [site.inside(binaries) / "ctr", f"--address={CONTAINERD}", "--namespace=k8s.io"]
    with archive.open("rb") as content:
        done = subprocess.run([*inside, *ctr, "images", "import", "-"], stdin=content, capture_output=True, check=False)
    if done.returncode:
        raise LabError(f"{archive} cannot be loaded: {done.stderr.decode().strip()}")


def remove(site: Site) -> None:
    """Remove what is left of the cell once its processes are gone."""
    # The network dies with the cell, but some time later: its link is cut at once.
    subprocess.run(["ip", "link", "delete", site.link], env=_ENVIRONMENT, capture_output=True, check=False)
    cgroups.remove(site.cgroup)


def _first_process(site: Site) -> int | None:
    """Return the id of the cell's first process, as this machine sees it."""
    found = (process for process in processes.find(site.root) if process.part == PART)
    return next((process.pid for process in found if process.program.startswith("python")), None)


def _furnished(site: Site) -> int | None:
    if not any(process.part == PART for process in processes.find(site.root)):
        raise LabError(f"the node's cell cannot be made: {_last_line(site.logs / 'cell.log')}")
    pid = _first_process(site)
    return pid if pid and Path(f"/proc/{pid}/root/run/furnished").exists() else None


def _last_line(log: Path) -> str:
    return (log.read_text(errors="replace").strip().splitlines() or ["(it said nothing)"])[-1]


def _link(site: Site, pid: int) -> None:
    """Connect this machine and the cell, and tell this machine the way to the Pods."""
    outside, inside = ["ip"], [*enter(site), "ip"]
    for command in (
        [*outside, "link", "add", site.link, "type", "veth", "peer", "name", "eth0", "netns", str(pid)],
        [*outside, "address", "add", f"{site.host_address}/30", "dev", site.link],
        [*outside, "link", "set", site.link, "up"],
        [*inside, "link", "set", "lo", "up"],
        [*inside, "address", "add", f"{site.node_address}/30", "dev", "eth0"],
        [*inside, "link", "set", "eth0", "up"],
        [*inside, "route", "add", "default", "via", site.host_address],
        [*outside, "route", "add", site.pods, "via", site.node_address],
    ):
        done = subprocess.run(command, env=_ENVIRONMENT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LabError(f"the node cannot be linked to this machine: {' '.join(command)}: {done.stderr.strip()}")
    subprocess.run([*enter(site), "hostname", NODE_NAME], env=_ENVIRONMENT, check=True)
