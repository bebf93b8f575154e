"""An operator as a process of its own: started and ended on command, and watched from outside all the time."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from lab import places
from tests.faults import wall
from tests.faults.clocks import SkewedClock

_EVERY_SECONDS = 0.25
_LONGEST_LINE = 2**22
_PAGE = os.sysconf("SC_PAGE_SIZE")
_METRIC = re.compile(r"^(\w+(?:\{.*\})?) (\S+)(?: \d+)?$", re.MULTILINE)


class Exit(NamedTuple):
    """An end of the process: `code` is negative for a signal; `asked` whether the experiment wanted it."""

    time: float
    code: int
    asked: bool


class Line(NamedTuple):
    """A line of the log, and when it was read."""

    time: float
    fields: dict[str, Any]


class Sample(NamedTuple):
    """The process at an instant. `ready` and `live` are what it says; None when it gives no answer."""

    time: float
    ready: bool | None
    live: bool | None
    resident_bytes: int
    descriptors: int


class Operator:
    """One replica; `environment` is what it is always started with.

    `log`, `exits` and `samples` go on over restarts. `defects` are lines that it should not have written: not JSON.
    """

    def __init__(self, name: str, health_port: int, environment: Mapping[str, str]) -> None:
        self.name = name
        self.exits: list[Exit] = []
        self.log: list[Line] = []
        self.defects: list[str] = []
        self.samples: list[Sample] = []
        self._health = f"http://127.0.0.1:{health_port}"
        self._environment = {**environment, "TORCHTASK_HEALTH_PORT": str(health_port)}
        self._process: asyncio.subprocess.Process | None = None
        self._watching: list[asyncio.Task[None]] = []
        self._started = 0.0
        self._asked = False
        self._clock: SkewedClock | None = None

    @property
    def is_running(self) -> bool:
        """Whether there is a process, frozen or not."""
        return self._process is not None and self._process.returncode is None

    @property
    def waited(self) -> float:
        """For how many seconds its loop has waited for a processor, while others had them all."""
        with suppress(OSError):
            if self._process is not None and self.is_running:
                return waited(self._process.pid)
        return 0.0

    async def start(self, *, mutant: str = "", clock: SkewedClock | None = None, **environment: str) -> None:
        """Start it, as it is or as one of the mutants, with more environment; returns without waiting for it."""
        more = environment | (clock.environment if clock else {})
        self._clock = clock
        assert not self.is_running, f"{self.name} runs already"
        module = ["-m", "tests.faults.mutant", mutant] if mutant else ["-m", "torchtask"]
        self._asked, self._started = False, wall.now()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, *module,
            env={**os.environ, **self._environment, **more}, cwd=places.source(),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            limit=_LONGEST_LINE,
        )  # fmt: skip
        self._watching = [
            asyncio.create_task(watch)
            for watch in (self._read(self._process), self._await_end(self._process), self._look(self._process))
        ]

    def step_clock(self, offset: float) -> None:
        """Set the clock of a process that was started with one: seconds ahead of the true time."""
        assert self._clock, f"{self.name} has the true time"
        self._clock.step(offset)

    def kill(self) -> None:
        """End it at once (SIGKILL); harmless when it is not there."""
        self._signal(signal.SIGKILL, asked=True)

    def term(self) -> None:
        """Ask it to end (SIGTERM)."""
        self._signal(signal.SIGTERM, asked=True)

    def freeze(self) -> None:
        """Stop it where it is (SIGSTOP)."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on (SIGCONT)."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals, *, asked: bool = False) -> None:
        if self._process is not None and self._process.returncode is None:
            self._asked |= asked
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, number)  # Process.send_signal looks first, and may take the exit code away

    async def gone(self, *, within: float = 30) -> Exit:
        """Wait until the process has ended; return how."""
        over = self._watching[:2]
        await wall.until(lambda: all(task.done() for task in over), f"{self.name} to end", within=within)
        return self.exits[-1]

    async def ready(self, *, within: float = 30) -> float:
        """Wait until it says that it is ready; return how long after its start it did, in seconds."""

        def answer() -> float | None:
            assert self.is_running, f"{self.name} ended: {self.tail()}"
            found = self.samples[-1:]
            return found[0].time - self._started if found and found[0].ready and found[0].time > self._started else None

        try:
            return await wall.until(answer, f"{self.name} to be ready", within=within)
        except wall.NeverError as error:
            raise wall.NeverError(f"{error}; it says: {self.tail()}") from None

    def absences(self, since: float) -> list[tuple[float, float]]:
        """Tell from when to when there was none that was ready, for each death since then that began such a time."""
        found: list[tuple[float, float]] = []
        for death in [end.time for end in self.exits if end.time >= since]:
            if not found or death >= found[-1][1]:
                ready = (s.time for s in self.samples if s.time > death and s.ready)
                found.append((death, next(ready, wall.now())))
        return found

    async def metrics(self) -> dict[str, float]:
        """Return what /metrics says, by name and labels; nothing when it is not served."""
        async with aiohttp.ClientSession() as session, session.get(f"{self._health}/metrics") as response:
            text = await response.text() if response.status == 200 else ""
        return {name: float(value) for name, value in _METRIC.findall(text)}

    def said(self, words: str, *, since: float = 0) -> list[Line]:
        """Return the lines of the log whose message has these words."""
        return [line for line in self.log if line.time >= since and words in str(line.fields.get("message"))]

    def tail(self, lines: int = 5) -> str:
        """Return the last lines of the log, for a message."""
        return " | ".join([str(line.fields.get("message")) for line in self.log[-lines:]] + self.defects[-lines:])

    async def close(self) -> None:
        """End it for good."""
        self.kill()
        if self._watching:
            await asyncio.wait(self._watching, timeout=10)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout
        async for raw in process.stdout:
            text = raw.decode(errors="replace").rstrip("\n")
            try:
                fields = json.loads(text)
                datetime.fromisoformat(fields["time"])
                self.log.append(Line(wall.now(), fields))
            except (ValueError, KeyError, TypeError):
                self.defects.append(text)

    async def _await_end(self, process: asyncio.subprocess.Process) -> None:
        code = await process.wait()
        self.exits.append(Exit(wall.now(), code, self._asked))

    async def _look(self, process: asyncio.subprocess.Process) -> None:
        timeout = aiohttp.ClientTimeout(total=1)
        async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(force_close=True)) as session:
            while process.returncode is None:
                begun = wall.now()
                ready, live = await self._says(session, "readyz"), await self._says(session, "livez")
                if process.returncode is None:
                    with suppress(OSError):
                        self.samples.append(Sample(begun, ready, live, *_size(process.pid)))
                await asyncio.sleep(max(0.0, begun + _EVERY_SECONDS - wall.now()))

    async def _says(self, session: aiohttp.ClientSession, question: str) -> bool | None:
        try:
            async with session.get(f"{self._health}/{question}") as response:
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None


def waited(pid: int) -> float:
    """Return for how many seconds the main thread of a process has waited for a processor. Raises OSError."""
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[1]) / 1e9


def _size(pid: int) -> tuple[int, int]:
    """Return the resident memory in bytes, and how many descriptors are open."""
    resident = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    return resident, len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 -- a Path for each would cost more
