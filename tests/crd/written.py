"""The status that the operator itself writes, with something to tell in every field."""

from datetime import datetime
from typing import Any

from tests.scenario import at, document
from torchtask.core.account import Counts, Ended, Ledger, NotLaunched, Outage, Slot
from torchtask.core.conditions import conditions
from torchtask.core.daemon import SlotState
from torchtask.core.launch import InFlight
from torchtask.core.model import Phase
from torchtask.core.state import State, Surroundings
from torchtask.core.status import Lateness, Sight, render_status
from torchtask.core.units import Timed
from torchtask.core.wire import tasks

NOW = at("12:00:00")
FAILED = Ended("task-0a1b2c3d-1780315200", NOW, Phase.FAILED, NOW, NOW, "Error", "cannot go on", exit_code=3)
ASKED = Ended("task-0a1b2c3d-mf6fc42039", NOW, Phase.SUCCEEDED, reason="Completed")


def written(**spec: Any) -> dict[str, Any]:
    """Return what the API server holds after the status of a task with this spec was written."""
    fields = document(**spec)
    task, ledger = tasks.task(fields, NOW), full_ledger(NOW)
    kept_back = InFlight(Timed(NOW), NOW, NOW, NOW, message="TooManyWaiting: the cluster has reached its limit")
    state = State(task, ledger, (), {kept_back.unit: kept_back}, NOW, Surroundings(NOW, (), "a move"))
    sight = Sight(
        active=1,
        next_time=NOW,
        conditions=conditions(state, (), 2_000, over=True),
        late=Lateness(-1, 0, 1),
        slots=tuple((slot, SlotState.BACK_OFF) for slot in ledger.slots),
    )
    return {name: value for name, value in render_status(task, ledger, sight).items() if value is not None}


def full_ledger(now: datetime) -> Ledger:
    """Make an account that has something to tell in every field."""
    return Ledger(
        accounted_time=now,
        decided_time=now,
        digest="0123456789abcdef",
        generation=1,
        counts=Counts(now, launched=3, skipped=2, missed=1, manual=1, succeeded=1, failed=1, stopped=1),
        queued=(now,),
        counted_runs=frozenset({"1780315200", "mf6fc42039"}),
        not_launched=(NotLaunched("Rejected", 1, now, "spec.template: Invalid value"),),
        consecutive_failures=1,
        last_schedule_time=now,
        last_successful_time=now,
        recent_runs=(ASKED, FAILED),
        last_failure=FAILED,
        last_outage=Outage(now, now, missed=1, started=1),
        last_run_now="1780315200",
        template="fedcba9876543210",
        slots=(Slot(0, "worker-1", 7, failed_starts=2, end_time=now),),
    )
