"""Whether an operator tells what goes wrong: a line in its log that names it, and a number that counts it."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from tests.faults.actions import CutAnswer, Refuse, Reset, Silence, Swallow
from tests.faults.events import CutEvent, ErrorEvent, Garble
from tests.faults.rules import Action, On

NO_ANSWER = "NoAnswer"
DOING = {
    ("create", "jobs"): "launching",
    ("patch", "torchtasks/status"): "writing a status",
    ("watch", "jobs"): "watching Jobs",
    ("list watch", "jobs"): "watching Jobs",
}
_FAULT = re.compile(r'torchtask_faults_total\{doing="([^"]*)",fault="([^"]*)"\}')
_SILENT = (CutAnswer, CutEvent, Garble, Reset, Silence, Swallow)

Faults = Mapping[tuple[str, str], float]
"""How often something went wrong, by what was being done and how it failed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What has to be told of: what was being done, and how it failed; empty is any."""

    doing: str = ""
    fault: str = ""

    @classmethod
    def of(cls, action: Action, on: On) -> Self:
        """Say what an operator is to tell of what befalls it."""
        fault = str(action.code) if isinstance(action, Refuse | ErrorEvent) else ""
        return cls(DOING.get((on.verb, on.resource), ""), NO_ANSWER if isinstance(action, _SILENT) else fault)

    def fits(self, doing: str, fault: str) -> bool:
        """Tell whether this is it."""
        return self.doing in ("", doing) and self.fault in ("", fault)


def faults(metrics: Mapping[str, float]) -> Faults:
    """Read what went wrong from the metrics."""
    return {(found[1], found[2]): number for name, number in metrics.items() if (found := _FAULT.fullmatch(name))}


def untold(before: Faults, after: Faults, messages: Collection[str], wanted: Collection[Wanted]) -> Iterator[str]:
    """Find what was not told of: in numbers that grew, and in lines that begin with what was being done."""
    grown = sorted(what for what, number in after.items() if number > before.get(what, 0))
    if not grown:
        yield "the metrics do not tell of it"
    for doing, fault in grown:
        if not any(message.startswith(f"{doing}: ") for message in messages):
            yield f"the log does not tell that {doing} fails ({fault})"
    for each in wanted:
        if not any(each.fits(*what) for what in grown):
            yield f"the metrics do not tell of {each.doing or 'anything'} that fails with {each.fault or 'anything'}"
