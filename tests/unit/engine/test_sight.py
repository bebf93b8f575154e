"""Sight: what is known well enough to decide by, and who is looked at for it."""

import asyncio
from typing import Any, cast

import pytest

from tests.launches import a_job
from tests.scenario import UID, document
from torchtask import clock
from torchtask.cluster.api import Api
from torchtask.cluster.errors import ApiError
from torchtask.engine.agenda import Agenda
from torchtask.engine.sight import BLIND_SECONDS, Sight
from torchtask.engine.told import Told
from torchtask.settings import Settings


def a_sight(agenda: Agenda) -> Sight:
    """Make one that asks nobody."""
    return Sight(cast(Api, None), Settings(), agenda, agenda.drop, Told().complaints)


def test_jobs_that_were_not_heard_of_for_long_are_out_of_sight() -> None:
    """Also while they are listed anew, which may take long: runs may have ended, and others begun (L10)."""

    async def check() -> None:
        sight = a_sight(Agenda())
        for known in (sight._listed, sight._holds_known, sight._jobs.sighted):  # noqa: SLF001 -- as if all was listed
            known.set()
        sight.heard()
        sight._jobs.fresh_time = clock.monotonic()  # noqa: SLF001
        assert sight.is_clear
        sight._jobs.fresh_time -= BLIND_SECONDS  # noqa: SLF001
        assert not sight.is_clear

    asyncio.run(check())


def test_a_task_that_is_gone_is_not_looked_at_as_its_jobs_go() -> None:
    """Who stands by looks at nobody, and would keep it in mind for ever."""

    async def check() -> None:
        agenda = Agenda()
        sight = a_sight(agenda)
        job = a_job()
        job["metadata"] |= {"uid": "job", "resourceVersion": "7", "creationTimestamp": "2026-06-01T12:00:10Z"}
        sight.take("ADDED", document())
        sight.runs.changed(job)
        assert list(agenda.take(clock.now())) == [UID]
        sight.take("DELETED", document())
        sight.runs.gone("job")
        assert agenda.next_time() is None

    asyncio.run(check())


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
    monkeypatch.setattr("torchtask.engine.sight.SOON_SECONDS", 0.01)
    server, told = Definition(), list[int]()

    async def check() -> None:
        sight = Sight(cast(Api, server), Settings(), agenda := Agenda(), agenda.drop, Told().complaints)
        sight.served_again = lambda: told.append(1)
        listing = asyncio.create_task(sight._list_tasks())  # noqa: SLF001
        await asyncio.sleep(0.05)
        assert told == []
        server.defined = True
        async with asyncio.timeout(5):
            while not told:  # noqa: ASYNC110 -- nobody tells
                await asyncio.sleep(0.001)
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
    monkeypatch.setattr("torchtask.engine.sight.SOON_SECONDS", 0.01)
    monkeypatch.setattr("torchtask.engine.sight.OLD_SECONDS", 0.1)
    server = SetBack()

    async def check() -> None:
        sight = Sight(cast(Api, server), Settings(), agenda := Agenda(), agenda.drop, Told().complaints)
        listing = asyncio.create_task(sight._list_tasks())  # noqa: SLF001
        await asyncio.sleep(0.05)
        sight.sweep()
        async with asyncio.timeout(5):
            while server.lists < 3:  # noqa: ASYNC110 -- nobody tells
                await asyncio.sleep(0.001)
            assert [record.version for record in sight.tasks] == [90]
            while [record.version for record in sight.tasks] != [4]:  # noqa: ASYNC110 -- as above
                await asyncio.sleep(0.001)
        listing.cancel()

    asyncio.run(check())
