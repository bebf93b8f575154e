"""What a lab is made of before anything runs: its name, its shape, and every path, port and address of it.

Law: two labs never share a folder, a port, an address, an interface or a cgroup; all but the folder follow from `slot`.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from lab import places

SERVICES = "10.96.0.0/16"
KUBERNETES_SERVICE = "10.96.0.1"
INSIDE = Path("/run/torchtask")
"""Where a node's cell sees the folder of everything (`places.cache`)."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the user asked for."""

    nodes: int = 1
    """Real nodes: 0 or 1."""
    simulated: int = 0
    """Nodes that only pretend (kwok)."""
    durable: bool = False
    """Whether etcd waits for the disk, as a real one does; benchmarks want that, tests do not."""
    flags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Further flags by part, such as `{"kube-apiserver": ("--v=4",)}`; they come last, so they win."""


@dataclass(frozen=True, slots=True)
class Site:
    """One lab's place on this machine."""

    name: str
    slot: int
    shape: Shape

    @property
    def root(self) -> Path:
        """The lab's folder."""
        return places.labs() / self.name

    @property
    def pki(self) -> Path:
        """Certificates and keys."""
        return self.root / "pki"

    @property
    def config(self) -> Path:
        """Rendered configuration of the parts."""
        return self.root / "config"

    @property
    def logs(self) -> Path:
        """One log per part."""
        return self.root / "logs"

    @property
    def kubeconfig(self) -> Path:
        """The user's way in, as cluster admin."""
        return self.root / "kubeconfig"

    @property
    def audit_log(self) -> Path:
        """Every write that the API server answered, with microseconds."""
        return self.logs / "audit.log"

    def port(self, offset: int) -> int:
        """Return one of the lab's ten ports, all below those that the kernel hands out by itself."""
        return 20_000 + 10 * self.slot + offset

    @property
    def api_port(self) -> int:
        """The API server's port."""
        return self.port(0)

    @property
    def server(self) -> str:
        """The API server as this machine sees it."""
        return f"https://127.0.0.1:{self.api_port}"

    @property
    def inner_server(self) -> str:
        """The API server as the node sees it."""
        return f"https://{self.host_address}:{self.api_port}"

    @property
    def host_address(self) -> str:
        """This machine's end of the link to the node; advertised as the API server's address even without one."""
        return f"10.213.{self.slot}.1"

    @property
    def node_address(self) -> str:
        """The node's end of the link."""
        return f"10.213.{self.slot}.2"

    @property
    def pods(self) -> str:
        """The addresses of the node's Pods."""
        return f"10.214.{self.slot}.0/24"

    @property
    def link(self) -> str:
        """The interface on this machine that leads to the node."""
        return f"ttlab{self.slot}"

    @property
    def cgroup(self) -> str:
        """The cgroup, in each hierarchy, that holds the node's Pods."""
        return f"torchtask-{self.slot}"

    def inside(self, path: Path) -> Path:
        """Return `path` as the node's cell sees it."""
        return INSIDE / path.relative_to(places.cache())

    def save(self) -> None:
        """Write down what this lab is, for every later command."""
        places.write(self.root / "lab.json", json.dumps({"slot": self.slot, "shape": asdict(self.shape)}, indent=2))


def load(name: str) -> Site | None:
    """Return the lab of that name, running or left behind; None when there is none that got as far as a slot."""
    try:
        saved = json.loads((places.labs() / name / "lab.json").read_text())
    except FileNotFoundError:
        return None
    shape = saved["shape"]
    shape["flags"] = {part: tuple(flags) for part, flags in shape["flags"].items()}
    return Site(name, saved["slot"], Shape(**shape))


def every_site() -> list[Site]:
    """List the labs of this user, running or left behind."""
    return [found for folder in sorted(places.labs().glob("*/")) if (found := load(folder.name))]
