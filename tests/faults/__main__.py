"""`python -m tests.faults`: play the experiments, and print a table of what came of them."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from tests.faults import catalogue, runner, table, trials, wall
from tests.faults.experiment import Outcome
from tests.faults.mutants import MUTANTS
from tests.faults.world import ground


@click.command()
@click.argument("names", nargs=-1)
@click.option("--fast", is_flag=True, help="Only those that are part of the tests.")
@click.option("--seed", default=1, show_default=True, help="What is random follows from it.")
@click.option("--labs", default=2, show_default=True, help="How many labs there are side by side.")
@click.option("--mutant", default="", help="Play with an operator that has this deliberate bug.")
@click.option("--mutants", is_flag=True, help="Play the mutants (those with one of NAMES in theirs): all are caught.")
@click.option("--list", "only_list", is_flag=True, help="Say which there are, and play none.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Write the table to this file, too; in a page of the docs, in the place of the last; with NAMES, their rows.",
)
def main(  # noqa: PLR0913 -- options
    *,
    names: tuple[str, ...],
    fast: bool,
    seed: int,
    labs: int,
    mutant: str,
    mutants: bool,
    only_list: bool,
    output: Path | None,
) -> None:
    """Play the experiments that have one of NAMES in their own; all without, but for those that are for mutants."""
    if mutants:
        sys.exit(_try_mutants(names, seed, output))
    chosen = [e for e in catalogue.experiments() if e.fast or not fast]
    chosen = [e for e in chosen if (any(name in e.name for name in names) if names else not e.tasks)]
    if only_list:
        for found in chosen:
            click.echo(f"{found.name}: {found.sentence}")
        return
    begun = wall.now()
    outcomes = runner.played(chosen, labs, seed, mutant, _tell)
    lines = [*table.timed(len(outcomes), "experiments", wall.now() - begun, labs), *table.table(outcomes)]
    click.echo("\n".join(["", *lines, "", *table.broken(outcomes)]))
    _write(output, lines, table.RESULTS, [e.name for e in catalogue.experiments() if not e.tasks] if names else ())
    sys.exit(1 if any(outcome.violations for outcome in outcomes) else 0)


def _try_mutants(names: tuple[str, ...], seed: int, output: Path | None) -> int:
    begun = wall.now()
    chosen = [name for name in MUTANTS if not names or any(part in name for part in names)]
    done = []
    with ground(f"faults-{os.getpid()}") as there:
        for name in chosen:
            done.append(trials.tried(name, there, seed=seed))
            click.echo(f"{name}: {done[-1].verdict or 'caught'} after {done[-1].seconds:.0f} s")
    lines = [*table.timed(len(done), "mutants", wall.now() - begun), *trials.table(done)]
    click.echo("\n".join(["", *lines]))
    _write(output, lines, table.MUTANTS, [*MUTANTS] if names else ())
    return 1 if any(trial.verdict for trial in done) else 0


def _write(output: Path | None, lines: Sequence[str], place: table.Place, among: Sequence[str]) -> None:
    """Write a table to a file: all of it, or rows among others that stay."""
    if output:
        page = output.read_text(encoding="utf-8") if output.exists() else ""
        only_rows = among and place[0] in page
        text = table.put_rows_into(page, lines, place, among) if only_rows else table.put_into(page, lines, place)
        output.write_text(text, encoding="utf-8")


def _tell(outcome: Outcome) -> None:
    verdict = f"{len(outcome.violations)} violations" if outcome.violations else "held"
    click.echo(f"{outcome.name}: {verdict} after {outcome.seconds:.0f} s")
    click.echo("".join(f"  {violation[:300]}\n" for violation in outcome.violations), nl=False)


if __name__ == "__main__":
    main()
