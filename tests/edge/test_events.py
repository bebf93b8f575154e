"""Events against a server that takes them, refuses them or is gone: few are sent, and nobody waits for them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from tests.edge.loopback import paced, served, until
from tests.scenario import a_task
from torchtask import clock
from torchtask.core.events import Event, EventReason
from torchtask.core.model import Task
from torchtask.engine import events
from torchtask.engine.calm import Calm
from torchtask.engine.complaints import Complaints
from torchtask.engine.events import AT_ONCE, MOST_WAITING, PER_SECOND, QUIET_SECONDS, STALE_SECONDS, Bucket, Events
from torchtask.metrics import Metrics

TASK = a_task().task
FAILED, CREATED = EventReason.RUN_FAILED, EventReason.SUCCESSFUL_CREATE


class Server:
    """An API server that keeps events; and the operator's clock."""

    def __init__(self) -> None:
        self.time, self.answers, self.metrics = 0.0, list[int](), Metrics()
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.times: list[float] = []  # of the requests, by the real clock
        self.permit = 10.0
        self._news = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Take what is sent; or give the next answer that was asked for."""
        self.times.append(clock.monotonic())
        self.asked.append((request.method, request.path, await request.json()))
        self._news.set()
        status = self.answers.pop(0) if self.answers else 200
        return web.json_response({"reason": "AlreadyExists" if status == 409 else ""}, status=status)

    async def until(self, number: int) -> None:
        """Wait until so many requests came."""
        async with asyncio.timeout(10):
            while len(self.asked) < number:
                self._news.clear()
                await self._news.wait()

    def counted(self, result: str) -> float:
        """Return how many events had this result."""
        return self.metrics.registry.get_sample_value("torchtask_events_total", {"result": result}) or 0.0

    async def settled(self, sent: int, **others: int) -> None:
        """Wait until what was sent is counted, and what had `others` results."""
        expected = {"sent": sent, "failed": 0} | others
        await until(lambda: {result: self.counted(result) for result in expected} == expected)


def during(act: Callable[[Server, Events], Awaitable[None]]) -> Server:
    """Run the sender beside `act`."""

    async def check() -> Server:
        server = Server()
        async with served(server.answer) as api:
            complaints = Complaints(server.metrics.health.faults)
            sender = Events("torchtask-0", server.metrics, complaints, lambda: server.time)
            running = asyncio.create_task(sender.run(api.lane(4, lambda: server.permit), Calm()))
            await act(server, sender)
            running.cancel()
        return server

    return asyncio.run(check())


def told(
    sender: Events, reason: EventReason = FAILED, *, words: str = "words", task: Task = TASK, count: int = 1
) -> None:
    """Tell of an event."""
    sender.tell(task, Event(reason, words, count))


def test_what_happens_often_is_one_event_with_a_count() -> None:
    """Sent once in a while, with the words of the last time."""

    async def act(server: Server, sender: Events) -> None:
        told(sender, words="first")
        await server.settled(1)
        for number in range(9):
            told(sender, words=f"number {number}")
        server.time = QUIET_SECONDS
        told(sender, words="last", count=3)
        await server.settled(2)

    (created, changed) = during(act).asked
    assert (created[0], created[2]["count"], created[2]["message"]) == ("POST", 1, "first")
    assert created[1] == "/api/v1/namespaces/default/events"
    assert (changed[0], changed[2]["count"], changed[2]["message"]) == ("PATCH", 13, "last")
    assert changed[1] == f"{created[1]}/{created[2]['metadata']['name']}"


def test_another_reason_and_another_task_are_other_events() -> None:
    """Each is told at once."""

    async def act(server: Server, sender: Events) -> None:
        told(sender)
        told(sender, CREATED)
        told(sender, task=replace(TASK, uid="other"))
        await server.settled(3)

    assert [method for method, *_ in during(act).asked] == ["POST"] * 3


@pytest.mark.parametrize(("answers", "methods"), [([200, 404], "POST PATCH POST"), ([409, 200], "POST PATCH")])
def test_an_event_is_made_anew_where_it_is_gone_and_not_where_it_is(answers: list[int], methods: str) -> None:
    """The server forgets events after an hour; and it may have made one whose answer was lost."""

    async def act(server: Server, sender: Events) -> None:
        server.answers = answers
        told(sender)
        await server.settled(1)
        server.time = QUIET_SECONDS
        told(sender)
        await server.settled(2)

    assert " ".join(method for method, *_ in during(act).asked) == methods


def test_after_a_long_time_a_series_begins_anew() -> None:
    """What happened yesterday is not counted today."""

    async def act(server: Server, sender: Events) -> None:
        told(sender, count=5)
        await server.settled(1)
        server.time = STALE_SECONDS
        told(sender)
        await server.settled(2)

    assert [(method, body["count"]) for method, _, body in during(act).asked] == [("POST", 5), ("POST", 1)]


@pytest.mark.parametrize("status", [403, 429, 500])
def test_what_is_refused_is_not_tried_again(status: int) -> None:
    """Until it happens again, later; and then its count is right."""

    async def act(server: Server, sender: Events) -> None:
        server.answers = [status]
        told(sender)
        await server.settled(0, failed=1)
        told(sender)
        server.time = QUIET_SECONDS
        told(sender)
        await server.settled(1, failed=1)

    assert [(method, body["count"]) for method, _, body in during(act).asked] == [("POST", 1), ("POST", 3)]


def test_who_does_not_lead_any_more_sends_nothing_and_has_no_fault() -> None:
    """What another operator leads, that one tells: the event is dropped, and goes on to be counted."""

    async def act(server: Server, sender: Events) -> None:
        server.permit = 0.0
        told(sender)
        await server.settled(0, dropped=1)
        server.permit, server.time = 10.0, QUIET_SECONDS
        told(sender)
        await server.settled(1, dropped=1)

    assert [(method, body["count"]) for method, _, body in during(act).asked] == [("POST", 2)]


def test_a_thousand_tasks_send_twenty_events_in_a_second_and_warnings_come_through() -> None:
    """The daily round leaves half of the rate to what somebody should look at."""

    async def act(server: Server, sender: Events) -> None:
        for number in range(1_000):
            told(sender, CREATED, task=replace(TASK, uid=f"{number}"))
        told(sender, task=replace(TASK, uid="broken"))
        await server.settled(PER_SECOND // 2 + 2)

    server = during(act)
    assert [body["reason"] for _, _, body in server.asked].count("RunFailed") == 1
    assert server.counted("dropped") == 1_000 - PER_SECOND // 2 - 1


def test_what_waited_for_a_slow_server_is_sent_one_after_another() -> None:
    """Two hundred that had to wait are no storm when it has recovered."""

    async def act(server: Server, sender: Events) -> None:
        for number in range(5):
            server.time += 1
            told(sender, task=replace(TASK, uid=f"{number}"))
        await server.settled(5)

    began = clock.monotonic()
    assert paced(during(act).times, began, AT_ONCE, PER_SECOND)


def taken(bucket: Bucket, now: float, *, spare: bool) -> int:
    """Take all that there is."""
    return sum(bucket.take(now, spare=spare) for _ in range(100))


def test_the_rate_comes_back_with_time() -> None:
    """No more than one second's worth of it; and what is kept for warnings slows nobody else down in the long run."""
    bucket, spare = Bucket(20, 0.0), Bucket(20, 0.0)

    assert [taken(bucket, now, spare=False) for now in (0.0, 0.5, 60.0)] == [20, 10, 20]
    assert [taken(spare, now, spare=True) for now in (0.0, 0.5, 1.0, 60.0)] == [11, 10, 10, 11]


def test_a_server_that_is_gone_costs_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits and what is remembered has an end; the newest is dropped."""
    monkeypatch.setattr(events, "MOST_SERIES", 50)
    server = Server()
    sender = Events("", server.metrics, Complaints(server.metrics.health.faults), lambda: server.time)
    for number in range(1_000):
        server.time += 1
        told(sender, task=replace(TASK, uid=f"{number}"))

    assert len(sender._told) == 50  # noqa: SLF001 -- what is remembered
    assert sender._waiting.qsize() <= MOST_WAITING  # noqa: SLF001 -- what waits
    assert server.counted("dropped") > 0
