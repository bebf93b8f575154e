"""The loop: what is let through is sent, once, and takes one slot of the launch rate."""

import asyncio
from collections.abc import Collection
from typing import Any, cast

import pytest

from tests.edge.loopback import until
from tests.scenario import UID, a_task, document, unit
from torchtask import clock
from torchtask.cluster.api import Api
from torchtask.core.caps import Limits
from torchtask.core.launch import Attempt
from torchtask.engine.agenda import Agenda
from torchtask.engine.launches import Launches
from torchtask.engine.sight import Sight
from torchtask.engine.told import Told
from torchtask.settings import Settings

FIRST, SECOND = unit("12:00:10"), unit("12:00:20")


class Server:
    """An API server that creates every Job, but in the namespaces that are `hanging`."""

    def __init__(self, hanging: Collection[str] = ()) -> None:
        self.created: list[str] = []
        self.asked: list[str] = []
        self._hanging = hanging

    def lane(self, *_: object) -> "Server":
        """Have one lane."""
        return self

    async def create(self, _: str, job: dict[str, Any], **__: str) -> dict[str, Any]:
        """Create a Job."""
        self.asked.append(job["metadata"]["namespace"])
        if self.asked[-1] in self._hanging:
            await asyncio.Event().wait()
        self.created.append(job["metadata"]["name"])
        return {"metadata": job["metadata"] | {"resourceVersion": "7", "uid": job["metadata"]["name"]}}


def test_launches_that_are_let_through_together_wait_no_more() -> None:
    """Sending the first does not let the second, which is next, wait anew: it would take a slot once more."""
    server = Server()

    async def launch() -> None:
        agenda, api, told = Agenda(), cast(Api, server), Told()
        sight = Sight(api, Settings(), agenda, agenda.drop, told.complaints)
        sight.task_sight.take("ADDED", document(concurrencyPolicy="Allow"))
        record, gate = sight.tasks.get(UID), Launches(api, sight, agenda, Limits(), told).gate
        assert record is not None
        state = a_task(concurrencyPolicy="Allow").since("12:00:00")
        state = state.with_flight("12:00:10", Attempt.WANTED).with_flight("12:00:20", Attempt.WANTED)
        record.ledger, record.flights = state.ledger, state.flights
        gate.follow(record)
        gate.open()
        assert len(server.created) == 0, "it is to be looked at first: by now it may be too late"
        assert list(agenda.take(clock.now())) == [UID]
        gate.follow(record)
        gate.open()
        assert [f.attempt for f in record.flights.values()] == [Attempt.SENT, Attempt.SENT]
        assert gate.seconds() is None, "nobody waits"
        await asyncio.sleep(0.05)

    asyncio.run(launch())
    assert [name.rpartition("-")[2] for name in server.created] == ["1780315210", "1780315220"]


def test_namespaces_whose_webhooks_hang_keep_no_other_from_launching(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many want to launch there, and under the caps as they are shipped (docs/reliability.md)."""
    now, server = [1000.0], Server(hanging={"slow-1", "slow-2", "slow-3"})
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])

    async def launch() -> None:
        agenda, api, told = Agenda(), cast(Api, server), Told()
        sight = Sight(api, Settings(), agenda, agenda.drop, told.complaints)
        gate = Launches(api, sight, agenda, Limits(), told).gate
        for namespace in ("slow-1", "slow-2", "slow-3", "good"):
            for number in range(10 if namespace == "good" else 200):
                made = document()
                made["metadata"] |= {"namespace": namespace, "uid": f"{namespace}-{number}"}
                sight.task_sight.take("ADDED", made)
        state = a_task().since("12:00:00").with_flight("12:00:10", Attempt.WANTED)
        uids = sorted(agenda.take(clock.now()), reverse=True)  # who is slow comes first, by two seconds
        for second in range(6):
            for uid in [u for u in uids if u.startswith("slow" if second < 2 else "good")]:
                record = sight.tasks.get(uid)
                assert record is not None
                record.ledger, record.flights = state.ledger, state.flights
                gate.follow(record)
            gate.open()
            await asyncio.sleep(0.01)
            now[0] += 1.1

    asyncio.run(launch())
    assert sum(namespace == "good" for namespace in server.asked) == 10


def test_room_is_free_as_soon_as_the_server_has_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long its answer waits for those whose time has come: one of them may be waiting for that very room."""
    monkeypatch.setattr("torchtask.engine.window.FIRST", 2)
    server = Server()

    async def launch() -> None:
        agenda, api, told = Agenda(), cast(Api, server), Told()
        sight = Sight(api, Settings(), agenda, agenda.drop, told.complaints)
        sight.task_sight.take("ADDED", document(concurrencyPolicy="Allow"))
        record, launches = sight.tasks.get(UID), Launches(api, sight, agenda, Limits(), told)
        assert record is not None
        state = a_task(concurrencyPolicy="Allow").since("12:00:00").with_flight("12:00:10", Attempt.WANTED)
        record.ledger, record.flights = state.ledger, state.flights
        assert list(agenda.take(clock.now())) == [UID]
        agenda.hurry.begin()
        launches.gate.follow(record)
        launches.gate.open()
        await until(lambda: bool(server.created) and not launches.window.in_flight)
        assert record.flights[FIRST].attempt is Attempt.SENT, "its answer waits"
        agenda.hurry.end()
        await until(lambda: record.flights[FIRST].attempt is not Attempt.SENT)

    asyncio.run(launch())
