"""The namespace of some tasks is deleted under a running operator."""

from tests.faults import admin, wall
from tests.faults.experiment import experiment
from tests.faults.load import Task
from tests.faults.stage import Stage


@experiment("a namespace deleted while its tasks fire")
async def namespace_deleted(stage: Stage) -> None:
    """A namespace goes away with its tasks, which fire often; it comes back, with tasks of the same names."""
    doomed = await stage.world.namespace(f"{stage.namespaces[0]}-doomed")
    tasks = [Task(f"doomed-{n}", doomed, period=1, policy="Allow", limit=None) for n in range(8)]
    applied = await stage.apply(tasks)
    await stage.calm(5)
    path = admin.namespace(doomed)

    async def gone() -> bool:
        return await stage.world.admin.get(path) is None

    with stage.fault("a namespace that ends"):
        for each in applied:
            stage.change(each, deleted=wall.now())
        await stage.world.admin.delete(path)
        await wall.until_told(gone, f"{path} to be gone", within=60)
    await stage.world.namespace(doomed)
    await stage.apply(tasks)
