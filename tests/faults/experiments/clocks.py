"""Wall clocks that jump or are off: forward is an outage, back is nothing new, and far off a reason to wait."""

from itertools import pairwise

from tests.faults import wall
from tests.faults.evidence import Offset
from tests.faults.experiment import experiment
from tests.faults.stage import Stage

FAR, NEAR = 10.0, 1.5  # seconds; an operator fires nothing by a clock that is more than 2 s off
NOTICED = 5.0


def _step(stage: Stage, seconds: float) -> None:
    stage.clocks.append(Offset(wall.now(), "a", seconds))
    stage.a.step_clock(seconds)


@experiment("the clock goes ahead, and back", clock=True, fast=True)
async def ahead(stage: Stage) -> None:
    """The operator's clock jumps 10 s ahead, and back after 6 s: what it passed over is not reached a second time."""
    begun = wall.now()
    _step(stage, FAR)
    await stage.calm(6)
    _step(stage, 0)
    assert stage.a.said("ClockSkew", since=begun), f"it does not say so: {stage.a.tail()}"
    await stage.calm(NOTICED + FAR - 6)  # up to here its clock was, so that these fire times are accounted for
    stage.mark("a clock ahead", begun, wall.now(), down=True)


@experiment("the clock goes back, and ahead", clock=True)
async def behind(stage: Stage) -> None:
    """The operator's clock jumps 10 s back, and ahead after 6 s: no fire time is launched a second time."""
    with stage.fault("a clock behind", down=True):
        _step(stage, -FAR)
        await stage.calm(6)
        _step(stage, 0)


@experiment("the clock makes small steps", clock=True)
async def steps(stage: Stage) -> None:
    """The operator's clock is 1.5 s ahead, then 1.5 s behind, then right: it goes on firing by it."""
    for before, seconds in pairwise((0, NEAR, -NEAR, 0)):
        begun = wall.now()
        _step(stage, seconds)
        stage.mark("a small step", begun - max(0, seconds - before), wall.now())  # what it passes over is due at once
        await stage.calm(9)


@experiment("a clock that is off at the start", clock=True)
async def off(stage: Stage) -> None:
    """An operator is started with a clock that is 10 s ahead: it launches nothing, until the clock is right."""
    with stage.fault("a clock that is off", down=True):
        stage.a.kill()
        await stage.a.gone()
        clock = await stage.world.clock()
        clock.step(FAR)
        begun = wall.now()
        stage.clocks.append(Offset(begun, "a", FAR))
        await stage.a.start(clock=clock)
        await wall.until(lambda: stage.a.said("ClockSkew", since=begun), "it to say so", within=20)
        await stage.calm(5)
        assert not any(sample.ready for sample in stage.a.samples if sample.time > begun), "it says that it is ready"
        asked = [call for call in stage.world.proxy.calls if call.is_launch and call.arrived > begun]
        assert not asked, "it launches by a clock that is off"
        _step(stage, 0)
