"""The world of fault experiments: operators come up in it, are seen and treated as an experiment wants."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults import wall
from tests.faults.calls import Call
from tests.faults.world import Ground, World, ground

pytestmark = pytest.mark.e2e

Scene = Callable[[World], Awaitable[None]]


@pytest.fixture(scope="module")
def there() -> Iterator[Ground]:
    """Bring up a cluster."""
    with ground(f"world-{os.getpid()}") as found:
        yield found


@pytest.fixture
def play(there: Ground, tmp_path: Path) -> Callable[[Scene], None]:
    """Play a scene in a world of its own."""

    def whole(scene: Scene) -> None:
        async def within() -> None:
            async with asyncio.timeout(90), World(there, tmp_path) as world:
                await scene(world)

        asyncio.run(within())

    return whole


def task(namespace: str, name: str, schedule: str = "* * * * * *") -> dict[str, Any]:
    """Write a task that fires each second."""
    container = {"image": "simulated", "env": [{"name": "SIMULATED_SECONDS", "value": "0"}]}
    spec = {"schedule": schedule, "concurrencyPolicy": "Allow", "container": container}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "torchtask.dev/v1beta1", "kind": "TorchTask", "metadata": metadata, "spec": spec}


def launches(world: World, since: float = 0) -> list[Call]:
    """List the Jobs that were asked for in earnest."""
    return [call for call in world.proxy.calls if call.is_launch and call.arrived >= since]


def second(call: Call) -> int:
    """Read the fire time from the name of a Job."""
    return int(call.name.rpartition("-")[2])


def test_an_operator_works_behind_the_proxy_and_is_watched(play: Callable[[Scene], None]) -> None:
    """With the chart's permissions and a token; its calls, its log, its readiness and its size are written down."""

    async def scene(world: World) -> None:
        one = world.operators["a"]
        await one.start()
        assert await one.ready() < 20
        await world.create([task(await world.namespace("watched"), "each-second")])
        await wall.until(lambda: len(launches(world)) > 2, "launches", within=20)
        assert {call.status for call in launches(world) if call.answered} == {201}
        assert {call.operator for call in world.proxy.calls} == {"a"}
        await wall.until(lambda: one.said("a run ended"), "a run to end", within=20)
        assert {told.resource for told in world.proxy.delivered} >= {"jobs", "torchtasks"}
        sample = one.samples[-1]
        assert (sample.ready, sample.live) == (True, True)
        assert sample.resident_bytes > 10_000_000
        assert sample.descriptors > 5
        one.term()
        assert (await one.gone())[1:] == (0, True)
        assert one.defects == []

    play(scene)


def test_an_operator_is_frozen_thawed_and_killed(play: Callable[[Scene], None]) -> None:
    """Frozen it says nothing, thawed it goes on; an end that nobody asked for is seen as such."""

    async def scene(world: World) -> None:
        one, two = world.operators.values()
        await asyncio.gather(one.start(), two.start(TORCHTASK_MAX_ACTIVE="none"))
        assert (await two.gone())[1:] == (2, False)
        assert "TORCHTASK_MAX_ACTIVE" in two.defects[0]
        await one.ready()
        one.freeze()
        await wall.until(lambda: one.samples[-1].ready is None, "silence", within=10)
        one.thaw()
        await wall.until(lambda: one.samples[-1].ready, "words", within=10)
        one.kill()
        assert (await one.gone())[1:] == (-9, True)
        await one.start()
        await one.ready()
        assert len(one.exits) == 1

    play(scene)


def test_a_clock_is_off_and_steps(play: Callable[[Scene], None]) -> None:
    """An operator whose clock is a second ahead fires a second ahead; one whose clock steps far off sees that."""

    async def scene(world: World) -> None:
        one, clock = world.operators["a"], await world.clock()
        clock.step(1)
        await one.start(clock=clock)
        await one.ready()
        await world.create([task(await world.namespace("clock"), "each-second")])
        await wall.until(lambda: len(launches(world)) > 3, "launches", within=20)
        assert all(-1 <= call.arrived - second(call) < 0 for call in launches(world)[-2:])
        one.step_clock(600)
        await wall.until(lambda: one.samples[-1].ready is False, "it to be not ready", within=20)
        one.step_clock(0)
        await wall.until(lambda: one.samples[-1].ready, "it to be ready again", within=20)

    play(scene)


def test_a_token_is_taken_away(play: Callable[[Scene], None]) -> None:
    """The API server itself refuses it then."""

    async def scene(world: World) -> None:
        one = world.operators["a"]
        await one.start()
        await one.ready()
        await world.create([task(await world.namespace("token"), "each-second")])
        await world.shut_out("a")
        refused = lambda: [call for call in world.proxy.calls if call.server_status == 401]  # noqa: E731
        await wall.until(refused, "a refusal", within=30)
        await world.let_in("a")
        one.kill()
        await one.gone()
        again = wall.now()
        await one.start()
        await one.ready()
        await wall.until(lambda: [c for c in launches(world, again) if c.status == 201], "launches", within=20)

    play(scene)
