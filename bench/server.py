"""What the API server does by itself, asked as the operator is for the server, and with nothing else going on."""

import asyncio
from statistics import median

from bench import tasks
from bench.requests import send
from bench.witness import created_jobs
from lab import Cluster
from torchtask import clock

RAW, TRIES = 1_000, 3
CONNECTIONS = 64
ROUNDS = 10


def rate(lab: str, token: str) -> float:
    """Return how many Jobs it creates a second, at this moment: the median of some tries, as its collector may run.

    They are deleted again: the more there are, the longer the collector runs.
    """
    begin, rates = clock.now().timestamp(), []
    for attempt in range(TRIES):
        jobs = [tasks.job("raw", f"plain-{begin:.0f}-{attempt}-{number}") for number in range(RAW)]
        rates.append(asyncio.run(send(lab, jobs, CONNECTIONS, token=token)))
    asyncio.run(send(lab, [tasks.no_jobs("raw")]))
    return median(rates)


def at_once(lab: str, cluster: Cluster, token: str, count: int, spaces: int) -> list[float]:
    """Return how late Jobs are that are all asked for at the same moment, over a connection each; in milliseconds."""
    times = []
    for _ in range(ROUNDS):
        time = tasks.soon(2)
        times.append(time)
        jobs = [tasks.job(f"alone-{n % spaces}", f"plain-{n}-{time.timestamp():.0f}") for n in range(count)]
        asyncio.run(send(lab, jobs, count, time, token))
    return [job.late for job in created_jobs(cluster, "alone") if job.fire_time in times]
