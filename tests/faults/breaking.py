"""Experiments in which rules of the proxy befall calls for a while; and whether the operator tells what goes wrong."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass

from tests.faults import wall
from tests.faults.experiment import Experiment
from tests.faults.rules import Action, On
from tests.faults.stage import Stage

LAUNCHES = On(verb="create", resource="jobs")
STATUSES = On(verb="patch", resource="torchtasks/status")
ALL = On()
_HARMLESS = frozenset({"debug", "info"})


@asynccontextmanager
async def telling(stage: Stage, name: str) -> AsyncIterator[None]:
    """Object when what goes wrong meanwhile leaves no line in the log or no count in the metrics, or a trace."""
    begun, counted = wall.now(), await _faults(stage)
    yield
    lines = [line.fields for line in stage.a.log if line.time >= begun and line.fields.get("level") not in _HARMLESS]
    traces = [str(fields["error"]) for fields in lines if "error" in fields]
    stage.objections += [f"{name}: the log has a trace, as of a bug: …{trace[-300:]}" for trace in traces]
    if not lines:
        stage.objections.append(f"{name}: the log does not tell of it")
    if await _faults(stage) <= counted:
        stage.objections.append(f"{name}: the metrics do not tell of it")


async def _faults(stage: Stage) -> float:
    metrics = await stage.a.metrics()
    return sum(value for name, value in metrics.items() if name.startswith("torchtask_faults_total"))


@dataclass(frozen=True, slots=True)
class Broken:
    """What befalls which calls, for how many seconds; the act of an experiment.

    `blind`, `down`, `hampered`: as in `Fault`. `told`: the operator has to tell of it. `anew`: connections are reset
    at first; `ends_anew`: at the end.
    """

    rules: tuple[tuple[Action, On], ...]
    span: float
    blind: bool = False
    down: bool = False
    hampered: bool = False
    told: bool = True
    anew: bool = False
    ends_anew: bool = False

    async def __call__(self, stage: Stage) -> None:
        """Break them."""
        name = "+".join(str(action) for action, _ in self.rules)
        if not self.told:
            await self._break(stage, name)
            return
        async with telling(stage, name):
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
            if self.ends_anew:
                stage.world.proxy.reset()
        stage.objections += [f"{rule.name} hit nothing" for rule in rules if not rule.hits]


def breaking(name: str, sentence: str, broken: Broken, *, fast: bool = False) -> Experiment:
    """Make an experiment of it."""
    return Experiment(name, sentence, broken, fast=fast)
