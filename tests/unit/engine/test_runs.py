"""What the Jobs take of the caps, and what is remembered of them beyond their documents."""

from typing import Any

import pytest

from tests.launches import a_job
from tests.scenario import UID, a_task
from tests.telling import complaint
from torchtask.engine.runs import Runs

ACTIVE, PODLESS = 1, 1
COMPLETE = {"conditions": [{"type": "Complete", "status": "True", "lastTransitionTime": "2026-06-01T12:00:12Z"}]}


def made(status: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """Write a Job as the API server has it."""
    job = a_job()
    job["metadata"] |= {"uid": "job-uid", "creationTimestamp": "2026-06-01T12:00:10Z"}
    return {**job, "spec": {**job["spec"], **spec}, "status": status or {}}


@pytest.mark.parametrize(
    ("job", "active", "without_pod"),
    [
        (made(), ACTIVE, PODLESS),
        (made({"active": 1}), ACTIVE, 0),
        (made({"failed": 1}), ACTIVE, 0),
        (made(suspend=True), ACTIVE, 0),
        (made(COMPLETE), 0, 0),
    ],
)
def test_a_job_takes_what_it_is_until_it_is_gone(job: dict[str, Any], active: int, without_pod: int) -> None:
    """Whatever was known of it before, and however often it is told."""
    runs = Runs(lambda _: None, complaint())
    for document in (made(), job, made({"active": 1}), job, job):
        runs.changed(document)

    assert (runs.active["default"], runs.without_pod["default"]) == (active, without_pod)
    runs.gone("job-uid")
    assert (dict(runs.active), dict(runs.without_pod)) == ({}, {})


def test_a_run_that_was_found_started_stays_so() -> None:
    """Its Job does not tell: the Pod runs and is not ready."""
    woken: list[str] = []
    runs = Runs(woken.append, complaint())
    runs.changed(made({"active": 1}))
    runs.started("job-uid")
    runs.started("another")
    runs.changed(made({"active": 1, "terminating": 0}))

    (run,) = runs.of(a_task().task)
    assert run.started
    assert woken == [UID, UID]


def test_a_job_that_is_no_run_any_more_takes_nothing() -> None:
    """Nobody owns it since its task was deleted with `--cascade=orphan`: it is neither counted nor touched."""
    runs = Runs(lambda _: None, complaint())
    runs.changed(made())
    orphan = made()
    del orphan["metadata"]["ownerReferences"]
    runs.changed(orphan)

    assert (dict(runs.active), dict(runs.without_pod), list(runs.of(a_task().task))) == ({}, {}, [])


def test_a_job_that_changes_hands_is_counted_once() -> None:
    """It is the run of whoever owns it now."""
    runs = Runs(lambda _: None, complaint())
    runs.changed(made())
    other = made()
    owner = other["metadata"]["ownerReferences"][0]
    other["metadata"]["ownerReferences"] = [{**owner, "uid": f"{UID[:8]}-another"}]
    runs.changed(other)

    taken = (runs.active["default"], runs.without_pod["default"])
    assert (taken, list(runs.of(a_task().task))) == ((ACTIVE, PODLESS), [])
