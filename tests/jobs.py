"""Jobs as the API server has them: `stored()` is one of 12:00:10, and `read()` reads it back."""

from datetime import UTC, datetime
from typing import Any

from tests.launches import a_job
from torchtask.core.model import Run
from torchtask.core.wire import jobs

CREATED = datetime(2026, 6, 1, 12, 0, 11, tzinfo=UTC)
ENDED = "2026-06-01T12:00:40Z"
LIMIT, DEADLINE = "BackoffLimitExceeded", "DeadlineExceeded"


def stored(start: Any = None, **status: Any) -> dict[str, Any]:
    """Write a Job as the API server has it; `start` are fields of its `Start`."""
    made = a_job(**(start or {}))
    made["metadata"] |= {"uid": "job-uid", "creationTimestamp": "2026-06-01T12:00:11Z"}
    return made | {"status": status}


def read(document: Any) -> Run:
    """Read a Job that is a run."""
    found = jobs.run(document)
    assert found is not None
    return found[1]


def held(kind: str, reason: str = "", message: str = "") -> dict[str, str]:
    """Write a condition that is true."""
    return {"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": ENDED}
