"""Sight: what is known well enough to decide by, and who is looked at for it."""

import asyncio
from typing import cast

from tests.launches import a_job
from tests.scenario import UID, document
from torchtask import clock
from torchtask.cluster.api import Api
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
        sight.task_sight.are_listed = sight._holds_known = True  # noqa: SLF001 -- as if all was listed
        sight._jobs.sighted.set()  # noqa: SLF001
        sight.task_sight.heard()
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
        sight.task_sight.take("ADDED", document())
        sight.runs.changed(job)
        assert list(agenda.take(clock.now())) == [UID]
        sight.task_sight.take("DELETED", document())
        sight.runs.gone("job")
        assert agenda.next_time() is None

    asyncio.run(check())
