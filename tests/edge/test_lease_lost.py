"""Who leads when the Lease is stolen, deleted or given back."""

import asyncio
from collections.abc import Callable

import pytest

from tests.edge.replicas import Clock, Replica, Server, run
from torchtask.cluster.lease import LEASE_SECONDS


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


@pytest.mark.usefixtures("time")
def test_who_cannot_take_over_does_not_lead_and_tries_again() -> None:
    """Nothing is decided from what was seen before another operator led."""

    async def work(_: Server, replica: Callable[[str], Replica]) -> None:
        a = replica("a")
        a.trouble = ValueError("whatever it was")
        with pytest.raises(ValueError, match="whatever"):
            await a.leader.step()
        assert not a.leader.leads
        a.trouble = None
        await a.leader.step()
        assert (a.leader.leads, a.terms) == (True, 1)

    run(work)
