"""Experiments in which rules of the proxy befall calls for a while; and whether the operator tells what goes wrong."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass

from tests.faults import wall
from tests.faults.experiment import Experiment
from tests.faults.operators import Operator
from tests.faults.rules import Action, On
from tests.faults.stage import Stage
from tests.faults.told import Wanted, faults, untold

STATUSES = On(verb="patch", resource="torchtasks/status")
ALL = On()
RENEWED = 3.0  # seconds within which who leads asks for the Lease again
_HARMLESS = frozenset({"debug", "info"})


@asynccontextmanager
async def telling(stage: Stage, name: str, *wanted: Wanted) -> AsyncIterator[None]:
    """Object when what goes wrong meanwhile leaves no line in the log or no count in the metrics, or a trace.

    It is asked of each replica that leads. `wanted` is what has to be told of, in all cases something.
    """
    begun = wall.now()
    before = {o.name: faults(await o.metrics()) for o in stage.world.operators.values() if o.is_running}
    yield
    for operator in _leaders(stage, begun - RENEWED):
        after = faults(await operator.metrics())
        await operator.metrics()  # by now what had been logged before is read
        lines = [line for line in operator.log if line.fields.get("level") not in _HARMLESS]
        traces = [str(line.fields["error"]) for line in lines if line.time >= begun and "error" in line.fields]
        stage.objections += [f"{name}: the log has a trace, as of a bug: …{trace[-300:]}" for trace in traces]
        messages = [str(line.fields.get("message")) for line in lines]
        found = untold(before.get(operator.name, {}), after, messages, wanted)
        stage.objections += [f"{name}: {operator.name}: {text}" for text in found]


def _leaders(stage: Stage, since: float) -> list[Operator]:
    """Return the operators that asked for the Lease to be theirs, or for it to stay so."""
    asked = (c for c in stage.world.proxy.calls if c.arrived >= since and c.resource == "leases" and c.verb != "get")
    names = {call.operator for call in asked} or {"a"}
    return [o for o in stage.world.operators.values() if o.is_running and o.name in names]


@dataclass(frozen=True, slots=True)
class Broken:
    """What befalls which calls, for how many seconds; the act of an experiment.

    `blind`, `down`, `hampered`: as in `Fault`. `told`: the operator has to tell of it. `anew`: connections are reset
    at first.
    """

    rules: tuple[tuple[Action, On], ...]
    span: float
    blind: bool = False
    down: bool = False
    hampered: bool = False
    told: bool = True
    anew: bool = False

    async def __call__(self, stage: Stage) -> None:
        """Break them."""
        name = "+".join(str(action) for action, _ in self.rules)
        if not self.told:
            await self._break(stage, name)
            return
        async with telling(stage, name, *(Wanted.of(*rule) for rule in self.rules)):
            await self._break(stage, name)

    async def _break(self, stage: Stage, name: str) -> None:
        with (
            stage.fault(name, blind=self.blind, down=self.down, hampered=self.hampered),
            ExitStack() as on,
        ):
            rules = [on.enter_context(stage.world.proxy.rule(*rule)) for rule in self.rules]
            if self.anew:
                stage.world.proxy.reset()
            await stage.calm(self.span)
        stage.objections += [f"{rule.name} hit nothing" for rule in rules if not rule.hits]


def breaking(name: str, sentence: str, broken: Broken, *, fast: bool = False) -> Experiment:
    """Make an experiment of it."""
    return Experiment(name, sentence, broken, fast=fast)
