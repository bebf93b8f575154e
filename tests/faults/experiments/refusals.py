"""An API server that answers, and says no."""

from collections.abc import Callable

from tests.faults.actions import Refuse
from tests.faults.breaking import ALL, STATUSES, Broken, breaking
from tests.faults.calls import Call
from tests.faults.evidence import covered
from tests.faults.experiment import experiment
from tests.faults.rules import LAUNCHES, On
from tests.faults.stage import Stage

ON_ITS_WAY, AT_ONCE = 0.4, 0.05  # seconds by which a create may come later than it was sent, and clocks may differ

PAUSE, UNTIL = 2.0, 3.0  # seconds after which to come again, as a number and as a date


def _too_many(as_date: bool) -> Broken:  # noqa: FBT001 -- there are the two
    """Refuse creates and status writes, and no more: who sees everything else goes on deciding."""
    action = Refuse(429, retry_after=UNTIL if as_date else PAUSE, as_date=as_date)
    return Broken(((action, LAUNCHES), (action, STATUSES)), span=10, hampered=True)


@experiment("429 with Retry-After", fast=True)
async def too_many(stage: Stage) -> None:
    """Creates and status writes are answered 429 for 10 s, then every call for 10 s: to come again in 2 s."""
    await _too_many(as_date=False)(stage)
    await stage.calm(1)
    await Broken(((Refuse(429, retry_after=PAUSE), ALL),), span=10, blind=True, anew=True)(stage)
    _impatient(stage, lambda call: (call.answered or 0) + PAUSE)


@experiment("429 with Retry-After as a date")
async def too_many_until(stage: Stage) -> None:
    """Creates and status writes are answered 429 for 10 s, with the advice to come again at a moment 3 s later."""
    await _too_many(as_date=True)(stage)
    _impatient(stage, lambda call: int(call.arrived + UNTIL))  # a date has whole seconds


def _impatient(stage: Stage, until: Callable[[Call], float]) -> None:
    """Object to creates of Jobs that came before `until` when an earlier one was told to wait.

    What was on its way already when the operator was told is none, nor what may have been for longer on a machine that
    was too busy.
    """
    creates = [call for call in stage.world.proxy.calls if call.is_launch]
    told = [(call.answered, until(call) - AT_ONCE) for call in creates if call.status == 429 and call.answered]

    def is_early(time: float) -> bool:
        since = [begin for begin, end in told if begin + ON_ITS_WAY < time < end]
        return any(not covered(stage.slow, begin, time) for begin in since)

    early = [call for call in creates if is_early(call.arrived)]
    if not told:
        stage.objections.append("no create was refused")
    if early:
        stage.objections.append(f"{len(early)} creates came before Retry-After had passed, the first {early[0].name}")


conflicts = breaking(
    "409 on every status write",
    "Each status patch is answered with a conflict for 12 s, though nobody else writes.",
    Broken(((Refuse(409), STATUSES),), span=12),
)
unavailable = breaking(
    "503 for 90 s",
    "Every call is answered 503 for a minute and a half: a control plane that restarts.",
    Broken(((Refuse(503), ALL),), span=90, blind=True, anew=True),
)
errors = breaking(
    "500 and 504 now and then",
    "Every third call is answered 500, and every fourth of the others 504, for 12 s.",
    Broken(((Refuse(500), On(every=3)), (Refuse(504), On(every=4))), span=12, hampered=True),
)
unauthorized = breaking(
    "401 for a minute",
    "No credentials are accepted for a minute.",
    Broken(((Refuse(401), ALL),), span=60, blind=True, anew=True),
)
forbidden = breaking(
    "403 for a minute",
    "Everything is forbidden for a minute: somebody took the ClusterRoleBinding away.",
    Broken(((Refuse(403), ALL),), span=60, blind=True, anew=True),
)
