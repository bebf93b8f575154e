"""Who leads: two operators and one Lease, on a server that keeps a Lease as the API server does."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from aiohttp import web

from tests.edge.loopback import served
from tests.telling import complaint
from torchtask import clock
from torchtask.cluster.api import Api
from torchtask.cluster.lease import LEASE_SECONDS, Lease
from torchtask.engine.leader import RENEW_SECONDS, UNKNOWN_SECONDS, Leader


class Server:
    """Keeps one Lease; every write has a version, and one that names another version is refused."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.version = 0
        self.silent = False
        self.deaf = False
        """The write is done, and its answer is lost."""
        self.free = asyncio.Event()
        """Until then a write waits."""
        self.free.set()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Do what is asked."""
        if self.silent:
            return web.json_response({"reason": "InternalError"}, status=500)
        if request.method == "GET":
            return self._shown()
        document = await request.json()
        await self.free.wait()
        if request.method == "POST":
            if self.lease is not None:
                return web.json_response({"reason": "AlreadyExists"}, status=409)
            self.lease = {"metadata": {"uid": f"uid-{self.version}"}, "spec": {}}
        elif self.lease is None:
            return self._shown()
        elif document["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            return web.json_response({"reason": "Conflict"}, status=409)
        self.version += 1
        self.lease["metadata"]["resourceVersion"] = str(self.version)
        self.lease["spec"] |= document["spec"]
        return web.json_response({}, status=500) if self.deaf else self._told()

    def _shown(self) -> web.Response:
        return web.json_response(self.lease or {"reason": "NotFound"}, status=200 if self.lease else 404)

    def _told(self) -> web.Response:
        """Answer a write: who asked for the metadata alone is told no more."""
        assert self.lease is not None
        return web.json_response({"kind": "PartialObjectMetadata", "metadata": self.lease["metadata"]})

    @property
    def holder(self) -> str:
        """Name who leads."""
        assert self.lease is not None
        return str(self.lease["spec"]["holderIdentity"])


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def boottime(self) -> float:
        """Return the seconds."""
        return self.seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """Put the operator's clock into our hands."""
    ours = Clock()
    monkeypatch.setattr(clock, "boottime", ours.boottime)
    return ours  # type: ignore[return-value]


class Replica:
    """One operator, as far as leading goes."""

    def __init__(self, api: Api, name: str) -> None:
        self.terms = 0
        self.leader = Leader(Lease(api, "ours", name), self._won, complaint())

    def _won(self) -> None:
        self.terms += 1


def run(work: Callable[[Server, Callable[[str], Replica]], Awaitable[None]]) -> None:
    """Run a test with a server of its own."""

    async def begun() -> None:
        server = Server()
        async with served(server.answer) as api:
            await work(server, lambda name: Replica(api, name))

    asyncio.run(begun())


def test_one_leads_and_the_other_stands_by(time: Clock) -> None:
    """For as long as the first renews; renewing is no new term."""

    async def work(server: Server, replica: Callable[[str], Replica]) -> None:
        a, b = replica("a"), replica("b")
        for _ in range(20):
            await a.leader.step()
            await b.leader.step()
            time.seconds += 2
        assert (a.leader.leads, a.terms, b.leader.leads, b.terms) == (True, 1, False, 0)
        assert server.holder == "a"
        assert b.leader.seconds_left() <= 0

    run(work)


def test_another_takes_over_when_the_lease_has_run_out_and_not_before(time: Clock) -> None:
    """By its own clock: from the moment in which it saw the last renewal."""

    async def work(server: Server, replica: Callable[[str], Replica]) -> None:
        a, b = replica("a"), replica("b")
        await a.leader.step()
        await b.leader.step()
        time.seconds += LEASE_SECONDS - 0.1
        await b.leader.step()
        assert not b.leader.leads
        assert a.leader.seconds_left() == pytest.approx(0.1)
        time.seconds += 0.1
        assert a.leader.seconds_left() <= 0, "who led writes nothing any more"
        await b.leader.step()
        assert b.leader.leads
        assert b.leader.before is not None
        await a.leader.step()
        assert not a.leader.leads
        assert server.lease is not None
        assert server.lease["spec"]["leaseTransitions"] == 1

    run(work)


def test_who_cannot_renew_decides_no_more_and_goes_on_when_nobody_took_over(time: Clock) -> None:
    """The same term: nobody else wrote meanwhile, so nothing needs to be read anew."""

    async def work(server: Server, replica: Callable[[str], Replica]) -> None:
        a = replica("a")
        await a.leader.step()
        server.silent = True
        time.seconds += RENEW_SECONDS
        await a.leader.step()
        assert not a.leader.leads
        assert a.leader.seconds_left() > 0, "what is under way may still be answered"
        time.seconds += 60
        server.silent = False
        await a.leader.step()
        assert a.leader.leads
        assert a.terms == 1

    run(work)


def test_who_cannot_see_the_lease_does_not_know_who_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a while it may be taken for granted; then nobody may lead, and no operator is ready."""
    now = [0.0]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])

    async def work(server: Server, replica: Callable[[str], Replica]) -> None:
        a, b = replica("a"), replica("b")
        assert not b.leader.is_known
        await a.leader.step()
        await b.leader.step()
        assert b.leader.is_known
        server.silent = True
        now[0] = UNKNOWN_SECONDS - 0.1
        await b.leader.step()
        assert b.leader.is_known
        now[0] = UNKNOWN_SECONDS
        assert not b.leader.is_known

    run(work)


def test_a_renewal_whose_answer_is_lost_is_no_new_term(time: Clock) -> None:
    """Nor is the time extended by it: it is not known to be done."""

    async def work(server: Server, replica: Callable[[str], Replica]) -> None:
        a = replica("a")
        await a.leader.step()
        server.deaf = True
        time.seconds += 2
        await a.leader.step()
        assert a.leader.seconds_left() == LEASE_SECONDS - 2
        server.deaf = False
        await a.leader.step()
        assert (a.leader.leads, a.terms) == (True, 1)
        assert a.leader.seconds_left() == LEASE_SECONDS

    run(work)


def test_a_stolen_lease_is_noticed_at_the_next_renewal(time: Clock) -> None:
    """The conflict is looked at at once, and not two seconds later."""

    async def work(server: Server, replica: Callable[[str], Replica]) -> None:
        a = replica("a")
        await a.leader.step()
        assert server.lease is not None
        server.lease["spec"]["holderIdentity"] = "thief"
        server.lease["metadata"]["resourceVersion"] = "99"
        await a.leader.step()
        assert not a.leader.leads
        assert a.leader.seconds_left() <= 0
        time.seconds += LEASE_SECONDS
        await a.leader.step()
        assert (a.leader.leads, a.terms) == (True, 2)

    run(work)


@pytest.mark.usefixtures("time")
def test_a_deleted_lease_is_made_again_and_begins_a_new_term() -> None:
    """Somebody may have led in between, and gone."""

    async def work(server: Server, replica: Callable[[str], Replica]) -> None:
        a = replica("a")
        await a.leader.step()
        server.lease = None
        await a.leader.step()
        assert (a.leader.leads, a.terms) == (True, 2)

    run(work)


def test_a_deleted_lease_is_still_that_of_who_led(time: Clock) -> None:
    """Who stands by waits for as long as it would have lasted: its holder may not know yet that it is gone."""

    async def work(server: Server, replica: Callable[[str], Replica]) -> None:
        a, b = replica("a"), replica("b")
        await a.leader.step()
        await b.leader.step()
        server.lease = None
        await b.leader.step()
        assert not b.leader.leads
        await a.leader.step()
        assert (a.leader.leads, server.holder) == (True, "a")

        await b.leader.step()
        server.lease = None
        time.seconds += LEASE_SECONDS
        await b.leader.step()
        assert (b.leader.leads, server.holder) == (True, "b")

    run(work)


@pytest.mark.usefixtures("time")
def test_a_lease_that_is_given_back_is_taken_at_once() -> None:
    """And so is one in our own name: the container before us had it."""

    async def work(server: Server, replica: Callable[[str], Replica]) -> None:
        a, b = replica("a"), replica("b")
        await a.leader.step()
        await b.leader.step()
        await a.leader.step_down()
        assert not a.leader.leads
        await b.leader.step()
        assert b.leader.leads
        again = replica("b")
        await again.leader.step()
        assert (again.leader.leads, again.terms) == (True, 1)
        assert server.holder == "b"

    run(work)


@pytest.mark.usefixtures("time")
def test_a_lease_is_given_back_though_its_renewal_was_broken_off() -> None:
    """The operator is asked to end while a renewal is on its way, which is done before or after."""

    async def work(server: Server, replica: Callable[[str], Replica]) -> None:
        a = replica("a")
        await a.leader.step()
        server.free.clear()
        renewing = asyncio.create_task(a.leader.step())
        await asyncio.sleep(0.1)
        renewing.cancel()
        leaving = asyncio.create_task(a.leader.step_down())
        await asyncio.sleep(0.1)
        server.free.set()
        await leaving
        assert server.holder == ""

    run(work)
