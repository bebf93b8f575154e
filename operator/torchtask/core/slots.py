"""What the account knows of a daemon's places: how often each was filled, and how its attempts went.

Law: an attempt that ended before it was up (`minReadySeconds`) is a failed start. Failed starts count in a row, until
one comes up, or until the spec, the template or the restart annotation changes.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from torchtask.core.account import Outcome, Result, Slot
from torchtask.core.model import Phase, Reason, Run
from torchtask.core.spec import Daemon, RestartPolicy
from torchtask.core.units import Instance

_NO_TIME = timedelta(0)


def find(slots: Sequence[Slot], number: int, node: str) -> Slot | None:
    """Return the slot of that number and node."""
    return next((s for s in slots if s.number == number and s.node == node), None)


def counts(slots: Sequence[Slot], unit: Instance) -> bool:
    """Tell whether the launch of `unit` is counted; one of a slot that nobody knows any more was, long ago."""
    slot = find(slots, unit.slot, unit.node)
    return slot is None or unit.attempt <= slot.attempt


def is_news(slots: Sequence[Slot], unit: Instance) -> bool:
    """Tell whether a Job of `unit` shows a launch that is not counted."""
    slot = find(slots, unit.slot, unit.node)
    return slot is None or unit.attempt > slot.attempt


def settled(slots: Sequence[Slot], outcome: Outcome) -> tuple[Slot, ...]:
    """Count a start; one that the server rejected for good is a failed start, and a name that is taken is passed by."""
    unit = outcome.unit
    assert isinstance(unit, Instance)  # noqa: S101 -- a contract: nobody else has slots
    slot = find(slots, unit.slot, unit.node) or Slot(unit.slot, unit.node)
    if outcome.result is Result.LAUNCHED or outcome.reason is Reason.NAME_TAKEN:
        return _with(slots, replace(slot, attempt=max(slot.attempt, unit.attempt)))
    if outcome.reason is not Reason.REJECTED:
        return tuple(slots)
    return _with(slots, replace(slot, failed_starts=slot.failed_starts + 1, end_time=outcome.time))


def ended(slots: Sequence[Slot], run: Run, daemon: Daemon, template: str) -> tuple[Slot, ...]:
    """Take note that an attempt ended; an older one than the last, or of another template, says nothing any more."""
    unit = run.unit
    assert isinstance(unit, Instance)  # noqa: S101 -- a contract: nobody else has slots
    slot = find(slots, unit.slot, unit.node)
    if slot is None or unit.attempt != slot.attempt or run.template != template:
        return tuple(slots)
    completed = daemon.restart_policy is RestartPolicy.ON_FAILURE and run.phase is Phase.SUCCEEDED
    failed = 0 if completed or _lasted(run) >= daemon.min_ready else slot.failed_starts + (0 if run.disrupted else 1)
    return _with(slots, replace(slot, failed_starts=failed, end_time=run.completion_time, completed=completed))


def _lasted(run: Run) -> timedelta:
    """Return how long an attempt was up; where its Pods are gone, as far as its Job tells."""
    if run.ran is not None:
        return run.ran
    if not run.started or run.start_time is None or run.completion_time is None:
        return _NO_TIME
    return run.completion_time - run.start_time


def is_fatal(slot: Slot, options: Daemon) -> bool:
    """Tell whether a slot has been given up."""
    return slot.failed_starts > options.start_retries


def forgiven(slots: Sequence[Slot]) -> tuple[Slot, ...]:
    """Forget how the attempts went: something changed."""
    return tuple(replace(s, failed_starts=0, end_time=None, completed=False) for s in slots)


def undated(slots: Sequence[Slot]) -> tuple[Slot, ...]:
    """Forget when the attempts ended: a clock that went back would wait for that."""
    return tuple(replace(s, end_time=None) for s in slots)


def _with(slots: Sequence[Slot], slot: Slot) -> tuple[Slot, ...]:
    others = (s for s in slots if (s.number, s.node) != (slot.number, slot.node))
    return tuple(sorted((*others, slot), key=lambda s: (s.node, s.number)))
