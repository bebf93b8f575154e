"""Where an experiment takes place: a cluster without real nodes, a proxy before it, and operators beside it.

with ground("faults") as there:                     # seconds: a lab; many experiments one after the other
    async with World(there, folder) as world:       # new for each: proxy, operators, namespaces
        operator = await world.operator("a").start()
        …
"""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from lab import Cluster, Lab, certificates, places
from lab.tools import NAMESPACE, Tools
from lab.waiting import wait_until
from tests.faults import admin
from tests.faults.admin import Admin, Document
from tests.faults.clocks import SkewedClock
from tests.faults.operators import Operator
from tests.faults.proxy import Proxy

ACCOUNT = "torchtask"
CRD = "torchtasks.torchtask.dev"
_REPLICAS = {"a": (5, 7), "b": (6, 8)}
"""Which of the lab's ten ports are a replica's: its door in the proxy, its health."""
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Ground:
    """A cluster that has the CRD, the operator's namespace, and its permissions as the chart renders them."""

    lab: Lab
    cluster: Cluster
    tools: Tools

    def port(self, offset: int) -> int:
        """Return one of the lab's ten ports."""
        return int(self.cluster.server.rpartition(":")[2]) + offset


@contextmanager
def ground(name: str, *, flags: Mapping[str, tuple[str, ...]] | None = None) -> Iterator[Ground]:
    """Bring up a lab, with flags by part as in `Lab.up`, and take it down in the end."""
    lab = Lab(name)
    try:
        cluster = lab.up(nodes=0, simulated=2, flags=flags)
        tools = Tools(str(cluster.kubeconfig))
        tools.kubectl("create", "namespace", NAMESPACE)
        define(tools)
        tools.kubectl("create", "-f", "-", stdin=tools.render("serviceaccount.yaml", "rbac.yaml"))
        yield Ground(lab, cluster, tools)
    finally:
        lab.down()


def define(tools: Tools) -> None:
    """Create the definition of TorchTasks."""
    tools.kubectl("create", "-f", str(places.source() / "crds" / "torchtasks.yaml"))
    wait_until(lambda: _is_established(tools.get("crd", CRD)), "the definition to be in force", within=20)


def _is_established(definition: Document) -> bool:
    """Tell whether it is in force; `kubectl wait` fails on one that has no conditions yet."""
    conditions = definition.get("status", {}).get("conditions") or ()
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)


class World:
    """The parts of one experiment; an asynchronous context manager. `admin` speaks past the proxy.

    `identity` is what a server here shows (on loopback), and `authority` the certificate by which to believe it.
    """

    def __init__(self, there: Ground, folder: Path) -> None:
        self.ground = there
        self.admin = Admin(there.cluster)
        self.operators: dict[str, Operator] = {}
        self._folder = folder
        self._namespaces: list[str] = []
        self._secrets: dict[str, str] = {}
        self._clocks = 0
        self._stack = AsyncExitStack()
        certificates.new_authority(folder).server("proxy", "proxy", ["127.0.0.1", "localhost"])
        self.authority = (folder / "ca.crt").read_bytes()
        self.identity = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.identity.load_cert_chain(folder / "proxy.crt", folder / "proxy.key")
        self.proxy = Proxy(there.cluster.server, self.admin.trust, self.identity)

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self.admin)
        await self._stack.enter_async_context(self.proxy)
        for name, (door, health) in _REPLICAS.items():
            opened = await self.proxy.open(name, self.ground.port(door))
            environment = {
                "KUBECONFIG": str(self._folder / f"{name}.kubeconfig"),
                "PYTHONPATH": f"{places.source() / 'operator'}:{places.source()}",
                "TORCHTASK_NAMESPACE": NAMESPACE,
                "TORCHTASK_IDENTITY": name,
            }
            self.operators[name] = Operator(name, self.ground.port(health), environment)
            await self.let_in(name, opened.url)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for operator in self.operators.values():
            await operator.close()
        try:
            for name in self._namespaces:
                await self.admin.delete(admin.tasks(name))
                await self.admin.delete(admin.jobs(name))
                await self.admin.delete(admin.namespace(name))
        finally:
            await self._stack.aclose()

    async def let_in(self, operator: str, url: str = "") -> None:
        """Write an operator's kubeconfig, with a new token that is good until `shut_out`."""
        url = url or self.proxy.doors[operator].url
        path = f"/api/v1/namespaces/{NAMESPACE}/secrets"
        secret = (await self.admin.create(path, {"metadata": {"generateName": f"{operator}-"}}))["metadata"]
        bound = {"apiVersion": "v1", "kind": "Secret", "name": secret["name"], "uid": secret["uid"]}
        account = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{ACCOUNT}/token"
        answer = await self.admin.create(account, {"spec": {"boundObjectRef": bound, "expirationSeconds": 86_400}})
        text = yaml.safe_dump(kubeconfig(url, self.authority, answer["status"]["token"]))
        places.write(self._folder / f"{operator}.kubeconfig", text)
        self._secrets[operator] = secret["name"]

    async def shut_out(self, operator: str) -> None:
        """Make an operator's token invalid, within about 10 s: the API server remembers whom it let in."""
        await self.admin.delete(f"/api/v1/namespaces/{NAMESPACE}/secrets/{self._secrets[operator]}")

    async def clock(self) -> SkewedClock:
        """Make a clock for operators to be started with: `await operator.start(clock=…)`."""
        self._clocks += 1
        return await asyncio.to_thread(SkewedClock, self._folder, f"clock-{self._clocks}")

    async def rotate(self, operator: str) -> None:
        """Give an operator a new token, and make the old one invalid."""
        old = self._secrets[operator]
        await self.let_in(operator)
        await self.admin.delete(f"/api/v1/namespaces/{NAMESPACE}/secrets/{old}")

    async def undefine(self) -> None:
        """Delete the definition of TorchTasks, and with it all there are; returns when it is gone."""
        path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{CRD}"
        await self.admin.delete(path)
        await asyncio.to_thread(self.ground.tools.kubectl, "wait", "--for=delete", f"crd/{CRD}", "--timeout=30s")

    async def define(self) -> None:
        """Create the definition again."""
        await asyncio.to_thread(define, self.ground.tools)

    async def namespace(self, name: str) -> str:
        """Make a namespace that ends with the experiment."""
        await self.admin.create(admin.namespace(), {"metadata": {"name": name}})
        self._namespaces.append(name)
        return name

    async def create(self, documents: Iterable[Mapping[str, Any]]) -> list[Document]:
        """Create TorchTasks, some at a time; return them as they were created."""
        room = asyncio.Semaphore(_AT_ONCE)

        async def one(document: Mapping[str, Any]) -> Document:
            async with room:
                return await self.admin.create(admin.tasks(document["metadata"]["namespace"]), document)

        return list(await asyncio.gather(*(one(document) for document in documents)))

    async def tasks(self) -> list[Document]:
        """List all TorchTasks."""
        return await self.admin.list(admin.tasks())

    async def jobs(self) -> list[Document]:
        """List all Jobs."""
        return await self.admin.list(admin.jobs())

    async def stop(self, part: str) -> None:
        """End a part of the cluster at once, such as kube-apiserver."""
        await asyncio.to_thread(self.ground.lab.stop, part, hard=True)

    async def start(self, part: str) -> None:
        """Start it again; returns when it serves."""
        await asyncio.to_thread(self.ground.lab.start, part)


def kubeconfig(url: str, authority: bytes, token: str) -> Document:
    """Write a kubeconfig that needs no other file."""
    data = b64encode(authority).decode()
    return {
        "apiVersion": "v1", "kind": "Config", "current-context": "here",
        "clusters": [{"name": "here", "cluster": {"server": url, "certificate-authority-data": data}}],
        "users": [{"name": "operator", "user": {"token": token}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "operator"}}],
    }  # fmt: skip
