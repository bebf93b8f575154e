"""The first process of a node's cell: gives it its own /proc, /run and /var, then reaps orphans until it is killed.

Runs by path, before any of this project can be imported (the cell may hide the folder it lies in). When it dies, the
kernel kills all the cell's processes and drops its mounts and its network.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path


def mount(*arguments: str) -> None:
    """Run the program of that name; paths are taken as they are, since no path may lead to "." any more."""
    subprocess.run(["mount", "--no-canonicalize", *arguments], check=True)


def furnish(view: str, var: str) -> None:
    """Mount what a node must not share; the working directory, seen as `view`, is where the lab keeps its files."""
    mount("-t", "proc", "proc", "/proc")
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    Path(view).mkdir()
    mount("--bind", ".", view)
    mount("--bind", var, "/var")
    for folder in ("lib", "log", "tmp"):
        Path("/var", folder).mkdir(exist_ok=True)
    Path("/var/run").symlink_to("/run")
    mount("--make-rshared", "/")  # so that a Pod's mounts can reach the node, as on a real one


def reap() -> None:
    """Collect every process whose parent is gone."""
    while True:
        signal.sigwait({signal.SIGCHLD})
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    furnish(*sys.argv[1:3])
    Path("/run/furnished").touch()
    reap()
