"""The judge of templates: a refusal stands until it is doubted, and it is doubted by itself."""

import asyncio
from typing import Any

import pytest

from tests.scenario import UID, a_task
from tests.telling import complaint
from torchtask.cluster.errors import ApiError
from torchtask.engine import judge
from torchtask.engine.judge import Judge
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
    judging = Judge(policy, woken.put_nowait, complaint())  # type: ignore[arg-type]  # all that it asks of an Api

    async def follow() -> None:
        for expected in ("denied by a policy", "denied by a policy", None):  # told, doubted, told
            judging.consider(record)
            async with asyncio.timeout(5):
                assert await woken.get() == UID
            assert record.task.template_error == expected

    asyncio.run(follow())
