"""What end-to-end tests share: a namespace of one test, and what can be seen and done in it."""

import json
from typing import Any

from lab.tools import Tools


class Namespace:
    """A namespace of one test, and the TorchTasks in it."""

    def __init__(self, tools: Tools, name: str) -> None:
        self.tools, self.name = tools, name

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl in this namespace."""
        return self.tools.kubectl("--namespace", self.name, *arguments, stdin=stdin)

    def apply(self, name: str, **spec: Any) -> None:
        """Apply a TorchTask; one that says hello, unless `spec` says something else."""
        hello = {"image": "busybox:1.36", "imagePullPolicy": "IfNotPresent", "command": ["echo", "hello"]}
        what = {} if "jobTemplate" in spec else {"container": hello}
        kind = {"apiVersion": "torchtask.dev/v1beta1", "kind": "TorchTask", "metadata": {"name": name}}
        self.kubectl("apply", "-f", "-", stdin=json.dumps(kind | {"spec": {**what, **spec}}))

    def status(self, name: str) -> dict[str, Any]:
        """Return a task's status, as far as there is one."""
        found: dict[str, Any] = self.tools.get("--namespace", self.name, "torchtask", name).get("status", {})
        return found

    def counts(self, name: str) -> dict[str, Any]:
        """Return what is counted; zero for what was not yet."""
        return {"succeeded": 0, "failed": 0, "launched": 0, "due": 0, **self.status(name).get("counts", {})}

    def condition(self, name: str, kind: str) -> dict[str, Any]:
        """Return a condition; empty when it is not there yet."""
        conditions = self.status(name).get("conditions", [])
        return next((c for c in conditions if c["type"] == kind), {})

    def jobs(self) -> list[dict[str, Any]]:
        """List the Jobs."""
        items: list[dict[str, Any]] = self.tools.get("--namespace", self.name, "jobs")["items"]
        return items
