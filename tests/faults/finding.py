"""What the oracle says of an invariant: a figure for the table, and evidence of each violation."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.faults.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Finding:
    """One invariant's figure, and what broke it; without violations it held."""

    invariant: str
    figure: str
    violations: tuple[str, ...] = ()

    @classmethod
    def of(cls, invariant: str, figure: str, violations: Iterable[str]) -> "Finding":
        """Sum up."""
        return cls(invariant, figure, tuple(violations))


Law = Callable[[Evidence], Finding]


def clock(time: float) -> str:
    """Write a time as people read it, with milliseconds."""
    return datetime.fromtimestamp(time, UTC).strftime("%H:%M:%S.%f")[:-3]


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value that this part of `values` does not exceed; 0 when there are none."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(part * len(ranked)))] if ranked else 0.0


def most_in(times: Iterable[float], span: float) -> tuple[int, float]:
    """Say how many of `times` lie within a span of that many seconds at most, and when that span begins."""
    ranked = sorted(times)
    best, at, first = 0, 0.0, 0
    for last, time in enumerate(ranked):
        while time - ranked[first] >= span:
            first += 1
        if last - first + 1 > best:
            best, at = last - first + 1, ranked[first]
    return best, at
