"""Plays the mutants, each with the experiment that shows it: the oracle must catch it, and by the law that is named."""

import asyncio
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.faults import catalogue
from tests.faults.experiment import Experiment, play
from tests.faults.finding import Finding
from tests.faults.mutants import MUTANTS, Mutant
from tests.faults.world import Ground

HEADS = ["mutant", "experiment", "seconds", "caught by", "evidence"]
LONGEST = 200  # characters of what went wrong
ATTEMPTS, BUSY = 3, 0.1  # how often a mutant is played, and the part of the time that makes it worth while


@dataclass(frozen=True)
class Trial:
    """A mutant that was played. `trouble` is why it could not be judged; empty: it was."""

    name: str
    mutant: Mutant
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0
    trouble: str = ""

    @cached_property
    def broken(self) -> dict[str, str]:
        """The invariants that did not hold, each with a piece of evidence."""
        return {finding.invariant: finding.violations[0] for finding in self.findings if finding.violations}

    @property
    def verdict(self) -> str:
        """What is wrong with the oracle; empty: it caught the mutant, and by the law that is named."""
        if self.trouble:
            return self.trouble
        if self.mutant.caught_by not in self.broken:
            return f"{self.mutant.caught_by} does not catch it"
        others = self.broken.keys() - {self.mutant.caught_by, *self.mutant.also}
        return "".join(f"{law} catches it too: {self.broken[law]}. " for law in sorted(others))


def experiment_of(mutant: Mutant) -> Experiment:
    """Return the experiment that shows a mutant."""
    (found,) = (e for e in catalogue.experiments() if e.name == mutant.experiment)
    return found


def tried(name: str, there: Ground, *, seed: int = 1) -> Trial:
    """Play a mutant; again, if nobody caught it while the machine was too busy for the oracle to accuse anybody."""
    trial = Trial(name, MUTANTS[name])
    for _ in range(ATTEMPTS):
        trial, busy = _tried(name, there, seed)
        if not trial.verdict or busy < BUSY:
            break
    return trial


def _tried(name: str, there: Ground, seed: int) -> tuple[Trial, float]:
    mutant = MUTANTS[name]
    with tempfile.TemporaryDirectory() as folder:
        try:
            outcome = asyncio.run(play(experiment_of(mutant), there, Path(folder), seed=seed, mutant=name))
        except AssertionError as error:  # what the experiment waited for did not come
            return Trial(name, mutant, trouble=str(error).partition("\n")[0][:LONGEST]), 0
    return Trial(name, mutant, outcome.findings, outcome.seconds), outcome.busy


def table(trials: Iterable[Trial]) -> Iterator[str]:
    """Write what came of mutants, in Markdown."""
    yield f"| {' | '.join(HEADS)} |"
    yield "| --- | --- | --- | --- | --- |"
    for trial in trials:
        laws = ", ".join(trial.broken) or "nobody"
        mark = f" **✗ {trial.verdict}**" if trial.verdict else ""
        evidence = trial.broken.get(trial.mutant.caught_by, "")
        yield f"| {trial.name} | {trial.mutant.experiment} | {trial.seconds:.0f} | {laws}{mark} | {evidence} |"
