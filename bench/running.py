"""The operator as a process of its own, and what can be seen of it from outside: ready, size, CPU, blocked loop."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bench.machine import cpu_seconds
from lab import Cluster, places
from lab.tools import NAMESPACE
from lab.waiting import wait_until
from torchtask import clock

PORT_OFFSET = 9  # of the ten ports that a lab has: one that it does not use
CAPS = {
    "TORCHTASK_MAX_ACTIVE": "1000000",
    "TORCHTASK_MAX_ACTIVE_PER_NAMESPACE": "1000000",
    "TORCHTASK_LAUNCHES_PER_SECOND": "100000",
    "TORCHTASK_LAUNCHES_PER_SECOND_PER_NAMESPACE": "100000",
    "TORCHTASK_MAX_WITHOUT_POD": "1000000",
}


@dataclass(frozen=True, slots=True)
class Blocked:
    """For how long the event loop was blocked at worst, in milliseconds, and how much of that it computed.

    `late`: how late it was at worst, also for want of a processor.
    """

    milliseconds: float
    computed: float
    late: float


class Running:
    """A running operator of the checkout at `source`, with raised caps. A context manager.

    `ready_seconds`: from its start to /readyz.
    """

    def __init__(self, cluster: Cluster, kubeconfig: Path, log: Path, source: Path) -> None:
        self._port = int(cluster.server.rpartition(":")[2]) + PORT_OFFSET
        self._probe = Path(tempfile.mkdtemp(prefix="torchtask-bench-")) / "probe"
        environment = os.environ | CAPS | {
            "KUBECONFIG": str(kubeconfig),
            "PYTHONPATH": f"{source / 'operator'}:{places.source()}",
            "TORCHTASK_HEALTH_PORT": str(self._port),
            "TORCHTASK_NAMESPACE": NAMESPACE,
        }  # fmt: skip
        self.start = clock.now().timestamp()
        begun = clock.monotonic()
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bench.probed", str(self._probe)], env=environment, stderr=output
            )
        wait_until(self._is_ready, "the operator to be ready", within=300, every=0.02)
        self.ready_seconds = clock.monotonic() - begun

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(40)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._probe.parent)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def relist(self) -> None:
        """Have the TorchTasks and the Jobs listed anew."""
        self._process.send_signal(signal.SIGUSR1)

    def cut(self) -> None:
        """Have the watch of Jobs told that its version is too old."""
        self._process.send_signal(signal.SIGUSR2)

    def resident(self) -> int:
        """Return the bytes of memory that it holds."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))

    def cpu_seconds(self) -> float:
        """Return the CPU time that it has used."""
        return cpu_seconds(self.pid)

    def blocked(self, since: float, until: float = float("inf")) -> Blocked:
        """Say for how long its loop was blocked between two moments of the wall clock (seconds)."""
        lines = [json.loads(line) for line in self._probe.read_text(encoding="utf-8").splitlines()]
        lines = [line for line in lines if since <= line["time"] <= until + 1]
        worst, late = max(lines, key=lambda line: line["blocked"]), max(line["late"] for line in lines)
        return Blocked(worst["blocked"] * 1000, worst["computed"] * 1000, late * 1000)

    def _is_ready(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError("the operator ended")
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=2)
        with suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.HTTPStatus.OK
        return False
