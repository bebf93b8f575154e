"""`make demo`: a cluster, the operator in it, and thirty seconds of tasks that run at their second.

Ends well only if runs really succeeded, and the slow one was ended by its deadline.
"""

import logging
import os
import sys
from pathlib import Path

from lab import LabError, clusters, images
from lab.tools import Tools
from lab.waiting import seconds, wait_until

EXAMPLES = Path(__file__).parent
SHOW_SECONDS = 30
MOST_SECONDS = 90
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
  make demo-down                                       # and all is as it was
"""


def main() -> int:
    """Show it; return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    name, image = os.environ.get("NAME", "demo"), os.environ.get("IMAGE", images.PROJECT_IMAGE)
    cluster = clusters.choose(os.environ.get("CLUSTER", ""), name, nodes=1, simulated=0)
    cluster.up()
    if "IMAGE" not in os.environ:
        cluster.build_image(image)
    tools = Tools(cluster.kubeconfig())
    print("installing the operator with helm")
    tools.install(image)
    print(tools.kubectl("apply", "-f", str(EXAMPLES)))
    for _ in range(SHOW_SECONDS // 5):
        _pause(5)
        print(tools.kubectl("get", "torchtasks"))
    print(tools.kubectl("get", "jobs"))
    wait_until(lambda: not _missing(tools), "every example to end as it should", within=MOST_SECONDS, every=2)
    print(tools.kubectl("get", "torchtasks", "-o", "wide"))
    print(NOW_TRY.format(kubeconfig=cluster.kubeconfig(), python=os.path.relpath(sys.executable)))
    return 0


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
