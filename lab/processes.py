"""The processes of a lab: started detached, found again by a mark in their environment, ended by their id.

Law: whatever a lab starts carries its mark from its first instant, and so do the children; there are no pid files that
could be lost, left half-written or name a process of somebody else.
"""

import os
import select
import signal
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from lab.trouble import LabError
from lab.waiting import seconds, wait_until

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_EXEC_SECONDS = 20  # for which a process may execute another program: its first pages may come from a slow disk
_ENV_START, _ENV_END = 50, 51  # of the fields of /proc/PID/stat, from 1
_LAB, _PART = "TORCHTASK_LAB", "TORCHTASK_PART"


@dataclass(frozen=True, slots=True)
class Process:
    """A running process of a lab."""

    pid: int
    part: str
    program: str
    """The file name of the executable: tells `kubelet` from the `nsenter` that started it."""


def spawn(argv: Sequence[str | Path], *, lab: Path, part: str, log: Path, cwd: Path | None = None) -> None:
    """Start a program in a session of its own, in the lab's folder if not in `cwd`; its output is appended to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    # Not the caller's environment: a proxy or a KUBECONFIG of the user's must not lead a part astray.
    marked = {"PATH": SYSTEM_PATH, "HOME": str(lab), "LANG": "C.UTF-8", _LAB: str(lab), _PART: part}
    with log.open("ab") as output:
        # setsid forks and returns at once: the program's parent is init, so that it leaves no zombie with us.
        subprocess.run(
            ["setsid", "--fork", *argv],
            env=marked, cwd=cwd or lab, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=True,
        )  # fmt: skip


def find(lab: Path) -> list[Process]:
    """List the processes that carry the mark of `lab`."""
    found = (_read(int(entry.name), str(lab)) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [process for process in found if process]


def _read(pid: int, lab: str) -> Process | None:
    """Look at one process; None when it is not of `lab`, is gone, or is not ours to look at."""
    try:
        environment = _environment(pid)
        if f"{_LAB}={lab}\0".encode() not in environment:
            return None
        program = _program(pid)
    except OSError:
        return None
    pairs = dict(item.partition("=")[::2] for item in environment.decode(errors="replace").split("\0"))
    return Process(pid, pairs.get(_PART, "?"), program.removesuffix(" (deleted)"))


def _environment(pid: int) -> bytes:
    """Read the environment of a process; while it executes another program there is none to be seen."""
    with suppress(LabError):
        (environment,) = wait_until(lambda: _laid_out(pid), "a program's start", within=_EXEC_SECONDS, every=0.001)
        return environment
    return b""


def _laid_out(pid: int) -> tuple[bytes] | None:
    """Return the environment; None while there is none yet. Raises `OSError` for the dead, and the kernel's own."""
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    if not environment:
        _program(pid)
        fields = ["", "", *Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()]
        start, end = int(fields[_ENV_START - 1]), int(fields[_ENV_END - 1])
        if not start == end > 0:  # few really have none
            return None
    return (environment,)


def _program(pid: int) -> str:
    return os.path.basename(os.readlink(f"/proc/{pid}/exe"))  # noqa: PTH115, PTH119 - the link ends " (deleted)"


def end(processes: Sequence[Process], lab: Path, number: signal.Signals, *, within: float) -> bool:
    """Signal processes, and say whether all are gone, with their ports and files, in so many seconds."""
    with ExitStack() as held:
        handles = [handle for process in processes if (handle := _open(process, lab, held)) is not None]
        for handle in handles:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, number)
        deadline = seconds() + within
        return all(_ends(handle, deadline - seconds()) for handle in handles)


def _open(process: Process, lab: Path, held: ExitStack) -> int | None:
    """Return a handle of the process; None when it is gone or its id belongs to another meanwhile."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return None
    held.callback(os.close, handle)
    return handle if _read(process.pid, str(lab)) else None  # what it executes may be another program by now


def _ends(handle: int, within: float) -> bool:
    waiting = select.poll()
    waiting.register(handle, select.POLLIN)
    return bool(waiting.poll(max(within, 0) * 1000))


def end_all(lab: Path) -> None:
    """Kill every process of `lab` and wait until the last is gone. Raises `LabError` when one cannot be killed."""
    while left := find(lab):
        if not end(left, lab, signal.SIGKILL, within=20):
            raise LabError(f"not to be killed, so the kernel holds them: {find(lab)}")
