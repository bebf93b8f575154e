"""The status writer: what it writes is true then, and whoever reads it next can go on from it."""

import asyncio
from typing import Any

from tests.edge.loopback import until
from tests.edge.statuses import Statuses, written
from tests.launches import a_job
from tests.scenario import UID, a_task, at
from torchtask.core.launch import Attempt
from torchtask.core.ledger import fallen_back
from torchtask.engine.store import Tasks
from torchtask.engine.writer import Writer


def ask(tasks: Tasks) -> None:
    """Let something be new of the task, and a launch of it be without an answer."""
    record, state = tasks.get(UID), a_task().since("12:00:00")
    assert record is not None
    record.ledger = state.counted(missed=1).ledger
    record.flights = state.with_flight("12:00:10", Attempt.SENT, asking=True).flights


def test_a_status_waits_for_the_answer_to_a_launch_but_not_for_long() -> None:
    """It would be old a moment later, and written twice; a launch that has no answer keeps nothing to itself."""
    server = Statuses()

    async def act(writer: Writer, tasks: Tasks) -> None:
        ask(tasks)
        writer._resting.clear()  # noqa: SLF001 -- as if it had been written long ago
        writer.want(UID)
        await until(lambda: bool(writer._put_off))  # noqa: SLF001
        assert server.patches == 1
        await until(lambda: server.patches > 1)

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


def test_an_account_from_the_future_is_replaced_though_nothing_else_is_new() -> None:
    """Else whoever reads it next would begin anew once more, and lose what came in between (law L10)."""
    server = Statuses()

    async def act(writer: Writer, tasks: Tasks) -> None:
        record = tasks.get(UID)
        assert record is not None
        await until(lambda: bool(record.published))
        assert record.ledger is not None
        record.ledger = fallen_back(record.ledger, at("11:00:00"))
        writer.want(UID)
        await until(lambda: server.patches > 1)

    asyncio.run(written(server, act))


def test_at_the_end_no_status_waits_for_an_answer() -> None:
    """What is not written then is lost; and who is gone is not remembered."""
    server = Statuses()

    async def act(writer: Writer, tasks: Tasks) -> None:
        ask(tasks)
        writer.want(UID)
        await writer.flush()
        assert server.patches == 2
        assert not writer._put_off  # noqa: SLF001

    asyncio.run(written(server, act))
