"""The lab that the operator is measured in: a control plane, without nodes and without what would run its Jobs."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from bench import account, tasks
from bench.account import Account
from bench.requests import send
from lab import Cluster, Lab, places
from lab.tools import NAMESPACE, Tools
from lab.waiting import wait_until

LOADS = 5
SPACES = 10  # namespaces of a load


@contextmanager
def lab(name: str, count: int = LOADS) -> Iterator[tuple[Lab, Cluster, Account]]:
    """Bring up a control plane without a Job controller, namespaces for `count` loads, and an account."""
    found = Lab(name)
    try:
        cluster = found.up(nodes=0)
        tools = Tools(str(cluster.kubeconfig))
        tools.kubectl("create", "-f", str(places.source() / "crds" / "torchtasks.yaml"))
        wait_until(lambda: "torchtasks" in tools.kubectl("api-resources", "--no-headers"), "the CRD", within=60)
        loads = ("burst", "alone", *(f"load-{number}" for number in range(count)))
        names = [f"{load}-{space}" for load in loads for space in range(SPACES)]
        names += [NAMESPACE, "raw", *tasks.namespaces()]
        asyncio.run(send(name, map(tasks.namespace, names)))
        operator = account.create(cluster, tools)
        found.stop("kube-controller-manager")
        yield found, cluster, operator
    finally:
        found.down()
