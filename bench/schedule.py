"""What the schedule language costs: `python -m bench.schedule` prints a table and names the worst case.

Each case is the hardest of its kind that we know. "First" means with every cache of the package empty and the zone not
yet loaded; "again" is the same call once more. Parsing is told per text: a spec has up to eight. A figure is the best
of several rounds, since whatever else the machine does only adds to it. Ends with status 1 when one misses the goal.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter

from torchtask.core.schedule import DayMatch, Fold, Gap, Schedule, When, parse

GOAL = 5.0
ROUNDS = 7
NOW = datetime(2026, 10, 20, 12, 0, 0, 500_000, tzinfo=UTC)  # the 30 days from here hold Berlin's clock change
MONTH = timedelta(days=30)
BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"

DENSE = (
    *("* * * * * *", "1-59/2 * * * * *", "*/7 */11 */5 * * *", "* * 9-17 * * MON-FRI", "0-29 30-59 * L * *"),
    *("* 0-58/2 1-23/2 1-30/3 * *", "5,10,55 * * * * 1#1,2#2", "*/13 * * * 1-11/2 *"),
)
EVERIES = tuple(f"@every {period}s" for period in range(2, 9))
ALWAYS_IN_THE_GAP = tuple(f"0 {minute} 2 * 3 SUNL {1981 + minute}-2099" for minute in range(8))

CASES = {
    "every second": When(schedule="* * * * * *"),
    "every second, Berlin": When(schedule="* * * * * *", time_zone=BERLIN),
    "once a day, Berlin": When(schedule="30 2 * * *", time_zone=BERLIN),
    "29 February on a Monday": When(schedule="0 0 29 2 MON", day_match=DayMatch.AND, time_zone=NEW_YORK),
    "the last day of 2099": When(schedule="59 59 23 31 12 ? 2099", time_zone=NEW_YORK),
    "slowest text that a search found": When(
        schedule="1/2,1/2,36-51,40-57/2,34-50/3,9,1/2,*/2,39-57/3 */2,0-59,0/3,12-47/2,0-59,20 "
        "*/2,1/2,13-17/1,9-17,4-22 2/2,30W,1W,L,1-31,14W,*/2,2/2,L,*/2,2/2,2/2 */2,1/2,11-12,2 "
        "4#5,3,0#4,0-7,7-7,6-6/3,7-7,*/2,1/2 1971/2,1970-2099"
    ),
    "every working day and weekday by name": When(
        schedule=f"0 0 0 {','.join(f'{day}W' for day in range(1, 32))} * "
        + ",".join(f"{day}#{week}" for day in range(1, 6) for week in range(1, 5))
    ),
    "union of 8 dense texts": When(schedule=DENSE[0], additional_schedules=DENSE[1:], time_zone=BERLIN),
    "union of a text and 7 @every": When(schedule=DENSE[2], additional_schedules=EVERIES, time_zone=BERLIN),
    "8 texts always in the gap": When(
        schedule=ALWAYS_IN_THE_GAP[0],
        additional_schedules=ALWAYS_IN_THE_GAP[1:],
        time_zone=BERLIN,
        gap=Gap.SKIP,
        fold=Fold.TWICE,
    ),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured call, in milliseconds."""

    case: str
    call: str
    first: float
    again: float

    @property
    def worst(self) -> float:
        """The slower of the two."""
        return max(self.first, self.again)


def main() -> int:
    """Measure, print, and tell whether the goal was met."""
    figures = [figure for case, when in CASES.items() for figure in _measured(case, when)]
    width = max(map(len, CASES))
    print(
        f"{'milliseconds: first / again':{width}}  {'parse a text':>13}  {'after':>13}  {'latest':>13}  {'30 days':>13}"
    )
    for case in CASES:
        row = "  ".join(f"{f.first:6.2f} /{f.again:5.2f}" for f in figures if f.case == case)
        print(f"{case:{width}}  {row}")
    worst = max(figures, key=lambda figure: figure.worst)
    print(f"worst: {worst.call} of {worst.case!r}, {worst.worst:.2f} ms (goal: {GOAL:.0f} ms)")
    return 0 if worst.worst <= GOAL else 1


def _measured(case: str, when: When) -> Iterator[Figure]:
    schedule = parse(when)
    calls: dict[str, Callable[[], object]] = {
        "parse": lambda: parse(when),  # all its texts; divided below
        "after": lambda: schedule.after(NOW),
        "latest": lambda: schedule.latest(NOW),
        "count over 30 days": lambda: schedule.count(NOW, NOW + MONTH),
    }
    for name, call in calls.items():
        rounds = [_first_and_again(call) for _ in range(ROUNDS)]
        texts = len(list(when.texts())) if name == "parse" else 1
        yield Figure(case, name, min(first for first, _ in rounds) / texts, min(again for _, again in rounds) / texts)


def _first_and_again(call: Callable[[], object]) -> tuple[float, float]:
    _forget()
    return _milliseconds(call), _milliseconds(call)


def _milliseconds(call: Callable[[], object]) -> float:
    start = perf_counter()
    call()
    return (perf_counter() - start) * 1000


def _forget() -> None:
    """Empty every cache of the package."""
    package = Schedule.__module__.rpartition(".")[0]
    for name, module in list(sys.modules.items()):
        if name.startswith(package):
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


if __name__ == "__main__":
    sys.exit(main())
