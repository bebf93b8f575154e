"""A launch in flight → what it adds to its Job."""

from datetime import datetime

from torchtask.core.account import Ledger
from torchtask.core.daemon import revision
from torchtask.core.launch import InFlight
from torchtask.core.manifest import Start, Trigger
from torchtask.core.model import Task
from torchtask.core.nodes import allowed
from torchtask.core.spec import Spec
from torchtask.core.state import Surroundings
from torchtask.core.units import Instance, Manual, Timed


def start_of(task: Task, spec: Spec, ledger: Ledger, flight: InFlight, around: Surroundings) -> Start:
    """Say what the launch of `flight` adds to what all Jobs of its task have in common."""
    return Start(
        unit=flight.unit,
        fire_time=flight.fire_time,
        trigger=_trigger(spec, flight),
        nodes=None if flight.unit.node else allowed(spec.where, around.nodes or ()),
        last_success=ledger.last_successful_time,
        revision=revision(task, spec) if isinstance(flight.unit, Instance) else "",
    )


def launch_time(spec: Spec, flight: InFlight) -> datetime:
    """Return when a launch was to be made; jitter spreads fire times, and nothing that a user asks for."""
    return spec.launch_time(flight.fire_time) if isinstance(flight.unit, Timed) else flight.fire_time


def _trigger(spec: Spec, flight: InFlight) -> Trigger:
    match flight.unit:
        case Manual():
            return Trigger.MANUAL
        case Instance():
            return Trigger.DAEMON
    if spec.is_once:
        return Trigger.AT
    return Trigger.CATCH_UP if flight.late else Trigger.SCHEDULE
