"""Watches that break, lie, or lag, also while tasks come, change and go."""

from tests.faults import wall
from tests.faults.actions import Pages, Refuse
from tests.faults.breaking import ALL, Broken, breaking
from tests.faults.churn import NAMES, churn
from tests.faults.events import After, CutEvent, Drop, Duplicate, ErrorEvent, Garble, Lag
from tests.faults.experiment import Experiment, experiment
from tests.faults.load import Task
from tests.faults.rules import On
from tests.faults.stage import Stage

CHANGES = On(resource="torchtasks", prefix=NAMES, every=3)
"""Of what happens to the tasks that come, change and go every third event."""


def churning(name: str, sentence: str, broken: Broken) -> Experiment:
    """Make an experiment of it in which tasks come, change and go meanwhile."""

    async def act(stage: Stage) -> None:
        async with churn(stage):
            await broken(stage)

    act.__doc__ = sentence
    return experiment(name, after=4)(act)


gone = breaking(
    "410 on watch",
    "Each watch that is opened is told that its version is too old, and open ones end so, for 10 s.",
    Broken(((Refuse(410), On(verb="watch", every=2)), (ErrorEvent(410), ALL)), span=10, hampered=True),
    fast=True,
)
gone_on_the_way = breaking(
    "410 on continue",
    "Lists come in pages of 5, and none gets beyond its first one for 10 s: its version is too old already.",
    Broken(
        (
            (Pages(5), On(verb="list")),
            (Refuse(410), On(verb="list", where=lambda call: "continue" in call.query)),
        ),
        span=10,
        blind=True,
        anew=True,
    ),
)
_errors = [
    churning(
        f"ERROR {code} in the stream",
        f"Each watch ends with an ERROR event of code {code} as soon as it is open, for 10 s.",
        Broken(((ErrorEvent(code), ALL),), span=10, hampered=True),
    )
    for code in (500, 504, 429)
]
error_500, error_504, error_429 = _errors
cut = churning(
    "events cut in the middle",
    "Every seventh event is cut, and its connection with it; for 15 s.",
    Broken(
        ((CutEvent(), On(every=7)), (CutEvent(clean=True), On(every=8)), (CutEvent(), CHANGES)), span=15, hampered=True
    ),
)
garbled = churning(
    "events that are none",
    "Every tenth event is something else, as of a gateway; for 12 s.",
    Broken(
        ((Garble(), On(every=10)), (Garble(b"<html>\n"), On(every=11)), (Garble(), CHANGES)), span=12, hampered=True
    ),
)
doubled = churning(
    "events doubled",
    "Every third event comes twice, for 15 s.",
    Broken(((Duplicate(), On(every=3)), (Duplicate(), CHANGES)), span=15, told=False),
)
reordered = churning(
    "events reordered",
    "Every third event of a Job comes after the next one of a TorchTask, and the other way round; for 15 s.",
    Broken(
        (
            (After("torchtasks"), On(resource="jobs", every=3)),
            (After("jobs"), On(resource="torchtasks", every=3)),
            (After("jobs"), CHANGES),
        ),
        span=15,
        hampered=True,
        told=False,
    ),
)


@experiment("events dropped", after=4)
async def dropped(stage: Stage) -> None:
    """Every fifth event of Jobs and TorchTasks is lost for 15 s, and nothing tells; then the watches are too old."""
    rule, both = stage.world.proxy.rule, {"jobs", "torchtasks"}
    async with churn(stage):
        with stage.fault("events dropped", hampered=True):
            with (
                rule(Drop(), On(resource=" ".join(both), every=5), name="lost") as some,
                rule(Drop(), CHANGES, name="lost") as changes,
            ):
                await stage.calm(15)
            with rule(ErrorEvent(410), On(resource=" ".join(both)), name="too old") as ended:
                await wall.until(lambda: {c.resource for c in ended.calls} >= both, "both watches to end", within=30)
    assert some.hits, "no event was lost"
    assert changes.hits, "no event of a task that came, changed or went was lost"


@experiment("the Jobs lag behind", fast=True)
async def lagging(stage: Stage) -> None:
    """Job lists and events tell what was 3 s ago, for 15 s, and the Jobs are listed three times: nothing overlaps."""
    full = [Task(f"lag-{n}", stage.namespaces[n % 2], period=1, seconds=n % 3) for n in range(6)]
    await stage.apply(full)
    await stage.calm(3)
    rule = stage.world.proxy.rule
    with (
        stage.fault("the Jobs lag behind", hampered=True),
        rule(Lag(3), On(verb="list watch", resource="jobs"), name="lag") as lag,
    ):
        for _ in range(3):
            await stage.calm(3)
            with rule(ErrorEvent(410), On(resource="jobs", last=1), name="cut") as cut:
                await cut.reached(1)
                await stage.calm(2)
    lists = [call for call in lag.calls if call.verb == "list" and call.status == 200]
    if len(lists) < 3:
        stage.objections.append(f"only {len(lists)} lists lagged")
