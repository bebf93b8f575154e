"""The sight of TorchTasks: what a list tells that nobody else would."""

import asyncio
from typing import Any, cast

import pytest

from tests.edge.loopback import until
from tests.scenario import document
from torchtask.cluster.api import Api
from torchtask.cluster.errors import ApiError
from torchtask.engine.agenda import Agenda
from torchtask.engine.task_sight import TaskSight
from torchtask.engine.told import Told
from torchtask.settings import Settings


def a_sight(server: object) -> TaskSight:
    """Make one that asks `server`."""
    agenda = Agenda()
    return TaskSight(cast(Api, server), Settings(), agenda, agenda.drop, lambda: None, Told().complaints)


class Definition:
    """An API server that has no TorchTasks until they are defined."""

    def __init__(self) -> None:
        self.defined = False

    async def get(self, path: str, **_: str) -> dict[str, Any]:
        """List."""
        if not self.defined:
            raise ApiError(404, "NotFound", path)
        return {"metadata": {"resourceVersion": "1"}, "items": []}


def test_a_definition_that_is_served_again_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once: who watches may have looked for it a moment too early."""
    monkeypatch.setattr("torchtask.engine.task_sight.SOON_SECONDS", 0.01)
    server, told = Definition(), list[int]()

    async def check() -> None:
        sight = a_sight(server)
        sight.served_again = lambda: told.append(1)
        listing = asyncio.create_task(sight.run())
        await asyncio.sleep(0.05)
        assert told == []
        server.defined = True
        await until(lambda: bool(told))
        sight.sweep()
        await asyncio.sleep(0.05)
        listing.cancel()

    asyncio.run(check())
    assert told == [1]


class SetBack:
    """An API server whose store is of an older version at each list from the second one on."""

    def __init__(self) -> None:
        self.lists = 0

    async def get(self, _: str, **__: str) -> dict[str, Any]:
        """List a task, named by how often it was listed."""
        self.lists += 1
        task = document()
        task["metadata"] |= {"resourceVersion": "90" if self.lists == 1 else "4", "generation": self.lists}
        return {"metadata": {"resourceVersion": "100" if self.lists == 1 else "5"}, "items": [task]}


def test_a_store_that_was_set_back_is_believed_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not at once: an API server may lag. Later nothing else would ever be heard of a task (decision 12)."""
    monkeypatch.setattr("torchtask.engine.task_sight.SOON_SECONDS", 0.01)
    monkeypatch.setattr("torchtask.cluster.trust.OLD_SECONDS", 0.1)
    server = SetBack()

    async def check() -> None:
        sight = a_sight(server)
        listing = asyncio.create_task(sight.run())
        await asyncio.sleep(0.05)
        sight.sweep()
        await until(lambda: server.lists >= 3)
        assert [record.version for record in sight.tasks] == [90]
        await until(lambda: [record.version for record in sight.tasks] == [4])
        listing.cancel()

    asyncio.run(check())
