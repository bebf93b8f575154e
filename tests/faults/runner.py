"""Plays experiments, several at a time: each in a process of its own, in one of as many labs as there are at once."""

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path
from queue import Empty, SimpleQueue

from tests.faults import catalogue
from tests.faults.experiment import Experiment, Outcome, play
from tests.faults.world import Ground, ground

Flags = Mapping[str, tuple[str, ...]]


def played(
    chosen: Sequence[Experiment], labs: int, seed: int, mutant: str, tell: Callable[[Outcome], None]
) -> list[Outcome]:
    """Play experiments in so many labs side by side; return what came of them, in their order. `tell` hears of each."""
    outcomes: dict[str, Outcome] = {}

    def work(number: int, waiting: SimpleQueue[Experiment]) -> None:
        with ExitStack() as stack, ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as process:
            place = _Place(f"faults-{os.getpid()}-{number}", stack)
            while (found := _next(waiting)) is not None:
                there = place.with_flags(found.flags)
                outcomes[found.name] = process.submit(play_named, found.name, there, seed, mutant).result()
                tell(outcomes[found.name])

    for alone in (True, False):
        at_once, waiting = 1 if alone else labs, _queue(found for found in chosen if found.alone is alone)
        with ThreadPoolExecutor(at_once) as threads:
            for done in [threads.submit(work, number, waiting) for number in range(at_once)]:
                done.result()
    return [outcomes[found.name] for found in chosen]


def _queue(chosen: Iterable[Experiment]) -> SimpleQueue[Experiment]:
    """Let experiments wait; a lab with flags of its own serves few, so those come last."""
    waiting: SimpleQueue[Experiment] = SimpleQueue()
    for found in sorted(chosen, key=lambda e: bool(e.flags)):
        waiting.put(found)
    return waiting


def play_named(name: str, there: Ground, seed: int, mutant: str) -> Outcome:
    """Play the experiment of that name; one that fails by itself has broken something, too."""
    chosen = next(found for found in catalogue.experiments() if found.name == name)
    with tempfile.TemporaryDirectory() as folder:
        try:
            return asyncio.run(play(chosen, there, Path(folder), seed=seed, mutant=mutant))
        except Exception as error:  # noqa: BLE001 -- the others are played all the same
            return Outcome(name, seed, trouble=f"{type(error).__name__}: {error}")


def _next(waiting: SimpleQueue[Experiment]) -> Experiment | None:
    try:
        return waiting.get_nowait()
    except Empty:
        return None


class _Place:
    """A lab, brought up when it is needed, and anew when it needs other flags; `stack` takes it down."""

    def __init__(self, name: str, stack: ExitStack) -> None:
        self._name, self._stack = name, stack
        self._there: Ground | None = None
        self._flags: Flags = {}

    def with_flags(self, flags: Flags) -> Ground:
        if self._there is None or flags != self._flags:
            self._stack.close()
            self._there, self._flags = self._stack.enter_context(ground(self._name, flags=flags)), flags
        return self._there
