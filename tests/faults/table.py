"""The table of experiments, in Markdown: what was hit, each invariant's figure, and what broke any."""

from collections.abc import Iterator, Sequence

from tests.faults.experiment import Outcome
from tests.faults.oracle import LAWS

HEADS = ["experiment", "seed", "calls hit / calls", "busy", *LAWS]
RESULTS = ("<!-- results -->", "<!-- end of results -->")
MUTANTS = ("<!-- mutants -->", "<!-- end of mutants -->")
Place = tuple[str, str]
"""Between which marks a table stands in a page of the docs."""


def table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Write the lines of the table."""
    yield _row(HEADS)
    yield _row(["---"] * len(HEADS))
    for outcome in outcomes:
        figures = [f"{finding.figure}{' **✗**' if finding.violations else ''}" for finding in outcome.findings]
        figures = figures or [f"**{outcome.trouble[:80]}**", *[""] * (len(LAWS) - 1)]
        calls, busy = f"{outcome.hit} / {outcome.calls}", f"{100 * outcome.busy:.0f} %"
        yield _row([outcome.name, str(outcome.seed), calls, busy, *figures])


def timed(number: int, what: str, seconds: float, labs: int = 1) -> list[str]:
    """Write how long they took, to stand above a table."""
    beside = f", in {labs} labs side by side" if labs > 1 else ""
    return [f"{number} {what} took {seconds // 60:.0f} min {seconds % 60:.0f} s{beside}.", ""]


def put_into(page: str, lines: Sequence[str], place: Place) -> str:
    """Return a page of the docs with a table in its place; other texts are replaced as a whole."""
    begin, end = place
    if begin not in page:
        return "\n".join([*lines, ""])
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    return "\n".join([before + begin, *lines, end + after])


def put_rows_into(page: str, lines: Sequence[str], place: Place, names: Sequence[str]) -> str:
    """Return a page of the docs with these rows in its table; others stay that are of `names`, in their order."""
    begin, end = place
    there = page.partition(begin)[2].partition(end)[0].strip("\n").split("\n")
    rows = {_name(line): line for line in (*there, *lines) if line.startswith("| ")}
    rule = next(line for line in lines if line.startswith("| ---"))
    above = there if rule in there else lines
    return put_into(page, [*above[: above.index(rule) + 1], *(rows[name] for name in names if name in rows)], place)


def _name(line: str) -> str:
    return line.removeprefix("| ").partition(" |")[0]


def broken(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Write what broke an invariant."""
    for outcome in outcomes:
        for violation in outcome.violations:
            yield f"{outcome.name} (seed {outcome.seed}): {violation}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
