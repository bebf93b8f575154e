"""An API server that does not let the operator in."""

from tests.faults import wall
from tests.faults.breaking import telling
from tests.faults.experiment import experiment
from tests.faults.stage import Stage

SPAN = 6  # seconds
FORGETS_SECONDS = 12  # in which the API server forgets whom it let in


@experiment("token rotated")
async def rotated(stage: Stage) -> None:
    """The operator is given a new token, and the old one is no longer good: nobody notices."""
    begun = wall.now()
    await stage.world.rotate("a")
    await stage.calm(FORGETS_SECONDS)
    if not any(call.server_status == 401 for call in stage.world.proxy.calls if call.arrived > begun):
        stage.objections.append("the old token was good to the end")


@experiment("token taken away")
async def taken_away(stage: Stage) -> None:
    """The operator's token is no longer good; a new one comes 6 s after that was noticed."""
    begun = wall.now()

    def refused() -> bool:
        return any(call.server_status == 401 for call in stage.world.proxy.calls if call.arrived > begun)

    async with telling(stage, "no token"):
        with stage.fault("no token", hampered=True):
            await stage.world.shut_out("a")
            await wall.until(refused, "the token to be refused", within=30)
            await stage.calm(SPAN)
            await stage.world.let_in("a")
