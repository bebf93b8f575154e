"""Jobs as the watch tells of them: whose runs they are, and who is woken."""

from tests.launches import START
from tests.scenario import UID, at, document
from tests.telling import Woken, complaint
from torchtask.core.manifest import job
from torchtask.core.model import Phase
from torchtask.core.spec import Spec
from torchtask.core.wire import tasks
from torchtask.engine.runs import Runs


def test_jobs_come_and_go() -> None:
    """A run is known from the first event to the last; an unchanged slim record wakes nobody."""
    task = tasks.task(document(), at("12:00:00"))
    assert isinstance(task.spec, Spec)
    made = job(task, task.spec, START)
    made["metadata"] |= {"uid": "job-uid", "creationTimestamp": "2026-06-01T12:00:10Z"}
    woken = Woken()
    runs = Runs(woken.append, complaint())

    runs.changed(made)
    assert [r.phase for r in runs.of(task)] == [Phase.ACTIVE]
    assert woken.take() == [UID]

    runs.changed(made | {"status": {"conditions": []}})
    assert woken.take() == []

    runs.gone("job-uid")
    assert list(runs.of(task)) == []
    assert woken.take() == [UID]


def test_a_job_that_cannot_be_read_disturbs_nobody() -> None:
    """Whatever the server shows, the watch goes on."""
    woken = Woken()
    runs = Runs(woken.append, complaint())

    runs.changed({"metadata": {"name": "x-1", "ownerReferences": [{"controller": True}]}})
    runs.gone("never-seen")

    assert woken == []


def test_a_job_in_another_namespace_takes_nobodys_instance() -> None:
    """Anybody may write any UID into an owner reference; it counts only where the task is."""
    task = tasks.task(document(), at("12:00:00"))
    assert isinstance(task.spec, Spec)
    forged = job(task, task.spec, START)
    forged["metadata"] |= {"uid": "job-uid", "namespace": "elsewhere", "creationTimestamp": "2026-06-01T12:00:10Z"}
    woken = Woken()
    runs = Runs(woken.append, complaint())

    runs.changed(forged)

    assert list(runs.of(task)) == []
