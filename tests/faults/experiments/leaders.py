"""Two operators: the hand-over from one to the other, and what happens when both believe that they lead."""

import json
from dataclasses import dataclass, replace
from http import HTTPStatus

from tests.faults import wall
from tests.faults.actions import Silence
from tests.faults.answers import Answer
from tests.faults.calls import Call
from tests.faults.evidence import Bounds
from tests.faults.exchange import Exchange
from tests.faults.experiment import experiment
from tests.faults.operators import Operator
from tests.faults.rules import LAUNCHES, Action, On, Rule
from tests.faults.stage import LEASE, Stage

WRITES = On(verb="create patch update delete", where=lambda c: not c.is_dry_run and c.resource != "leases")
MADE = On(verb="create", resource="leases", where=lambda call: call.status == HTTPStatus.CREATED)
SOON, LONG = 3.0, 20.0  # seconds until the other one writes, after SIGTERM and after kill -9
TERM, NOTICED = 15, 5  # seconds for which a Lease is held, and in which it is noticed that it is another's


async def _leader(stage: Stage) -> tuple[Operator, Operator]:
    """Return who leads, by the Jobs that are asked for, and who stands by."""

    def last() -> Call | None:
        asked = (c for c in reversed(stage.world.proxy.calls) if c.is_launch)
        return next(asked, None)

    call = await wall.until(last, "a launch", within=20)
    operators = stage.world.operators
    return operators[call.operator], next(o for name, o in operators.items() if name != call.operator)


async def _writes(stage: Stage, operator: Operator, since: float, *, what: On = WRITES, within: float) -> float:
    """Wait until an operator writes; return when it first did. The Lease itself, and dry runs, are no writes."""

    def first() -> float | None:
        calls = (c for c in stage.world.proxy.calls if c.arrived >= since and c.operator == operator.name)
        return next((c.arrived for c in calls if what.is_for(c)), None)

    return await wall.until(first, f"{operator.name} to write", within=within)


async def _hand_over(stage: Stage, other: Operator, what: str, allowed: float) -> None:
    """Wait until the other one writes, note how long that took, and object when it is longer than is allowed.

    By as much as this machine was too busy meanwhile it may take longer, and no more.
    """
    begun = wall.now()
    took = await _writes(stage, other, begun, within=3 * LONG) - begun
    stage.notes.append(f"{other.name} writes {took:.1f} s after {what}")
    if took > allowed + (busy := stage.slow_for(begun)):
        stage.objections.append(f"{stage.notes[-1]}, of which the machine was busy for {busy:.1f} s")


@experiment("hand-over on SIGTERM", replicas="ab", fast=True)
async def handed_over(stage: Stage) -> None:
    """The leader is asked to end; the other one writes within 3 s."""
    leader, other = await _leader(stage)
    with stage.fault("hand-over", down=True):
        leader.term()
        await _hand_over(stage, other, "SIGTERM", SOON)
    assert (await leader.gone()).code == 0, leader.tail()
    await stage.start(leader)


@experiment("hand-over on kill -9", replicas="ab")
async def taken_over(stage: Stage) -> None:
    """The leader is killed; the other one writes within 20 s, when the Lease has run out."""
    leader, other = await _leader(stage)
    with stage.fault("hand-over", down=True):
        leader.kill()
        await _hand_over(stage, other, "kill -9", LONG)
    await stage.reborn(leader)


@dataclass(frozen=True)
class Pretend(Action):
    """Let everybody have the Lease: it is free, and each is answered as if what it asked for had been written."""

    of_calls = True

    async def before(self, rule: Rule, exchange: Exchange) -> Answer:
        """Answer with what was asked for."""
        call = exchange.call
        document = json.loads(call.body or b'{"spec": {"holderIdentity": ""}}')
        document.setdefault("metadata", {}).update(uid=f"of-{call.operator}", resourceVersion=str(len(rule.calls)))
        document.setdefault("kind", "Lease")
        return Answer(200, json.dumps(document).encode(), {"Content-Type": "application/json"})


@experiment("two leaders at once", replicas="ab", bounds=Bounds(overlap=True, given_up=True))
async def both(stage: Stage) -> None:
    """Each of two operators is told that the Lease is its own, for 15 s."""
    with stage.world.proxy.rule(Pretend(), On(resource="leases"), name="a Lease for each"):
        await stage.calm(15)
    asked = {c.operator for c in stage.world.proxy.calls if c.is_launch and c.arrived > wall.now() - 8}
    assert asked == {"a", "b"}, f"only {asked} launched"


@experiment("the leader frozen between decision and request", replicas="ab", bounds=Bounds(overlap=True, given_up=True))
async def frozen(stage: Stage) -> None:
    """A leader's Jobs are on their way while it is stopped, and arrive when the other one has taken over."""
    leader, other = await _leader(stage)
    begun, on = wall.now(), replace(LAUNCHES, operator=leader.name)
    with stage.world.proxy.rule(Silence(late=True), on, name="late") as rule:
        await rule.reached(1)
        leader.freeze()
        taken = await _writes(stage, other, begun, what=LAUNCHES, within=2 * LONG)
    stage.mark("a frozen leader", begun, wall.now(), down=True)
    await wall.until(lambda: all(c.server_status for c in rule.calls), "what was held to arrive", within=10)
    early = [call.name for call in rule.calls if (call.forwarded or 0) < taken]
    assert not early, f"{early} were not held until {other.name} led"
    await stage.calm(2)
    leader.thaw()


@experiment("the Lease deleted", replicas="ab")
async def lease_deleted(stage: Stage) -> None:
    """Somebody deletes the Lease, three times: who held it makes it again."""
    for _ in range(3):
        lease = await stage.world.admin.get(LEASE)
        assert lease, "there is no Lease"
        holder, begun = stage.world.operators[lease["spec"]["holderIdentity"]], wall.now()
        with stage.fault("no Lease", hampered=True):
            await stage.world.admin.delete(LEASE)
            await _writes(stage, holder, begun, what=MADE, within=NOTICED)
        await stage.calm(2)


@experiment("the Lease stolen", replicas="ab")
async def lease_stolen(stage: Stage) -> None:
    """Somebody else writes a name of his own into the Lease, and never renews it."""
    with stage.fault("a stolen Lease", down=True):
        await stage.world.admin.merge(LEASE, {"spec": {"holderIdentity": "thief"}})
        begun = wall.now()
        await stage.calm(NOTICED + 2)
        late = [c for c in stage.world.proxy.calls if c.arrived > begun + NOTICED and c.is_launch]
        if late:
            stage.object(f"{late[0].operator} launched, though the Lease was not its own", since=begun)
        await wall.until(
            lambda: any(c.is_launch and c.arrived > begun + NOTICED for c in stage.world.proxy.calls),
            "one to take it back", within=TERM + 5,
        )  # fmt: skip
