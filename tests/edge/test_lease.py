"""Who leads: two operators and one Lease, on a server that keeps a Lease as the API server does."""

from collections.abc import Callable

import pytest

from tests.edge.replicas import Clock, Replica, Server, run
from torchtask import clock
from torchtask.cluster.lease import LEASE_SECONDS
from torchtask.engine.leader import RENEW_SECONDS, UNKNOWN_SECONDS


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
