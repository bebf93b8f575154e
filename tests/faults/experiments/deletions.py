"""Tasks that are deleted one by one where nobody can see it: kopf never tells of it later."""

from tests.faults import wall
from tests.faults.actions import Refuse
from tests.faults.events import ErrorEvent
from tests.faults.evidence import Bounds
from tests.faults.experiment import experiment
from tests.faults.load import Task
from tests.faults.rules import On
from tests.faults.runs import Post
from tests.faults.stage import Stage

SHOWN = On(verb="list watch", resource="torchtasks")
MANY = 6
PERIODS = 3  # seconds, in which each would fire as often
RESTING = 20  # seconds in which nothing is asked about those that fire once: only a list can show that they are gone


@experiment("tasks deleted in a gap", after=4)
async def in_a_gap(stage: Stage) -> None:
    """While nobody is shown any TorchTasks some are deleted: once they are shown, those are known to be gone."""
    doomed = await stage.apply(
        Task(f"doomed-{n}", stage.namespaces[n % 2], period=1, policy="Allow", limit=None) for n in range(MANY)
    )
    time = int(wall.now()) + RESTING
    doomed += await stage.apply(Task(f"resting-{n}", stage.namespaces[n % 2], at=time) for n in range(MANY))
    await stage.calm(3)
    rule = stage.world.proxy.rule
    with (
        stage.fault("no TorchTasks are shown", hampered=True),
        rule(Refuse(503), SHOWN, name="no tasks") as refused,
        rule(ErrorEvent(504), SHOWN, name="no watch") as ended,
    ):
        await ended.reached(1)
        for applied in doomed:
            await stage.delete(applied)
        await refused.reached(1)
        await stage.calm(1)
    await stage.calm(Bounds().recovery)
    known = wall.now()
    await stage.calm(max(PERIODS, time + 2 - wall.now()))
    posts = [post for call in stage.world.proxy.calls if call.arrived > known and (post := Post.of(call))]
    if still := {post.owner for post in posts} & {applied.uid for applied in doomed}:
        stage.objections.append(f"{len(still)} of {len(doomed)} tasks that were deleted are launched")
