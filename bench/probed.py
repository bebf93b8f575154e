"""The operator with a probe: `python -m bench.probed FILE` runs `torchtask` as it is, and looks at its event loop.

A callback asks for a turn every `EVERY` seconds. How late it gets one is how long the loop was blocked, by a callback
that computes or by another thread that has the interpreter, and how long one of the two waited for a processor that
others had. Once a second the longest block, how much of it the loop's own thread computed, and the longest wait of all,
that for a processor included, become a line of JSON in FILE, in seconds.

SIGUSR1 has the TorchTasks and the Jobs listed anew, as is done every few minutes; SIGUSR2 has the Job watch told 410:
what nobody outside can bring about at a moment of their choice.
"""

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from torchtask import __main__ as program
from torchtask import clock
from torchtask.cluster import paths
from torchtask.cluster.api import Api
from torchtask.cluster.connection import Connection
from torchtask.cluster.errors import ApiError
from torchtask.engine.background import Background
from torchtask.engine.operation import Operation
from torchtask.settings import Settings

EVERY = 0.005
A_LINE = 1.0
THREADS = Path("/proc/self/task")

Times = dict[str, tuple[float, float]]


class Probe:
    """Asks for turns, and writes down how late they come."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._loop = asyncio.get_running_loop()
        self._own, self._threads = str(threading.get_native_id()), dict[str, int]()
        self._find()
        self._due = self._begun = self._loop.time()
        self._before = self._times()
        self._worst, self._longest = (0.0, 0.0), 0.0
        self._turn()

    def _turn(self) -> None:
        now, times = self._loop.time(), self._times()
        late = now - self._due
        self._worst, self._longest = max(self._worst, self._blocked(late, times)), max(self._longest, late)
        if now - self._begun > A_LINE:
            blocked, computed = self._worst
            line = {"time": clock.now().timestamp(), "blocked": blocked, "computed": computed, "late": self._longest}
            self._file.write(json.dumps(line) + "\n")
            self._worst, self._longest, self._begun = (0.0, 0.0), 0.0, now
            self._find()
        self._due, self._before = self._loop.time() + EVERY, times
        self._loop.call_at(self._due, self._turn)

    def _blocked(self, late: float, times: Times) -> tuple[float, float]:
        """Say for how long the loop was blocked of the time that it was late, and how much of that it computed.

        What any thread computed, and what is left of that time when none of them waited for a processor.
        """
        spent = {
            thread: (computed - self._before[thread][0], waited - self._before[thread][1])
            for thread, (computed, waited) in times.items()
            if thread in self._before
        }
        computed, waited = map(sum, zip(*spent.values(), strict=True))
        return max(min(late, computed), late - waited), spent[self._own][0]

    def _find(self) -> None:
        for thread in THREADS.iterdir():
            if thread.name not in self._threads:
                with suppress(OSError):  # it has ended
                    self._threads[thread.name] = os.open(thread / "schedstat", os.O_RDONLY)

    def _times(self) -> Times:
        """For how long each thread has computed, and has waited for a processor (Linux: sched-stats.rst)."""
        times: Times = {}
        for thread, file in self._threads.items():
            with suppress(OSError):
                computed, waited, _ = os.pread(file, 100, 0).split()
                times[thread] = int(computed) / 1e9, int(waited) / 1e9
        return times


class Watch:
    """The operator's watch of Jobs, but for its end, which `end` brings about, with an error."""

    def __init__(self) -> None:
        self._stream = Api.stream
        self._end = asyncio.Event()
        self._error: ApiError | None = None

    def end(self, error: ApiError) -> None:
        """Let it end."""
        self._error = error
        self._end.set()

    async def stream(self, api: Api, path: str, silence_seconds: float, **query: str) -> AsyncIterator[bytes]:
        """Yield what a watch tells, until it is to end."""
        lines = self._stream(api, path, silence_seconds, **query)
        if path != paths.JOBS:
            async for line in lines:
                yield line
            return
        while not self._end.is_set():
            following: asyncio.Future[bytes | None] = asyncio.ensure_future(anext(lines, None))
            ending = asyncio.ensure_future(self._end.wait())
            try:
                await asyncio.wait((following, ending), return_when=asyncio.FIRST_COMPLETED)
                told = following.result() if following.done() else None
            finally:
                following.cancel()
                ending.cancel()
            if told is None:
                break
            yield told
        if self._end.is_set():
            self._end.clear()
            if self._error is not None:
                raise self._error


def main() -> int:
    """Run the operator."""
    path, operate = Path(sys.argv[1]), program.operate
    operations: list[Operation] = []
    background = Background()

    class Known(Operation):
        def __init__(self, *arguments: Any) -> None:  # noqa: ANN401 -- whatever it takes
            super().__init__(*arguments)
            operations.append(self)

    async def probed(chosen: Settings, connection: Connection) -> None:
        loop, watch = asyncio.get_running_loop(), Watch()

        def stream(api: Api, path: str, silence_seconds: float, **query: str) -> AsyncIterator[bytes]:
            return watch.stream(api, path, silence_seconds, **query)

        def relist() -> None:
            sight = operations[0].sight
            background.start(sight.task_sight.go_through(sight.task_sight.leisure))  # as when their time comes
            background.start(sight._jobs._look_again())  # noqa: SLF001 -- likewise

        loop.add_signal_handler(signal.SIGUSR1, relist)
        loop.add_signal_handler(signal.SIGUSR2, watch.end, ApiError(410, "Expired", "the benchmark wants it"))
        Probe(path)
        setattr(Api, "stream", stream)  # noqa: B010 -- mypy would want a method
        await operate(chosen, connection)

    for name, stand_in in (("operate", probed), ("Operation", Known)):
        setattr(program, name, stand_in)
    return program.main()


if __name__ == "__main__":
    sys.exit(main())
