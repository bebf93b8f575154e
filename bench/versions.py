"""Two versions of the operator, by turns in one lab: `python -m bench.versions CHECKOUT` compares that one with this.

A machine's pace varies by half from one moment to the next, so figures of two runs say little of two versions. Prints
how late 200 launches a second are, in each turn of each, and in the mean.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from bench.control_plane import lab
from bench.machine import pause
from bench.operator import SETTLE, Bench, Load, fire, first_sight
from lab import places

FIRES = 200


def main() -> int:
    """Compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path, help="of the version before")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--tasks", type=int, default=4_000)
    parser.add_argument("--relist", action="store_true", help="list all TorchTasks and Jobs anew after the begin")
    chosen = parser.parse_args()
    versions = {"before": chosen.checkout.resolve(), "now": places.source()}
    found: dict[str, list[float]] = {version: [] for version in versions}
    with lab("versions", 2 * chosen.rounds) as (control_plane, cluster, operator):
        log = Path(tempfile.gettempdir()) / "torchtask-versions.log"
        bench = Bench(control_plane, cluster, operator, chosen.tasks, log)
        first_sight(bench)
        for number in range(chosen.rounds):
            for version in sorted(versions, reverse=number % 2 == 1):
                with bench.start(versions[version]) as running:
                    pause(SETTLE)
                    meanwhile = running.relist if chosen.relist else None
                    found[version].append(fire(bench, running, Load(version, FIRES, None, meanwhile)))
    for version, figures in found.items():
        print(f"{version:8}", *(f"{figure:6.0f}" for figure in figures), f"  mean {sum(figures) / len(figures):.0f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
