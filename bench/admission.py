"""What admission costs: `python -m bench.admission` prints a table, with 40,000 launches waiting.

Admission is asked 20 times a second, so each case is a number of calls in which some are admitted and answered, and as
many new ones begin to wait; all of that is told per call, and per admitted launch. "Full" is a call that finds every
namespace at its own limit. A figure is the best of several rounds, since whatever else the machine does only adds to
it. Ends with status 1 when a call misses its goal.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from time import perf_counter

from torchtask.core.admission import Admission, Want
from torchtask.core.caps import Limits, Usage
from torchtask.core.units import Timed

WAITING = 40_000
ROUNDS, CALLS = 5, 40
EVERY = 0.05  # seconds between two calls
GOAL = 5.0  # for a call and all that it admits: a tenth of the time between two calls
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SHIPPED = replace(Limits(), active=10**9)  # all others as shipped
FAST = replace(SHIPPED, launches=1_000, launches_in_namespace=1_000)

CASES = {
    "one namespace": (1, SHIPPED),
    "100 namespaces": (100, SHIPPED),
    "1,000 namespaces": (1_000, SHIPPED),
    "1,000 namespaces, 1,000 launches a second": (1_000, FAST),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One case, in milliseconds; `launches` is how many a call admits."""

    case: str
    full: float
    call: float
    launches: float


def main() -> int:
    """Measure, print, and tell whether the goal was met."""
    print(f"{f'{WAITING:,} launches wait':42}  {'full':>8}  {'a call':>8}  {'launches':>8}  {'per launch':>10}")
    figures = [_measured(case, namespaces, limits) for case, (namespaces, limits) in CASES.items()]
    for f in figures:
        per_launch = f.call * 1000 / f.launches
        print(f"{f.case:42}  {f.full:5.2f} ms  {f.call:5.2f} ms  {f.launches:8.1f}  {per_launch:7.0f} µs")
    worst = max(figures, key=lambda figure: figure.call)
    print(f"worst: a call with {worst.case}, {worst.call:.2f} ms (goal: {GOAL:.0f} ms)")
    return 0 if worst.call <= GOAL else 1


def _measured(case: str, namespaces: int, limits: Limits) -> Figure:
    waiting = _Waiting(namespaces, limits)
    rounds = [waiting.round() for _ in range(ROUNDS)]
    full, busy = min(full for full, _, _ in rounds), min(busy for _, busy, _ in rounds)
    launches = sum(launches for _, _, launches in rounds) / ROUNDS
    return Figure(case, full / CALLS * 1000, busy / CALLS * 1000, launches / CALLS)


class _Waiting:
    """The launches that wait, and a clock of their own."""

    def __init__(self, namespaces: int, limits: Limits) -> None:
        self._admission = Admission(limits)
        self._namespaces = [f"team-{number}" for number in range(namespaces)]
        self._wants = _wants(self._namespaces)
        self._now = 0.0
        for _ in range(WAITING):
            self._admission.want(next(self._wants))

    def round(self) -> tuple[float, float, int]:
        """Return the seconds that calls took which find all full, those that others took, and what these admitted."""
        full = Usage(dict.fromkeys(self._namespaces, SHIPPED.active_in_namespace), {})
        begun = perf_counter()
        for _ in range(CALLS):
            self._call(full)
        between = perf_counter()
        launches = sum(self._call(Usage({}, {})) for _ in range(CALLS))
        return between - begun, perf_counter() - between, launches

    def _call(self, usage: Usage) -> int:
        self._now += EVERY
        admitted = list(self._admission.admit(usage, _nobody, self._now))
        for want in admitted:
            self._admission.answered(want.namespace, self._now)
            self._admission.want(next(self._wants))
        self._admission.next_time(self._now)
        return len(admitted)


def _wants(namespaces: list[str]) -> Iterator[Want]:
    for number in count():
        time = NOON + timedelta(seconds=number * 7919 % WAITING)  # not in order
        yield Want(f"task-{number}", Timed(time), namespaces[number % len(namespaces)], number % 3, time)


def _nobody(_: str) -> bool:
    return False


if __name__ == "__main__":
    sys.exit(main())
