"""One lab for all end-to-end tests, with the operator in a Pod, installed by the chart."""

import os
import re
from collections.abc import Iterator

import pytest

from lab import Cluster, Lab, images
from lab.tools import Tools
from tests.e2e.cluster import Namespace


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """Name the lab; nothing is started yet."""
    lab = Lab(f"e2e-{os.getpid()}")
    yield lab
    lab.down()


@pytest.fixture(scope="session")
def cluster(lab: Lab) -> Cluster:
    """Bring up one real node and two simulated ones."""
    return lab.up(nodes=1, simulated=2)


@pytest.fixture(scope="session")
def tools(cluster: Cluster) -> Tools:
    """Point kubectl and helm at the lab."""
    return Tools(str(cluster.kubeconfig))


@pytest.fixture(scope="session")
def operator(lab: Lab, tools: Tools) -> Tools:
    """Install the operator; the tools of the cluster in which it runs."""
    lab.load(images.project())
    tools.install(images.PROJECT_IMAGE)
    return tools


@pytest.fixture
def namespace(operator: Tools, request: pytest.FixtureRequest) -> Iterator[Namespace]:
    """Make a namespace for one test."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_"))[:50].strip("-")
    operator.kubectl("create", "namespace", name)
    yield Namespace(operator, name)
    operator.kubectl("delete", "namespace", name, "--wait=false")
