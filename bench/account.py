"""Who the operator is for the API server: the chart's service account, with a token, as its Pod has one.

An administrator's certificate would be verified anew at each request, and no limit would hold for its requests.
"""

from dataclasses import dataclass
from pathlib import Path

import yaml

from lab import Cluster, places
from lab.tools import NAMESPACE, RELEASE, Tools


@dataclass(frozen=True, slots=True)
class Account:
    """A token, and a kubeconfig that has it."""

    token: str
    kubeconfig: Path


def create(cluster: Cluster, tools: Tools) -> Account:
    """Create the account with the permissions that the chart gives it; its namespace exists. It goes with the lab."""
    tools.kubectl("create", "-f", "-", stdin=tools.render("serviceaccount.yaml", "rbac.yaml"))
    token = tools.kubectl("create", "token", RELEASE, "--namespace", NAMESPACE, "--duration=24h").strip()
    config = yaml.safe_load(cluster.kubeconfig.read_text(encoding="utf-8"))
    config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
    path = cluster.kubeconfig.with_name("operator.kubeconfig")
    places.write(path, yaml.safe_dump(config))
    return Account(token, path)
