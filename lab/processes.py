"""The processes of a lab: started detached, found again by a mark in their environment, ended by their id.

Law: whatever a lab starts carries its mark from its first instant, and so do the children; there are no pid files that
could be lost, left half-written or name a process of somebody else.
"""

import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.waiting import wait_until

_LAB, _PART = "TORCHTASK_LAB", "TORCHTASK_PART"


@dataclass(frozen=True, slots=True)
class Process:
    """A running process of a lab."""

    pid: int
    part: str
    program: str
    """The file name of the executable: tells `kubelet` from the `nsenter` that started it."""


def spawn(argv: Sequence[str | Path], *, lab: Path, part: str, log: Path, cwd: Path | None = None) -> None:
    """Start a program in a session of its own; its output is appended to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    marked = {**os.environ, _LAB: str(lab), _PART: part}
    with log.open("ab") as output:
        # setsid forks and returns at once: the program's parent is init, so that it leaves no zombie with us.
        subprocess.run(
            ["setsid", "--fork", *argv],
            env=marked, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=True,
        )  # fmt: skip


def find(lab: Path) -> list[Process]:
    """List the processes that carry the mark of `lab`."""
    found = (_read(int(entry.name), str(lab)) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [process for process in found if process]


def _read(pid: int, lab: str) -> Process | None:
    """Look at one process; None when it is not of `lab`, is gone, or is not ours to look at."""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        if f"{_LAB}={lab}\0".encode() not in environment:
            return None
        program = os.path.basename(os.readlink(f"/proc/{pid}/exe"))  # noqa: PTH115, PTH119 - the link ends " (deleted)"
    except OSError:
        return None
    pairs = dict(item.partition("=")[::2] for item in environment.decode(errors="replace").split("\0"))
    return Process(pid, pairs.get(_PART, "?"), program.removesuffix(" (deleted)"))


def send(process: Process, lab: Path, number: signal.Signals) -> None:
    """Signal a process, unless its id meanwhile belongs to another."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        if _read(process.pid, str(lab)) == process:
            signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        pass
    finally:
        os.close(handle)


def end_all(lab: Path) -> None:
    """Kill every process of `lab` and wait until the last is gone."""

    def none_left() -> bool:
        left = find(lab)
        for process in left:
            send(process, lab, signal.SIGKILL)
        return not left

    wait_until(none_left, f"the processes of {lab.name} to end", within=20, every=0.02)
