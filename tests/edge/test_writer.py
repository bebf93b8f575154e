"""The status writer, to a server that answers oddly on command: what is written, how often, and what of it is told."""

import asyncio

import pytest

from tests.edge.loopback import paced, until
from tests.edge.statuses import Statuses, written
from tests.scenario import UID, a_task, document
from tests.telling import Report
from torchtask import clock
from torchtask.engine.calm import FEW
from torchtask.engine.store import Tasks
from torchtask.engine.writer import MOST_PER_SECOND, WRITERS, Writer


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


def test_many_that_are_new_are_written_one_after_another() -> None:
    """A thousand tasks that come at once are no storm of statuses."""
    server, number = Statuses(), 3 * WRITERS

    async def act(writer: Writer, tasks: Tasks) -> None:
        server.times.clear()
        for new in map(str, range(number)):
            found = document()
            found["metadata"] |= {"uid": new, "name": new}
            tasks.changed(found)
            record = tasks.get(new)
            assert record is not None
            record.ledger = a_task().since("12:00:00").ledger
            writer.want(new)
        await until(lambda: len(server.times) >= number)

    began = clock.monotonic()
    asyncio.run(written(server, act))
    assert paced(server.times, began, WRITERS, MOST_PER_SECOND)


def test_a_status_waits_for_launches_that_are_about_to_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is begun a moment before makes them late: it costs the API server as much as several of them."""
    server = Statuses()
    monkeypatch.setattr("torchtask.engine.writer.INTERVAL_SECONDS", 0.01)

    async def act(writer: Writer, tasks: Tasks) -> None:
        record, calm = tasks.get(UID), writer._agenda.hurry.calm  # noqa: SLF001
        assert record is not None
        calm.expect(FEW)
        record.ledger = a_task().since("12:00:00").counted(missed=1).ledger
        writer.want(UID)
        await asyncio.sleep(0.2)
        assert server.patches == 1
        calm.expect(0)
        await until(lambda: server.patches >= 2)

    asyncio.run(written(server, act))


@pytest.mark.parametrize(("conflicts", "told"), [(1, 0), (3, 2)])
def test_conflicts_that_do_not_end_are_told(conflicts: int, told: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is no fault: somebody edited the task meanwhile. Who meets them again and again writes no status."""
    server, report = Statuses(conflicts=conflicts), Report()
    monkeypatch.setattr("torchtask.engine.writer.INTERVAL_SECONDS", 0.01)

    async def act(writer: Writer, tasks: Tasks) -> None:
        writer._complaint = report  # type: ignore[assignment]  # noqa: SLF001
        await until(lambda: bool(report.successes))
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
        await until(lambda: UID in writer._resting)  # noqa: SLF001
        left[0] = 60.0
        if holds:
            await server.patched.wait()
        await until(lambda: not writer._waiting and (holds or not writer._resting))  # noqa: SLF001

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


def test_a_server_that_knows_nothing_of_tasks_yet_makes_nobody_forget_them() -> None:
    """One that has just started has no page for custom resources; that is not to say that the task is gone."""
    server = Statuses(status=404, text="404 page not found")

    async def act(writer: Writer, tasks: Tasks) -> None:
        await until(lambda: UID in writer._again)  # noqa: SLF001
        assert len(tasks) == 1

    asyncio.run(written(server, act))


def test_a_task_that_is_gone_is_forgotten() -> None:
    """A status that has no object any more: it was deleted in a gap, and nobody else would tell."""
    server = Statuses(status=404)

    async def act(_: Writer, tasks: Tasks) -> None:
        await until(lambda: not len(tasks))

    asyncio.run(written(server, act))
