"""A process's wall clock, set by the experiment; `skewed_clock.c` says how."""

import subprocess
from pathlib import Path

from lab import requirements

_SOURCE = Path(__file__).with_name("skewed_clock.c")


class SkewedClock:
    """A wall clock for processes that are started with `environment`; it may be stepped while they run."""

    def __init__(self, folder: Path, name: str) -> None:
        requirements.for_skewed_clocks()
        self._offset = folder / f"{name}.clock"
        self._library = folder / f"{name}.clock.so"
        self.step(0)
        flags = ["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror"]
        subprocess.run(["cc", *flags, "-o", self._library, _SOURCE, "-ldl"], check=True)

    @property
    def environment(self) -> dict[str, str]:
        """What a process has to be started with."""
        return {"LD_PRELOAD": str(self._library), "SKEWED_CLOCK": str(self._offset)}

    def step(self, seconds: float) -> None:
        """Have it so far ahead of the true time from now on; behind it, if negative."""
        # In place, as it is mapped: eight bytes, written at once.
        with self._offset.open("r+b" if self._offset.exists() else "wb", buffering=0) as file:
            file.write(int(seconds * 1e9).to_bytes(8, "little", signed=True))
