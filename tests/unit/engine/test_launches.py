"""The loop: what is let through is sent, once, and takes one slot of the launch rate."""

import asyncio
from typing import Any, cast

from tests.scenario import UID, a_task, document, unit
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
    """An API server that creates every Job."""

    def __init__(self) -> None:
        self.created: list[str] = []

    def lane(self, *_: object) -> "Server":
        """Have one lane."""
        return self

    async def create(self, _: str, job: dict[str, Any], **__: str) -> dict[str, Any]:
        """Create a Job."""
        self.created.append(job["metadata"]["name"])
        return {"metadata": {"resourceVersion": "7"}}


def test_launches_that_are_let_through_together_wait_no_more() -> None:
    """Sending the first does not let the second, which is next, wait anew: it would take a slot once more."""
    server = Server()

    async def launch() -> None:
        agenda, api, told = Agenda(), cast(Api, server), Told()
        sight = Sight(api, Settings(), agenda, agenda.drop, told.complaints)
        sight.take("ADDED", document(concurrencyPolicy="Allow"))
        record, gate = sight.tasks.get(UID), Launches(api, sight, agenda, Limits(), told).gate
        assert record is not None
        state = a_task(concurrencyPolicy="Allow").since("12:00:00")
        state = state.with_flight("12:00:10", Attempt.WANTED).with_flight("12:00:20", Attempt.WANTED)
        record.ledger, record.flights = state.ledger, state.flights
        gate.follow(record)
        gate.open()
        assert [f.attempt for f in record.flights.values()] == [Attempt.SENT, Attempt.SENT]
        assert gate.seconds() is None, "nobody waits"
        await asyncio.sleep(0.05)

    asyncio.run(launch())
    assert [name.rpartition("-")[2] for name in server.created] == ["1780315210", "1780315220"]
