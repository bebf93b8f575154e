"""The judge of templates: a refusal stands until it is doubted, and it is doubted by itself."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.edge.loopback import paced, until
from tests.scenario import UID, a_task
from tests.telling import Report, complaint
from torchtask import clock
from torchtask.cluster.errors import ApiError
from torchtask.engine import judge
from torchtask.engine.calm import FEW, Calm
from torchtask.engine.judge import AT_ONCE, PER_SECOND, Judge
from torchtask.engine.store import Record


class Policy:
    """An API server that refuses the first Job by a policy, which is taken back then."""

    def __init__(self) -> None:
        self.asked = 0

    async def create(self, _: str, __: dict[str, Any], **___: str) -> dict[str, Any]:
        """Refuse the first."""
        self.asked += 1
        if self.asked == 1:
            raise ApiError(422, "Invalid", "denied by a policy")
        return {}


def test_a_refusal_is_doubted_though_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that is refused has no fire time that would have it looked at again."""
    monkeypatch.setattr(judge, "DOUBT_SECONDS", 0.3)
    record = Record(a_task(daemon={}).task, 1, None, ())
    policy, woken = Policy(), asyncio.Queue[str]()
    judging = Judge(policy, woken.put_nowait, complaint(), Calm())  # type: ignore[arg-type]  # all that it asks of an Api

    async def follow() -> None:
        work = asyncio.create_task(judging.run())
        for expected in ("denied by a policy", "denied by a policy", None):  # told, doubted, told
            judging.consider(record)
            async with asyncio.timeout(5):
                assert await woken.get() == UID
            assert record.task.template_error == expected
        work.cancel()

    asyncio.run(follow())


TAKEN = ApiError(409, "AlreadyExists", 'jobs.batch "x" already exists')
CONFLICT = ApiError(409, "Conflict", "Operation cannot be fulfilled on resourcequotas")
DENIED = ApiError(409, "AlreadyExists", 'admission webhook "names" denied the request: one is enough')


@pytest.mark.parametrize(
    ("answer", "verdict", "faults"), [(TAKEN, None, []), (CONFLICT, "no", [CONFLICT]), (DENIED, "no", [DENIED])]
)
def test_a_name_that_is_taken_is_a_template_that_passed(
    answer: ApiError, verdict: str | None, faults: list[ApiError]
) -> None:
    """A launch may be faster, and the server looks for the name last of all; no other conflict says anything."""
    task = a_task().task
    record, report = Record(replace(task, template_error="no"), 1, None, ()), Report()

    class Server:
        """Gives one answer."""

        async def create(self, *_: Any, **__: str) -> dict[str, Any]:
            """Refuse."""
            raise answer

    async def ask() -> None:
        judging = Judge(Server(), lambda _: None, report, Calm())  # type: ignore[arg-type]  # all that it asks of them
        work = asyncio.create_task(judging.run())
        judging.consider(record)
        await until(lambda: bool(report.failures or report.successes))
        work.cancel()

    asyncio.run(ask())

    assert (record.task.template_error, report.failures) == (verdict, faults)


@pytest.mark.parametrize("waits", [True, False])
def test_a_verdict_on_what_was_changed_meanwhile_is_none(*, waits: bool) -> None:
    """Whether it waited for its turn or for the answer: the template that the user mended is not refused for it."""
    record, report = Record(a_task().task, 1, None, ()), Report()

    class Server:
        """Refuses the first template that it is shown, after the task has become another."""

        asked = 0

        async def create(self, *_: Any, **__: str) -> dict[str, Any]:
            """Answer."""
            self.asked += 1
            record.task = replace(record.task, generation=2)
            judging.consider(record)
            if self.asked == 1 and not waits:
                raise ApiError(422, "Invalid", "no")
            return {}

    server = Server()
    judging = Judge(server, lambda _: None, report, Calm())  # type: ignore[arg-type]  # all that it asks of them

    async def ask() -> None:
        judging.consider(record)
        if waits:
            record.task = replace(record.task, generation=2)
            judging.consider(record)
        work = asyncio.create_task(judging.run())
        await until(lambda: server.asked >= 2 - waits and report.successes >= 1)
        work.cancel()

    asyncio.run(ask())

    assert record.task.template_error is None
    assert server.asked == 2 - waits


def test_many_are_asked_about_one_after_another_and_after_launches() -> None:
    """A thousand tasks that come at once are no storm of requests, and take nothing from those whose time has come."""
    asked, calmed = list[float](), list[float]()

    class Server:
        """Answers at once, and keeps when it was asked."""

        async def create(self, *_: Any, **__: str) -> dict[str, Any]:
            """Answer."""
            asked.append(clock.monotonic())
            return {}

    async def ask() -> None:
        calm = Calm()
        calm.under_way(FEW)
        judging = Judge(Server(), lambda _: None, complaint(), calm)  # type: ignore[arg-type]  # all that it asks of it
        for number in range(3 * AT_ONCE):
            judging.consider(Record(replace(a_task().task, uid=f"{number}"), 1, None, ()))
        work = asyncio.create_task(judging.run())
        await asyncio.sleep(AT_ONCE / PER_SECOND)
        assert asked == []
        calmed.append(clock.monotonic())
        calm.under_way(0)
        await until(lambda: len(asked) == 3 * AT_ONCE)
        work.cancel()

    asyncio.run(ask())

    assert paced(asked, calmed[0], AT_ONCE, PER_SECOND)


def test_what_changes_while_it_waits_is_asked_about_once() -> None:
    """However often: as it is when its turn has come."""
    record, asked = Record(a_task().task, 1, None, ()), list[str]()

    class Server:
        """Takes everything."""

        async def create(self, path: str, *_: Any, **__: str) -> dict[str, Any]:
            """Take it."""
            asked.append(path)
            return {}

    async def ask() -> None:
        report = Report()
        judging = Judge(Server(), lambda _: None, report, Calm())  # type: ignore[arg-type]  # all that it asks of them
        for generation in range(1, 10):
            record.task = replace(record.task, generation=generation)
            judging.consider(record)
        work = asyncio.create_task(judging.run())
        await until(lambda: bool(report.successes))
        judging.consider(record)
        await asyncio.sleep(2 / PER_SECOND)
        work.cancel()

    asyncio.run(ask())

    assert (len(asked), record.judged) == (1, 9)
