"""The machine while something is measured: what others take of it (figures of a busy one say little), and its time."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from lab.waiting import wait_until
from torchtask import clock

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


class Others:
    """A measurement of what neither these processes nor this one used of the machine, in percent of all of it.

    `ours` may be others at the end than at the begin: of one that came meanwhile all is ours.
    """

    def __init__(self, ours: Callable[[], Iterable[int | None]]) -> None:
        self._ours = ours
        self._begun, self._all, self._own = clock.monotonic(), _used(), self._used_by_us()

    @property
    def seconds(self) -> float:
        """How long ago it began."""
        return clock.monotonic() - self._begun

    def percent(self) -> float:
        """Return how much that was since the begin."""
        processors = os.cpu_count() or 1
        own = sum(seconds - self._own.get(pid, 0.0) for pid, seconds in self._used_by_us().items())
        return max(0.0, 100 * (_used() - self._all - own) / self.seconds / processors)

    def _used_by_us(self) -> dict[int, float]:
        return {pid: cpu_seconds(pid) for pid in {os.getpid(), *filter(None, self._ours())}}


def _used() -> float:
    """Return the CPU time that all processes have used."""
    fields = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()
    user, nice, system, _, _, irq, softirq, steal = map(int, fields[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS


def pause(seconds: float) -> None:
    """Let time pass that is being measured."""
    end = clock.monotonic() + seconds
    wait_until(lambda: clock.monotonic() >= end, "time to pass", within=seconds + 5, every=0.01)
