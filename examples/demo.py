"""`make demo`: a cluster, the operator in it, and thirty seconds of tasks that run at their second.

Ends well only if runs really succeeded, and the slow one was ended by its deadline. `make demo-down` takes it all away.
Law: of a user's own cluster only what the demo made is taken away. So it begins only where TorchTasks are not defined,
and leaves a mark.
"""

import json
import logging
import os
import sys
from pathlib import Path

from lab import LabError, clusters, images
from lab.tools import NAMESPACE, Tools
from lab.waiting import seconds, wait_until

EXAMPLES = Path(__file__).parent
SHOW_SECONDS = 30
MOST_SECONDS = 90
DEFINITION = "torchtasks.torchtask.dev"
MARK, MADE_BY = "torchtask.dev/made-by", "demo"
EXPECTED = {
    "every-five-seconds": "Completed",
    "node-selector": "Completed",
    "timeout": "DeadlineExceeded",
    "failing": "Error",
    "every-node": "Completed",
    "daemon": "Running",
}
NOW_TRY = """
Now try:
  export KUBECONFIG={kubeconfig}
  export PATH=$({python} -m lab bin):$PATH            # kubectl and helm, if you have none
  kubectl get torchtasks --watch
  kubectl get jobs --watch
  kubectl describe torchtask timeout
  kubectl patch torchtask every-five-seconds --type=merge --patch '{{"spec": {{"suspend": true}}}}'
  kubectl logs --selector=torchtask.dev/task=every-five-seconds --tail=1
  kubectl annotate torchtask every-node torchtask.dev/run-now=once
  kubectl delete pod --selector=torchtask.dev/task=daemon     # it comes back
  kubectl delete torchtask failing                     # its Jobs go with it
  {down:<52} # and all is as it was
"""


def main() -> int:
    """Show it, or take it away (`down`); return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    name = os.environ.get("NAME") or "demo"
    cluster = clusters.choose(os.environ.get("CLUSTER", ""), name, nodes=1, simulated=0)
    if sys.argv[1:] == ["down"]:
        take_away(cluster)
    else:
        show(cluster, name)
    return 0


def show(cluster: clusters.Target, name: str) -> None:
    """Bring it up, and show what happens."""
    cluster.up()
    image = os.environ.get("IMAGE", images.PROJECT_IMAGE)
    if "IMAGE" not in os.environ:
        cluster.build_image(image)
    tools = Tools(cluster.kubeconfig())
    if isinstance(cluster, clusters.CurrentTarget):
        mark(tools)
    print("installing the operator with helm")
    tools.install(image)
    print(tools.kubectl("apply", "-f", str(EXAMPLES)))
    for _ in range(SHOW_SECONDS // 5):
        _pause(5)
        print(tools.kubectl("get", "torchtasks"))
    print(tools.kubectl("get", "jobs"))
    wait_until(lambda: not _missing(tools), "every example to end as it should", within=MOST_SECONDS, every=2)
    print(tools.kubectl("get", "torchtasks", "-o", "wide"))
    python, down = os.path.relpath(sys.executable), the_way_back(cluster, name)
    print(NOW_TRY.format(kubeconfig=cluster.kubeconfig(), python=python, down=down))


def the_way_back(cluster: clusters.Target, name: str) -> str:
    """Return the command that takes this demo away, whatever else the machine has."""
    named = "" if name == "demo" else f" NAME={name}"
    return f"make demo-down CLUSTER={cluster.kind}{named}"


def mark(tools: Tools) -> None:
    """Make the operator's namespace with our mark, which tells later that all of it is ours; refuse where it is not."""
    if _is_marked(tools):
        return
    asked = (f"namespace/{NAMESPACE}", f"crd/{DEFINITION}", "--ignore-not-found", "-o", "name")
    if found := tools.kubectl("get", *asked).split():
        raise LabError(
            f"CLUSTER=current: {' and '.join(found)} is in your cluster already, and could not be told from what the "
            "demo makes; with an operator there, `kubectl apply -f examples` shows the same"
        )
    metadata = {"name": NAMESPACE, "labels": {MARK: MADE_BY}}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    tools.kubectl("create", "-f", "-", stdin=json.dumps(namespace))


def take_away(cluster: clusters.Target) -> None:
    """Remove the cluster; of a user's own the operator, the examples and their definition."""
    if isinstance(cluster, clusters.CurrentTarget):
        _clean_up(Tools(cluster.kubeconfig()))
    else:
        cluster.down()


def _clean_up(tools: Tools) -> None:
    if not _is_marked(tools):
        print("CLUSTER=current: the demo has made nothing here")
        return
    defined = bool(tools.kubectl("get", f"crd/{DEFINITION}", "--ignore-not-found", "-o", "name"))
    if defined:
        print("deleting the examples, and their Jobs")
        tools.kubectl("delete", "-f", str(EXAMPLES), "--ignore-not-found", "--cascade=foreground", "--timeout=120s")
    tools.uninstall()
    others = tools.kubectl("get", "torchtasks", "--all-namespaces", "-o", "name").split() if defined else []
    if others:
        print(f"{len(others)} TorchTasks are left that the demo did not make, and so is their definition")
    elif defined:
        tools.kubectl("delete", "crd", DEFINITION)
    tools.kubectl("delete", "namespace", NAMESPACE)


def _is_marked(tools: Tools) -> bool:
    """Tell whether the demo made the operator's namespace."""
    return f"namespace/{NAMESPACE}" in tools.kubectl("get", "namespaces", f"--selector={MARK}={MADE_BY}", "-o", "name")


def _missing(tools: Tools) -> set[str]:
    """Name the examples that are not yet as their comments say: how the last run ended, or how the daemon is."""
    found = {t["metadata"]["name"]: t.get("status", {}) for t in tools.get("torchtasks")["items"]}
    ends = {name: status.get("lastRun", status.get("daemon", {})) for name, status in found.items()}
    return {
        name for name, end in EXPECTED.items() if end not in (ends.get(name, {}).get(k) for k in ("reason", "state"))
    }


def _pause(length: float) -> None:
    """Let the tasks run; what happens meanwhile is the show."""
    over = seconds() + length
    wait_until(lambda: seconds() >= over, "the show", within=length + 1, every=0.2)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LabError as trouble:
        sys.exit(f"demo: {trouble}")
