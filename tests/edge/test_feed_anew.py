"""The change feed: whatever ends kopf, or keeps it from watching, it is begun anew."""

import asyncio
from typing import Any

import pytest

from tests.edge.feeding import feeding
from tests.edge.loopback import until
from tests.telling import Report, complaint
from torchtask.cluster import paths
from torchtask.engine import feed


def test_kopf_is_started_again_when_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """However it ends; and it ends when it is to."""
    begun: list[int] = []
    monkeypatch.setattr(feed, "RESTART_SECONDS", 0.1)

    async def operator(**_: Any) -> None:
        begun.append(1)
        await asyncio.sleep(0.05)
        if len(begun) < 3:
            raise RuntimeError("an ERROR in the stream")
        await asyncio.Event().wait()

    monkeypatch.setattr("kopf.operator", operator)

    async def check() -> None:
        async with feeding(complaint()) as fed:
            await until(lambda: len(begun) == 3)
            fed._heard_of(paths.TASKS, None)  # noqa: SLF001 -- as its session does
            assert not fed.obstacle()
            assert not fed.ails()
        assert fed.ails()

    asyncio.run(check())


def test_what_kopf_leaves_behind_when_it_ends_is_told_without_a_trace(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Two of its watches may fail at once, and it asks one of them why: the other would look like a bug of ours."""
    monkeypatch.setattr(feed, "RESTART_SECONDS", 0.01)
    report, watches = Report(), list[asyncio.Task[None]]()

    async def other_watch() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise RuntimeError("an ERROR in the other stream")

    async def operator(**_: Any) -> None:
        watches.append(asyncio.create_task(other_watch()))
        await asyncio.sleep(0)
        raise RuntimeError("an ERROR in the stream")

    monkeypatch.setattr("kopf.operator", operator)

    async def check() -> None:
        async with feeding(report):
            await until(lambda: any("the other stream" in str(error) for error in report.failures))

    asyncio.run(check())
    assert not [record for record in caplog.records if record.exc_info]


def test_a_kopf_that_hangs_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """It watches, for all it says, and asks for nothing any more: only a new process helps."""
    monkeypatch.setattr(feed, "STUCK_SECONDS", 0.2)

    async def operator(**_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("kopf.operator", operator)

    async def check() -> None:
        async with feeding(complaint()) as fed:
            fed._heard_of(paths.TASKS, None)  # noqa: SLF001 -- as its session does
            assert not fed.ails()
            await until(lambda: bool(fed.ails()))
            assert not fed.obstacle()

    asyncio.run(check())


def test_who_was_granted_no_watch_since_kopf_began_is_not_watching(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kopf also runs where the definition of TorchTasks is gone: then nothing is seen, and nobody may say otherwise."""
    monkeypatch.setattr(feed, "RESTART_SECONDS", 0.01)
    begun = list[int]()

    async def operator(**_: Any) -> None:
        begun.append(1)
        await asyncio.Event().wait()

    monkeypatch.setattr("kopf.operator", operator)

    async def check() -> None:
        async with feeding(complaint()) as fed:
            await until(lambda: len(begun) == 1)
            assert fed.obstacle()
            fed._heard_of(paths.TASKS, None)  # noqa: SLF001 -- as its session does
            assert not fed.obstacle()
            fed.begin_anew()
            await until(lambda: len(begun) == 2)
            assert fed.obstacle()

    asyncio.run(check())


def test_a_kopf_that_is_granted_no_watch_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server told it to come back in an hour, or it does not know that there are TorchTasks: it would stay deaf."""
    monkeypatch.setattr(feed, "DEAF_SECONDS", 0.2)
    monkeypatch.setattr(feed, "RESTART_SECONDS", 0.01)
    begun, report = list[int](), Report()

    async def operator(**_: Any) -> None:
        begun.append(1)
        await asyncio.Event().wait()

    monkeypatch.setattr("kopf.operator", operator)

    async def check() -> None:
        async with feeding(report) as fed:
            await until(lambda: len(begun) == 3 and len(report.failures) >= 2)
            assert not fed.ails()

    asyncio.run(check())
    assert "no watch" in str(report.failures[0])
