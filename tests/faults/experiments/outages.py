"""An API server that is gone, or cannot be heard."""

from tests.faults import wall
from tests.faults.actions import CutAnswer, Reset, Silence, Swallow, WatchSilence
from tests.faults.breaking import ALL, Broken, breaking, telling
from tests.faults.evidence import Bounds
from tests.faults.experiment import experiment
from tests.faults.rules import On
from tests.faults.stage import Stage

WAITING_LONG = ("kube-controller-manager", "kube-scheduler", "kwok")
"""Parts that try again after half a minute only when the API server was gone for one; it is not they who are tried."""
RECOVERY = (
    Bounds().recovery
)  # seconds that are promised; until then the machine is left in peace, so that they can be measured


async def stopped(stage: Stage, seconds: float) -> None:
    """Stop the API server for so long. It is back when it says so itself: what nodes do is another matter."""
    begun = wall.now()
    async with telling(stage, "the API server stopped"):
        with stage.fault("API server stopped", blind=True, down=True):
            await stage.world.stop("kube-apiserver")
            await stage.calm(seconds)
        with stage.fault("API server starting", down=True):  # it answers some before it says that it is ready
            await stage.world.start("kube-apiserver")
        await stage.calm(RECOVERY)
    for part in WAITING_LONG:
        await stage.world.stop(part)
        await stage.world.start(part)
    await stage.nodes_ready()
    for applied in stage.some("every-node"):  # a node that is thought lost has no runs
        stage.change(applied, pauses=((begun - 1, wall.now() + 1),))


@experiment("API server stopped for 10 s")
async def stopped_10(stage: Stage) -> None:
    """The API server is killed, and started again after 10 s."""
    await stopped(stage, 10)


@experiment("API server stopped for 60 s")
async def stopped_60(stage: Stage) -> None:
    """The API server is killed, and started again after a minute."""
    await stopped(stage, 60)


@experiment("connections refused", fast=True)
async def refused(stage: Stage) -> None:
    """Nobody listens for 8 s, and open connections are reset."""
    async with telling(stage, "connections refused"):
        with stage.fault("connections refused", blind=True, down=True):
            async with stage.world.proxy.refusing():
                await stage.calm(8)


reset = breaking(
    "connections reset",
    "Two of three requests find their connection reset before they reach the API server, for 12 s.",
    Broken(((Reset(), On(every=3)), (Reset(), On(every=2))), span=12, hampered=True),
)
cut = breaking(
    "reset mid-body",
    "Half of each answer comes, and then a reset, for 10 s: what was asked for is done, and nobody is told.",
    Broken(((CutAnswer(), ALL),), span=10, hampered=True),
)
silent = breaking(
    "silent both ways",
    "Connections stay open for 45 s and nothing passes; what was sent before is lost.",
    Broken(((Silence(), ALL),), span=45, blind=True, down=True),
)
late = breaking(
    "silent, then everything arrives",
    "Nothing passes for 13 s; then all that was sent arrives at the API server at once, also what was given up.",
    Broken(((Silence(late=True), ALL),), span=13, blind=True, down=True),
)
watches_silent = breaking(
    "only the watches are silent",
    "Calls are answered, but no watch says anything for 45 s.",
    Broken(((WatchSilence(), ALL),), span=45, hampered=True),
)
swallowed = breaking(
    "created but answer lost",
    "For 12 s every other Job is created, and its answer lost; every fifth status is written, and its answer lost.",
    Broken(
        (
            (Swallow(), On(verb="create", resource="jobs", every=2)),
            (Swallow(), On(verb="patch", resource="torchtasks/status", every=5)),
        ),
        span=12,
    ),
    fast=True,
)
swallowed_silently = breaking(
    "created but never answered",
    "For 14 s every third Job is created, and the operator waits in vain for the answer.",
    Broken(((Swallow(silently=True), On(verb="create", resource="jobs", every=3)),), span=14, hampered=True),
)
