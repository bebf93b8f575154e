"""What the operator costs with many TorchTasks, and how late it is: `python -m bench.operator` prints a table.

On a lab without nodes, with etcd in memory-like mode (no fsync), beside it on the same machine, and with the Job
controller off. The operator's caps are raised, and it has the chart's permissions. Lateness is, by the API server's
audit log, from the fire time to the moment at which the request was received. Its goals are those of a machine on which
the API server creates `REFERENCE` Jobs a second; where it creates fewer, just before a load, they are as much greater
for that load; or as many fewer fire, by what it creates with nothing else there, and the goal is as it is. "Computed"
is what the event loop's own thread did of the time for which it was blocked; in the rest another thread had the
interpreter. For how long no processor was free is not in that, and is told beside it. "Others" is what other processes
took of the machine before a line was printed: a figure counts when that is little.
Ends with status 1 when a goal is missed.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bench import server, tasks
from bench.account import Account
from bench.control_plane import SPACES, lab
from bench.machine import Others, cpu_seconds, pause
from bench.requests import Request, send
from bench.running import Running
from bench.witness import created_jobs, pages_listed, percentile, statuses_written
from lab import Cluster, Lab, places
from lab.waiting import wait_until
from torchtask import clock

SECONDS = 20  # of each load, after it has begun
BEGINNING = 5  # seconds in which connections are opened, and each task has its first status
SETTLE = 8  # seconds
IDLE_SECONDS = 30
BURST = 1_000
REFERENCE = 1_600  # Jobs a second
SERVERS = ("kube-apiserver", "etcd")


@dataclass
class Bench:
    """A lab, and the figures that were found in it."""

    lab: Lab
    cluster: Cluster
    account: Account
    count: int
    log: Path
    missed: int = 0
    loads: int = 0
    running: Running | None = None

    def __post_init__(self) -> None:
        self.others = self._begin_to_watch()

    def tell(self, what: str, figure: float, unit: str, goal: float | None = None, note: str = "") -> None:
        """Print a figure, and whether it is as good as its goal."""
        verdict = "" if goal is None else f"{goal:>8,g}  {'met' if figure <= goal else 'MISSED'}"
        self.missed += goal is not None and figure > goal
        others = f"others {self.others.percent():3.0f} %" if self.others.seconds > 1 else ""
        print(f"{what:58}  {figure:10,.2f} {unit:9}  {verdict:18}  {others:12}  {note}", flush=True)
        self.others = self._begin_to_watch()

    def tell_blocked(self, running: Running, since: float, until: float = float("inf")) -> None:
        """Print for how long the loop was blocked between two moments."""
        blocked = running.blocked(since, until)
        note = f"computed {blocked.computed:.0f}, with waits for a processor {blocked.late:.0f}"
        self.tell("event loop blocked meanwhile", blocked.milliseconds, "ms", 100, note)

    def ask(self, *requests: Request) -> float:
        """Send requests; return how many were done a second."""
        return asyncio.run(send(self.lab.name, requests))

    def rate(self) -> float:
        """Return how many Jobs a second the API server creates now, once the operator has written its statuses."""
        pause(SETTLE)
        return server.rate(self.lab.name, self.account.token)

    def start(self, source: Path | None = None) -> Running:
        """Start the operator of the checkout at `source`, or else this one, and wait until it is ready."""
        self.running = Running(self.cluster, self.account.kubeconfig, self.log, source or places.source())
        return self.running

    def servers(self) -> float:
        """Return the CPU time that the API server and etcd have used."""
        return sum(cpu_seconds(pid) for part, pid in self.lab.status().items() if pid and part in SERVERS)

    def _begin_to_watch(self) -> Others:
        """Begin to measure what others take of the machine."""
        return Others(lambda: (*self.lab.status().values(), self.running.pid if self.running else None))


def main() -> int:
    """Measure, print, and tell whether the goals were met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--name", default="bench", help="of the lab")
    parser.add_argument("--log", type=Path, default=Path(tempfile.gettempdir()) / "torchtask-bench.log")
    chosen = parser.parse_args()
    with lab(chosen.name) as (found, cluster, operator):
        bench = Bench(found, cluster, operator, chosen.tasks, chosen.log)
        print(f"{f'{chosen.tasks:,} TorchTasks':58}  {'figure':>10} {'':9}  {'goal':>8}")
        empty = without_tasks(bench)
        first_sight(bench)
        with bench.start() as running:
            started(bench, running)
            idle(bench, running, empty)
            alone(bench)
            fires, relist = round(200 * empty.rate / REFERENCE), running.relist
            for load in (
                Load("50 fires a second", 50, 100),
                Load("200 fires a second", 200, 250),
                Load("200 a second, a full relist", 200, 250, relist),
                Load(f"{fires} a second, a full relist", fires, 250, relist, fires_in_proportion=True),
                Load("200 a second, 410 on the Job watch", 200, None, running.cut),
            ):
                fire(bench, running, load)
            burst(bench, running)
    return 1 if bench.missed else 0


@dataclass(frozen=True, slots=True)
class Empty:
    """Without a task: how many Jobs the API server creates a second, the operator's size in bytes, and its CPU time."""

    rate: float
    resident: int
    cpu: float


def without_tasks(bench: Bench) -> Empty:
    """Measure the API server alone, and the operator without a task."""
    rate = server.rate(bench.lab.name, bench.account.token)
    bench.tell("Jobs that the API server creates, with nothing else there", rate, "a second")
    with bench.start() as running:
        bench.tell("ready, without a task", running.ready_seconds, "s")
        cpu = _cpu(running)
        empty = Empty(rate, running.resident(), cpu)
    bench.tell("memory without a task", empty.resident / 1e6, "MB")
    return empty


def first_sight(bench: Bench) -> None:
    """Let the operator see all tasks for the first time: none has a status."""
    rate = bench.ask(*map(tasks.idle, range(bench.count)))
    bench.tell("TorchTasks created by the benchmark", rate, "a second")
    with bench.start() as running:
        bench.tell("ready, none has a status", running.ready_seconds, "s", 5)
        written = lambda: statuses_written(bench.cluster) >= bench.count  # noqa: E731
        wait_until(written, "the statuses", within=300, every=1)
        bench.tell("until all statuses are written", clock.now().timestamp() - running.start, "s")
        bench.tell_blocked(running, running.start)


def started(bench: Bench, running: Running) -> None:
    """Tell how a start went, all tasks having statuses."""
    bench.tell("ready, all have one", running.ready_seconds, "s", 5)
    pause(SETTLE)
    bench.tell_blocked(running, running.start)


def idle(bench: Bench, running: Running, empty: Empty) -> None:
    """Measure what tasks cost that do nothing."""
    cpu = _cpu(running)
    bench.tell("memory a task", (running.resident() - empty.resident) / bench.count / 1e3, "kB", 8)
    bench.tell("CPU of 1,000 idle tasks", (cpu - empty.cpu) / bench.count * 1000 * 100, "%", 0.2)


@dataclass(frozen=True, slots=True)
class Load:
    """Some tasks that fire each second, and how late (p99, milliseconds) their Jobs may be.

    That is in proportion to what the API server creates before the load, unless the number of `fires` is. `meanwhile()`
    is called once it has begun.
    """

    what: str
    fires: int
    goal: float | None = None
    meanwhile: Callable[[], None] | None = None
    fires_in_proportion: bool = False


def fire(bench: Bench, running: Running, load: Load) -> float:
    """Let tasks fire each second, all at the same moment of it; tell and return how late (p99) their Jobs are."""
    rate = bench.rate()
    name, first = f"load-{bench.loads}", tasks.soon(SETTLE)
    bench.loads += 1
    bench.ask(*(tasks.firing(f"{name}-{n % SPACES}", n, first, BEGINNING + SECONDS) for n in range(load.fires)))
    begin = first + timedelta(seconds=BEGINNING)
    pause((begin - clock.now()).total_seconds() - 0.5)
    cpu, servers = running.cpu_seconds(), bench.servers()
    if load.meanwhile:
        pause((begin - clock.now()).total_seconds() + 0.95)  # a little before a fire time
        load.meanwhile()
    end = begin + timedelta(seconds=SECONDS)
    pause((end - clock.now()).total_seconds() + 2)
    cpu, servers = running.cpu_seconds() - cpu, bench.servers() - servers
    jobs = created_jobs(bench.cluster, name)
    late = [job.late for job in jobs if job.fire_time >= begin]
    cold = max(job.late for job in jobs if job.fire_time < begin)
    missing = load.fires * SECONDS - len(late)
    lost = f", {missing} Jobs are missing" if missing else ""
    note = f"p50 {percentile(late, 0.5):.0f}, max {max(late):.0f}, at the beginning {cold:.0f}{lost}"
    bench.missed += sum(1 for job in jobs if job.late < 0)  # none may be early
    note = f"API server {rate:.0f} Jobs a second, {note}, {pages_listed(bench.cluster, begin, end)} pages listed"
    p99 = percentile(late, 0.99)
    goal = load.goal if load.fires_in_proportion else load.goal and round(load.goal * REFERENCE / rate)
    bench.tell(f"lateness p99, {load.what}", p99, "ms", goal, note)
    bench.tell_blocked(running, first.timestamp(), end.timestamp())
    bench.tell("the operator's CPU a launch", cpu / len(late) * 1000, "ms")
    bench.tell("that of API server and etcd, statuses included", servers / len(late) * 1000, "ms")
    bench.ask(*(tasks.no_jobs(f"{name}-{space}") for space in range(SPACES)))  # nobody else ends them
    return p99


def alone(bench: Bench) -> None:
    """Tell how late Jobs are that are all asked for at the same moment, when nothing else goes on."""
    for fires in (50, 200):
        late = server.at_once(bench.lab.name, bench.cluster, bench.account.token, fires, SPACES)
        note = f"p50 {percentile(late, 0.5):.0f}, max {max(late):.0f}"
        bench.tell(f"lateness p99 of {fires} at once, nothing else going on", percentile(late, 0.99), "ms", None, note)


def burst(bench: Bench, running: Running) -> None:
    """Let many tasks run at one second, and tell how many seconds later the last Job was accepted."""
    rate = bench.rate()
    time = tasks.soon(SETTLE + 5)
    bench.ask(*(tasks.once(f"burst-{number % SPACES}", number, time) for number in range(BURST)))
    wait_until(lambda: len(created_jobs(bench.cluster, "burst")) >= BURST, "the burst", within=60, every=1)
    taken = (max(job.answered for job in created_jobs(bench.cluster, "burst")) - time).total_seconds()
    bench.tell(f"burst of {BURST:,}, to the last Job accepted", taken, "s")
    note = f"API server {rate:.0f} Jobs a second"
    bench.tell("the same in terms of the API server alone", taken / (BURST / rate), "times", 1.5, note)
    bench.tell_blocked(running, time.timestamp())


def _cpu(running: Running) -> float:
    pause(SETTLE)
    before, begun = running.cpu_seconds(), clock.monotonic()
    pause(IDLE_SECONDS)
    return (running.cpu_seconds() - before) / (clock.monotonic() - begun)


if __name__ == "__main__":
    sys.exit(main())
