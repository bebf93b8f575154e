"""Launches that wait, told in one line: `waiting(WIDE, wanted("x"), wanted("y", "b", priority=1))`."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from torchtask.core.admission import Admission, Want
from torchtask.core.caps import Limits, Usage
from torchtask.core.units import Timed

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
NOTHING = Usage({}, {})
WIDE = Limits(*[1000] * 5)


def nobody(_: str) -> bool:
    """Hold no namespace."""
    return False


def only(namespace: str) -> Callable[[str], bool]:
    """Hold one namespace."""
    return lambda name: name == namespace


def wanted(task: str, namespace: str = "a", priority: int = 0, second: int = 0) -> Want:
    """Want the run of one fire time."""
    time = NOON + timedelta(seconds=second)
    return Want(task, Timed(time), namespace, priority, time)


def waiting(limits: Limits, *wants: Want) -> Admission:
    """Let launches wait."""
    admission = Admission(limits)
    for want in wants:
        admission.want(want)
    return admission


def tasks(wants: Iterable[Want]) -> str:
    """Name the tasks of some launches, in order."""
    return " ".join(want.task for want in wants)
