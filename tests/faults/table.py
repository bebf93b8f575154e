"""The table of experiments, in Markdown: what was hit, each invariant's figure, and what broke any."""

from collections.abc import Iterator, Sequence

from tests.faults.experiment import Outcome
from tests.faults.oracle import LAWS

HEADS = ["experiment", "seed", "calls hit / calls", "busy", *LAWS]
BEGIN, END = "<!-- results -->", "<!-- end of results -->"


def table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Write the lines of the table."""
    yield _row(HEADS)
    yield _row(["---"] * len(HEADS))
    for outcome in outcomes:
        figures = [f"{finding.figure}{' **✗**' if finding.violations else ''}" for finding in outcome.findings]
        figures = figures or [f"**{outcome.trouble[:80]}**", *[""] * (len(LAWS) - 1)]
        calls, busy = f"{outcome.hit} / {outcome.calls}", f"{100 * outcome.busy:.0f} %"
        yield _row([outcome.name, str(outcome.seed), calls, busy, *figures])


def put_into(page: str, lines: Sequence[str]) -> str:
    """Return a page of the docs with this table in the place of the last one."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return "\n".join([before + BEGIN, *lines, END + after])


def broken(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Write what broke an invariant."""
    for outcome in outcomes:
        for violation in outcome.violations:
            yield f"{outcome.name} (seed {outcome.seed}): {violation}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
