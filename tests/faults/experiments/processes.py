"""Operators that die: at each point of each call, at random, and when they are asked to."""

from contextlib import suppress
from dataclasses import replace

from tests.faults import wall
from tests.faults.actions import At, Delay, Then
from tests.faults.calls import Call
from tests.faults.evidence import Bounds
from tests.faults.experiment import Act, experiment
from tests.faults.load import Task
from tests.faults.rules import On
from tests.faults.stage import Stage

FIRST_CALLS = 10  # of a start, each of which is a point to die at
KINDS = (
    On(verb="create", resource="jobs"),
    On(verb="create", resource="jobs", first=4),
    On(verb="patch", resource="torchtasks/status"),
    On(verb="patch", resource="torchtasks/status", first=9),
    On(verb="list", resource="pods"),
    On(verb="patch", resource="leases"),
)
ANSWERED = "get list create patch delete"  # what there is one answer to
AT_ONCE, IN_FLIGHT = 100, 60  # tasks of one second; 64 is what an operator asks for at once before it knows better
WIDE = {"TORCHTASK_LAUNCHES_PER_SECOND": "1000", "TORCHTASK_LAUNCHES_PER_SECOND_PER_NAMESPACE": "1000"}


@experiment("nothing broken")
async def nothing(stage: Stage) -> None:
    """Nothing is broken: what the others are compared with."""
    await stage.calm(4)


def dying(at: At) -> Act:
    """Kill the operator at a point of one call after the other: the first ones of a start, then some of each kind."""

    async def act(stage: Stage) -> None:
        begun = wall.now()
        for number in range(1, FIRST_CALLS + 1):
            await _killed(stage, at, On(first=number, verb="" if at is At.SENT else ANSWERED), from_start=True)
        for on in KINDS:
            await _killed(stage, at, on, from_start=False)
        stage.mark(f"killed when calls were {at.name.lower()}", begun, wall.now(), hampered=True)

    return act


async def _killed(stage: Stage, at: At, on: On, *, from_start: bool) -> None:
    on = replace(on, last=on.first)
    if from_start:  # else the rule would count calls of the process before
        stage.a.kill()
        await stage.a.gone()
    with stage.world.proxy.rule(Then(at, lambda _: stage.a.kill()), on, name=f"kill {at.name.lower()}") as rule:
        if from_start:
            await stage.start(stage.a)
        await rule.reached(1, within=45)
        await stage.a.gone()
    await stage.start(stage.a)
    if not from_start:
        await stage.a.ready()


def _described(act: Act, sentence: str) -> Act:
    act.__doc__ = sentence
    return act


killed_when_sent = experiment("kill -9 when a call was sent")(
    _described(dying(At.SENT), "The process is killed before the API server has heard of a call, for call after call.")
)
killed_when_committed = experiment("kill -9 when a call was committed")(
    _described(dying(At.COMMITTED), "The process is killed when the API server has done what a call asked for.")
)
killed_when_answered = experiment("kill -9 when a call was answered")(
    _described(dying(At.ANSWERED), "The process is killed when it has just been given the answer.")
)


@experiment("kill -9 at random", fast=True)
async def at_random(stage: Stage) -> None:
    """The process is killed eight times, after a moment of its life that is drawn by lot."""
    begun = wall.now()
    for _ in range(8):
        await stage.calm(stage.chance.uniform(0.5, 4))
        stage.a.kill()
        await stage.reborn(stage.a)
    stage.mark("killed", begun, wall.now(), hampered=True)


@experiment("SIGTERM with 100 creates on their way", environment=WIDE, bounds=Bounds(launches=1000))
async def terminated(stage: Stage) -> None:
    """The process is asked to end while the API server is slow to answer a hundred creates."""
    time = int(wall.now()) + 6
    namespaces = stage.namespaces
    await stage.apply(Task(f"at-once-{n}", namespaces[n % 2], at=time) for n in range(AT_ONCE))
    creates = On(verb="create", resource="jobs")
    with stage.fault("slow creates, and an end", down=True):
        with stage.world.proxy.rule(Delay(4), creates, name="slow creates") as rule:
            with suppress(wall.NeverError):
                await wall.until(lambda: len(_open(rule.calls)) >= IN_FLIGHT, "creates in flight", within=15)
            if len(_open(rule.calls)) < IN_FLIGHT:
                stage.object(f"only {len(_open(rule.calls))} creates were in flight", since=time)
            stage.a.term()
            asked = wall.now()
            await stage.a.gone()
        assert stage.a.exits[-1].code == 0, stage.a.tail()
        if stage.a.exits[-1].time - asked > 12:
            stage.object("it took longer to end than 10 s for what is in flight", since=asked)
        await stage.start(stage.a)


def _open(calls: list[Call]) -> list[Call]:
    return [call for call in calls if call.answered is None]


@experiment("the process stopped for 20 s")
async def stopped(stage: Stage) -> None:
    """The process stands still for 20 s (SIGSTOP), as on a node that is short of time, and then goes on."""
    with stage.fault("stopped", down=True):
        stage.a.freeze()
        await stage.calm(20)
        stage.a.thaw()
