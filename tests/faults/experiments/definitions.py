"""A cluster that forgets what a TorchTask is, or is very slow."""

from tests.faults import wall
from tests.faults.actions import Delay
from tests.faults.backoff import UNDEFINED
from tests.faults.breaking import ALL, telling
from tests.faults.evidence import Bounds
from tests.faults.experiment import experiment
from tests.faults.load import Task
from tests.faults.stage import Stage

MANY = 1000
ANEW = Bounds(recovery=Bounds().recovery + 3)  # kopf has ended without a definition, and begins again within 3 s


@experiment("definition deleted and created again", bounds=ANEW, after=13)
async def redefined(stage: Stage) -> None:
    """The definition is deleted, and with it all tasks and their Jobs; 8 s later both are created again."""
    async with telling(stage, UNDEFINED):
        with stage.fault(UNDEFINED, blind=True, down=True):
            tasks = await _undefined(stage)
            await stage.calm(8)
        await _defined(stage, tasks)


@experiment("no definition at the start", bounds=ANEW, after=13)
async def undefined(stage: Stage) -> None:
    """The operator starts where TorchTasks are not defined, and waits until they are; it lives, and is not ready."""
    stage.a.term()
    await stage.a.gone()
    with stage.fault(UNDEFINED, blind=True, down=True):
        tasks = await _undefined(stage)
        begun = wall.now()
        await stage.start(stage.a)
        await stage.calm(12)
        lives = [sample for sample in stage.a.samples if sample.time > begun and sample.live]
        if any(sample.ready for sample in lives) or not lives[-1:] or lives[-1].time < wall.now() - 1:
            stage.objections.append("without a definition it has to live, and not to be ready")
    await _defined(stage, tasks)


async def _undefined(stage: Stage) -> list[Task]:
    gone = [stage.change(applied, deleted=wall.now()).task for applied in stage.some()]
    await stage.world.undefine()
    return [task for task in gone if task.at is None]


async def _defined(stage: Stage, tasks: list[Task]) -> None:
    """Define them again; when the API server serves them all is healed, and the tasks may come."""
    with stage.fault("a definition that comes", down=True):
        await stage.world.define()
    await stage.apply(tasks)


@experiment("2 s latency with 1,000 tasks")
async def slow(stage: Stage) -> None:
    """Every call takes 2 s more for 20 s, under a load of a thousand tasks more; one in five fires each minute."""
    namespaces, later = stage.namespaces, int(wall.now()) + 3600
    firing = [Task(f"minutely-{n}", namespaces[n % 2], period=60, offset=n % 60) for n in range(0, MANY, 5)]
    waiting = [Task(f"later-{n}", namespaces[n % 2], at=later) for n in range(MANY) if n % 5]
    await stage.apply([*firing, *waiting])
    await stage.calm(5)
    with stage.fault("latency"), stage.world.proxy.rule(Delay(2), ALL, name="2 s") as rule:
        await stage.calm(20)
    assert rule.hits, "no call took longer"
