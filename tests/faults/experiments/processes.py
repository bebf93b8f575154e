"""Operators that die at random, when they are asked to, or stand still; at each point of each call: see `kills`."""

from dataclasses import replace

from tests.faults import wall
from tests.faults.actions import Silence
from tests.faults.evidence import Bounds
from tests.faults.experiment import experiment
from tests.faults.load import Task
from tests.faults.rules import LAUNCHES
from tests.faults.stage import Stage

AT_ONCE, CROWDS = 100, 10  # tasks of one second, in so many namespaces: of each only a part may be asked for at once
SLOW = 2.0  # seconds for which nothing is answered after the process was asked to end
ENDED = 12.0  # seconds in which it has ended: 10 for what is in flight
WIDE = {"TORCHTASK_LAUNCHES_PER_SECOND": "1000", "TORCHTASK_LAUNCHES_PER_SECOND_PER_NAMESPACE": "1000"}


@experiment("nothing broken")
async def nothing(stage: Stage) -> None:
    """Nothing is broken: what the others are compared with."""
    await stage.calm(4)


@experiment("kill -9 at random", fast=True)
async def at_random(stage: Stage) -> None:
    """The process is killed eight times, after a moment of its life that is drawn by lot."""
    begun = wall.now()
    for _ in range(8):
        await stage.calm(stage.chance.uniform(0.5, 4))
        stage.a.kill()
        await stage.reborn(stage.a)
    await stage.a.ready()
    stage.mark_deaths(stage.a, begun)


@experiment("SIGTERM with 100 creates on their way", environment=WIDE, bounds=Bounds(launches=1000))
async def terminated(stage: Stage) -> None:
    """The process is asked to end when a hundred creates are on their way: it waits for the answers to all of them."""
    crowds = [await stage.world.namespace(f"{stage.namespaces[0]}-{n}") for n in range(CROWDS)]
    time = int(wall.now()) + 6
    await stage.apply(Task(f"at-once-{n}", crowds[n % CROWDS], at=time) for n in range(AT_ONCE))
    creates = replace(LAUNCHES, prefix="at-once")
    with stage.fault("slow creates, and an end", down=True):
        with stage.world.proxy.rule(Silence(), creates, name="slow creates") as rule:
            await rule.reached(AT_ONCE, within=time + 8 - wall.now())  # less than what a request may take
            stage.a.term()
            asked = wall.now()
            await stage.calm(SLOW)
        end = await stage.a.gone()
        assert end.code == 0, stage.a.tail()
        unheard = [call.name for call in rule.calls if call.status != 201]
        assert not unheard, f"it ended before it heard of {len(unheard)} of {len(rule.calls)} Jobs"
        if end.time - asked > ENDED + stage.slow_for(asked):
            stage.objections.append(f"it ended {end.time - asked:.1f} s after it was asked to")
        await stage.start(stage.a)
        await stage.a.ready()


@experiment("the process stopped for 20 s")
async def stopped(stage: Stage) -> None:
    """The process stands still for 20 s (SIGSTOP), as on a node that is short of time, and then goes on."""
    with stage.fault("stopped", down=True):
        stage.a.freeze()
        await stage.calm(1)  # in which arrives what it had sent
        begun = wall.now()
        await stage.calm(19)
        asked = [call for call in stage.world.proxy.calls if call.arrived > begun]
        stage.a.thaw()
    assert not asked, f"it did not stand still: {len(asked)} calls"
