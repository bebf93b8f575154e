"""A real Kubernetes on this machine without Docker: for the demo, the tests and the benchmarks.

`Lab` brings one up and down; `python -m lab` is the same as a command; in `lab.clusters` a user's own cluster comes
first.
The lab knows nothing of the operator, and the operator nothing of the lab.
"""

from lab.lab import Cluster, Lab
from lab.trouble import LabError

__all__ = ["Cluster", "Lab", "LabError"]
