"""The status writer, to a server that answers oddly on command: what is written, how often, and what of it is told."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from tests.edge.loopback import served
from tests.launches import a_job
from tests.scenario import UID, a_task, at, document
from tests.telling import Report
from torchtask.core.caps import Limits
from torchtask.core.launch import Attempt
from torchtask.core.ledger import fallen_back
from torchtask.engine.agenda import Agenda
from torchtask.engine.launches import Launches
from torchtask.engine.sight import Sight
from torchtask.engine.store import Tasks
from torchtask.engine.told import Told
from torchtask.engine.writer import WRITERS, Writer
from torchtask.settings import Settings


class Statuses:
    """An API server that takes statuses, but for the first `conflicts`; or gives another answer."""

    def __init__(self, status: int = 200, text: str = "", conflicts: int = 0) -> None:
        self.status, self.text, self.patches, self.conflicts = status, text, 0, conflicts
        self.patched = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a patch, or a look at the task."""
        if request.method == "PATCH":
            self.patches += 1
            self.patched.set()
            await asyncio.sleep(0.05)
        if self.text:
            return web.Response(status=self.status, text=self.text)
        answer = document() | {"reason": "NotFound"}
        answer["metadata"]["resourceVersion"] = str(self.patches + 1)
        conflict = request.method == "PATCH" and self.patches <= self.conflicts
        return web.json_response(answer, status=409 if conflict else self.status)


def for_ever() -> float:
    """Permit all."""
    return 60.0


async def written(
    server: Statuses,
    act: Callable[[Writer, Tasks], Awaitable[None]],
    permit: Callable[[], float] = for_ever,
    holds: Callable[[], bool] = lambda: True,
) -> Tasks:
    """Run a writer for one task that was just decided."""
    async with served(server.answer) as api:
        agenda, told = Agenda(), Told()
        sight = Sight(api, Settings(), agenda, agenda.drop, told.complaints)
        sight.tasks.changed(document())
        record = sight.tasks.get(UID)
        assert record is not None
        record.ledger = a_task().since("12:00:00").ledger
        launches = Launches(api, sight, agenda, Limits(), told)
        writer = Writer(api.lane(64, permit), sight, launches, agenda.wake, told, holds)
        running = asyncio.create_task(writer.run())
        writer.want(UID)
        async with asyncio.timeout(10):
            while not (server.patched.is_set() or permit() <= 0):  # noqa: ASYNC110 -- either
                await asyncio.sleep(0.001)
        await act(writer, sight.tasks)
        running.cancel()
        return sight.tasks


def test_a_status_is_written_once_a_second_at_most() -> None:
    """What is decided while a patch is under way goes into the next one, and not beside it."""
    server = Statuses()

    async def act(writer: Writer, tasks: Tasks) -> None:
        record = tasks.get(UID)
        assert record is not None
        for missed in range(5):
            record.ledger = a_task().since("12:00:00").counted(missed=missed).ledger
            writer.want(UID)
            await asyncio.sleep(0.02)
        assert server.patches == 1

    asyncio.run(written(server, act))


def test_a_status_waits_for_the_answer_to_a_launch_but_not_for_long() -> None:
    """It would be old a moment later, and written twice; a launch that has no answer keeps nothing to itself."""
    server = Statuses()

    async def act(writer: Writer, tasks: Tasks) -> None:
        record = tasks.get(UID)
        assert record is not None
        asked = a_task().since("12:00:00").with_flight("12:00:10", Attempt.SENT, asking=True)
        record.ledger, record.flights = a_task().since("12:00:00").counted(missed=1).ledger, asked.flights
        writer._resting.clear()  # noqa: SLF001 -- as if it had been written long ago
        writer.want(UID)
        async with asyncio.timeout(10):
            while not writer._put_off:  # noqa: ASYNC110, SLF001 -- the writer has no event to wait for
                await asyncio.sleep(0)
            assert server.patches == 1
            while server.patches == 1:  # noqa: ASYNC110 -- as above
                await asyncio.sleep(0.001)

    asyncio.run(written(server, act))


def test_a_run_that_was_just_accepted_is_active_once() -> None:
    """Its Job is seen, and its launch not settled yet."""
    server, told = Statuses(), list[Any]()

    async def act(writer: Writer, tasks: Tasks) -> None:
        record = tasks.get(UID)
        assert record is not None
        assert record.ledger is not None
        job = a_job()
        job["metadata"] |= {"uid": "job", "resourceVersion": "7", "creationTimestamp": "2026-06-01T12:00:10Z"}
        writer._sight.runs.changed(job)  # noqa: SLF001
        record.flights = a_task().with_flight("12:00:10", Attempt.ACCEPTED).flights
        told.append(writer._render(record, record.ledger)["active"])  # noqa: SLF001

    asyncio.run(written(server, act))
    assert told == [1]


def test_a_status_that_was_written_before_we_took_over_tells_nothing() -> None:
    """What the server holds now is still to be read: the answer's version would have it passed over."""
    server = Statuses()

    async def act(_: Writer, tasks: Tasks) -> None:
        tasks.begin_anew()
        await asyncio.sleep(0.1)
        record = tasks.get(UID)
        assert record is not None
        assert (record.version, record.unread) == (1, True)

    asyncio.run(written(server, act))


def test_many_who_have_nothing_to_write_let_others_have_their_turn() -> None:
    """Ten thousand tasks that are looked at anew would else keep the loop to themselves for most of a second."""
    server, turns = Statuses(), 0

    async def act(writer: Writer, _: Tasks) -> None:
        nonlocal turns
        for number in range(1000):
            writer.want(f"gone {number}")
        while writer._waiting:  # noqa: SLF001 -- it has no event to wait for
            await asyncio.sleep(0)
            turns += 1

    asyncio.run(written(server, act))
    assert turns > 1000 / (2 * WRITERS)


@pytest.mark.parametrize(("tasks", "seconds"), [(1, 1.0), (25, 1.0), (50, 2.0), (10_000, 5.0)])
def test_statuses_are_written_less_often_the_more_tasks_have_news(tasks: int, seconds: float) -> None:
    """A status a second of each of many tasks would take more of the API server than their launches do."""

    async def act(writer: Writer, _: Tasks) -> None:
        writer._resting = set(map(str, range(tasks)))  # noqa: SLF001 -- as if all had just been written
        assert writer._interval == seconds  # noqa: SLF001

    asyncio.run(written(Statuses(), act))


@pytest.mark.parametrize(("conflicts", "told"), [(1, 0), (3, 2)])
def test_conflicts_that_do_not_end_are_told(conflicts: int, told: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is no fault: somebody edited the task meanwhile. Who meets them again and again writes no status."""
    server, report = Statuses(conflicts=conflicts), Report()
    monkeypatch.setattr("torchtask.engine.writer.INTERVAL_SECONDS", 0.01)

    async def act(writer: Writer, tasks: Tasks) -> None:
        writer._complaint = report  # type: ignore[assignment]  # noqa: SLF001
        async with asyncio.timeout(10):
            while not report.successes:  # noqa: ASYNC110 -- the writer has no event to wait for
                await asyncio.sleep(0.001)
        assert len(tasks) == 1

    asyncio.run(written(server, act))
    assert len(report.failures) == told


@pytest.mark.parametrize("holds", [True, False])
def test_a_status_that_nobody_may_write_is_written_when_the_lease_is_ours_again(
    *, holds: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ran out in an outage, and nobody else took it: nothing else would remind us. Else another writes."""
    monkeypatch.setattr("torchtask.engine.writer.AFTER_A_FAULT_SECONDS", 0.01)
    server, left = Statuses(), [0.0]

    async def act(writer: Writer, _: Tasks) -> None:
        async with asyncio.timeout(10):
            while UID not in writer._resting:  # noqa: ASYNC110, SLF001 -- it was tried
                await asyncio.sleep(0.001)
        left[0] = 60.0
        if holds:
            await server.patched.wait()
        async with asyncio.timeout(10):
            while writer._waiting or (not holds and writer._resting):  # noqa: ASYNC110, SLF001
                await asyncio.sleep(0.001)

    asyncio.run(written(server, act, lambda: left[0], lambda: holds))
    assert bool(server.patches) is holds


def test_a_status_that_was_being_written_at_the_end_is_written_once_more() -> None:
    """The patch was broken off with whoever sent it."""
    server = Statuses()

    async def act(writer: Writer, _: Tasks) -> None:
        assert writer._resting == {UID}  # noqa: SLF001 -- being written
        await writer.flush()
        assert server.patches == 2

    asyncio.run(written(server, act))


def test_an_account_from_the_future_is_replaced_though_nothing_else_is_new() -> None:
    """Else whoever reads it next would begin anew once more, and lose what came in between (law L10)."""
    server = Statuses()

    async def act(writer: Writer, tasks: Tasks) -> None:
        record = tasks.get(UID)
        assert record is not None
        async with asyncio.timeout(10):
            while not record.published:  # noqa: ASYNC110 -- the writer has no event to wait for
                await asyncio.sleep(0.001)
            assert record.ledger is not None
            record.ledger = fallen_back(record.ledger, at("11:00:00"))
            writer.want(UID)
            while server.patches == 1:  # noqa: ASYNC110 -- as above
                await asyncio.sleep(0.001)

    asyncio.run(written(server, act))


def test_a_server_that_knows_nothing_of_tasks_yet_makes_nobody_forget_them() -> None:
    """One that has just started has no page for custom resources; that is not to say that the task is gone."""
    server = Statuses(status=404, text="404 page not found")

    async def act(writer: Writer, tasks: Tasks) -> None:
        async with asyncio.timeout(10):
            while UID not in writer._again:  # noqa: ASYNC110, SLF001 -- it is to be written again
                await asyncio.sleep(0.01)
        assert len(tasks) == 1

    asyncio.run(written(server, act))


def test_a_task_that_is_gone_is_forgotten() -> None:
    """A status that has no object any more: it was deleted in a gap, and nobody else would tell."""
    server = Statuses(status=404)

    async def act(_: Writer, tasks: Tasks) -> None:
        async with asyncio.timeout(10):
            while len(tasks):  # noqa: ASYNC110 -- the store has no event to wait for
                await asyncio.sleep(0.01)

    asyncio.run(written(server, act))
