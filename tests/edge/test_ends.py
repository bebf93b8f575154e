"""Asking why a run failed, from a server that answers, refuses, breaks or talks rubbish: each inquiry ends."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from tests.edge.loopback import served
from tests.scenario import a_task
from tests.telling import complaint
from torchtask.core.account import Ledger
from torchtask.core.ends import End
from torchtask.core.model import Phase, Run
from torchtask.engine import ends
from torchtask.engine.ends import ATTEMPTS, Ends

STATE = a_task().since("12:00:00").with_run("12:00:10", Phase.FAILED, unexplained=True)
(RUN,) = STATE.runs
POD = {
    "spec": {"containers": [{"name": "task"}]},
    "status": {"containerStatuses": [{"name": "task", "state": {"terminated": {"exitCode": 3, "reason": "Error"}}}]},
}

Found = tuple[list[str], list[tuple[str, End | None]]]


async def inquiry(status: int, body: Any, run: Run = RUN, ledger: Ledger | None = STATE.ledger) -> Found:
    """Have the operator look at a run twice; return what it asked, and what it was told in the end."""
    asked: list[str] = []
    told: list[tuple[str, End | None]] = []
    done = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.path_qs)
        return web.json_response(body, status=status)

    def explain(uid: str, end: End | None) -> None:
        told.append((uid, end))
        done.set()

    assert ledger is not None
    async with served(handler) as api:
        watch = Ends(api, explain, complaint())
        for _ in range(2):
            watch.consider(STATE.task, ledger, [run])
        if watch._under_way:  # noqa: SLF001 -- nothing asked is nothing to wait for
            async with asyncio.timeout(10):
                await done.wait()
    return asked, told


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less between attempts."""
    monkeypatch.setattr(ends, "RETRY_SECONDS", 0.01)


def test_a_failed_run_costs_one_list_of_its_pods() -> None:
    """However often the task is looked at meanwhile; and only the Job's own Pods are asked for."""
    asked, told = asyncio.run(inquiry(200, {"items": [POD]}))

    assert told == [(RUN.uid, End("Error", 3))]
    (path,) = asked
    assert path.startswith("/api/v1/namespaces/default/pods?")
    assert f"batch.kubernetes.io/controller-uid%3D{RUN.uid}" in path or f"controller-uid={RUN.uid}" in path


@pytest.mark.parametrize(
    ("status", "body", "attempts"),
    [
        (500, {"message": "etcd has no leader"}, ATTEMPTS),
        (429, {"message": "later"}, ATTEMPTS),
        (200, ["no object"], ATTEMPTS),
        (403, {"message": "pods is forbidden"}, 1),
        (200, {"items": "none"}, 1),
        (200, {}, 1),
        (200, {"items": [None, {"status": {"containerStatuses": 7}}]}, 1),
    ],
)
def test_an_inquiry_without_an_answer_ends_and_lets_the_run_be_counted(status: int, body: Any, attempts: int) -> None:
    """The Job's own reason stands then; the run is not held back for ever."""
    asked, told = asyncio.run(inquiry(status, body))

    assert told == [(RUN.uid, None)]
    assert len(asked) == attempts


def test_nobody_asks_about_a_run_that_needs_no_explanation() -> None:
    """Runs that go on, went well or were ended by their deadline cost no request."""
    assert asyncio.run(inquiry(200, {}, replace(RUN, unexplained=False))) == ([], [])


def test_nobody_asks_again_about_a_run_that_is_counted() -> None:
    """A restart does not cost a request for each failed Job that still exists."""
    assert STATE.ledger is not None
    counted = replace(STATE.ledger, counted_runs=frozenset({RUN.suffix}))

    assert asyncio.run(inquiry(200, {}, RUN, counted)) == ([], [])
