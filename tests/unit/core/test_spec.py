"""Specs as the operator reads them: what each field comes to mean."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.crd.documents import daemon, task, template
from tests.scenario import a_task, at, document
from torchtask.core.model import Task
from torchtask.core.schedule import NEVER
from torchtask.core.spec import (
    CatchUp,
    CircuitBreaker,
    ConcurrencyPolicy,
    Daemon,
    Overlap,
    RestartPolicy,
    RunOn,
    Spec,
    Where,
)
from torchtask.core.wire import tasks

UID = "0a1b2c3d-0000-4000-8000-000000000000"
AT = "2027-01-01T00:00:00Z"
POD = {"spec": {"restartPolicy": "Never", "containers": []}}


def read(document: dict[str, Any]) -> Spec:
    """Read the spec of a valid TorchTask."""
    return tasks.spec(document["spec"], UID)


def seen(annotations: object) -> Task:
    """Read a TorchTask with these annotations, as the API server has it."""
    metadata = {
        "namespace": "default",
        "name": "report",
        "uid": UID,
        "creationTimestamp": "2026-06-01T11:00:00Z",
        "annotations": annotations,
    }
    return tasks.task({**task(), "metadata": metadata}, datetime(2026, 6, 1, 12, tzinfo=UTC))


def test_a_daemon_has_a_schedule_that_never_fires_and_a_number_of_instances() -> None:
    """What keeps it running are its slots; the limit is their number."""
    plain, several = read(daemon()), read(daemon(maxInstances=3))

    assert (plain.schedule, plain.is_once) == (NEVER, False)
    assert (plain.summary, several.summary) == ("daemon ×1", "daemon ×3")
    assert several.overlap == Overlap(ConcurrencyPolicy.FORBID, 3, several.overlap.queue_limit)
    assert (plain.deadline, plain.catch_up, plain.breaker, plain.jitter_seconds) == (None, CatchUp.LATEST, None, 0)
    assert plain.job["backoffLimit"] == 0
    assert read(task()).daemon is None


def test_the_options_of_a_daemon_are_read() -> None:
    """`daemon: {}` takes all defaults."""
    options = {"restartPolicy": "OnFailure", "restartDelaySeconds": 0, "minReadySeconds": 30, "startRetries": 0}

    assert read(daemon()).daemon == Daemon()
    assert read(daemon(daemon=options)).daemon == Daemon(
        RestartPolicy.ON_FAILURE, timedelta(0), timedelta(seconds=30), 0
    )


@pytest.mark.parametrize(
    ("document", "digest"),
    [
        (task(schedule="*/10 * * * * *"), "ae2565d0e2a9def9"),
        (task(at=AT), "ae56d55da1872fa3"),
        (
            task(
                schedule="@daily",
                timeZone="Europe/Berlin",
                dayMatch="And",
                daylightSaving={"gap": "Skip"},
                notAfter=AT,
                suspend=True,
                maxInstances=3,
            ),
            "e5f67cf4c6ea568f",
        ),
        (
            {"spec": {"schedule": "@daily", "jobTemplate": {"spec": {"template": POD, "ttlSecondsAfterFinished": 60}}}},
            "02797e9fcf3d0883",
        ),
        (daemon(), "231db515de37d417"),
    ],
)
def test_a_newer_operator_reads_the_same_digest(document: dict[str, Any], digest: str) -> None:
    """A release that changed it would skip what waits and start the account of every task anew (L9)."""
    assert read(document).digest == digest


def test_the_digest_covers_what_keeps_a_daemon_running_and_not_how_many() -> None:
    """A change of its options is an edit of *when* (L9); another number of instances is not."""
    changes: list[dict[str, Any]] = [
        {"restartPolicy": "OnFailure"},
        {"restartDelaySeconds": 2},
        {"minReadySeconds": 2},
        {"startRetries": 2},
    ]
    plain = read(daemon()).digest
    digests = {plain, read(daemon(suspend=True)).digest, *(read(daemon(daemon=c)).digest for c in changes)}

    assert len(digests) == len(changes) + 2
    assert plain == read(daemon(maxInstances=3)).digest == read(daemon(runOn="EveryNode", priority=1)).digest
    assert plain == read(daemon(daemon={"restartPolicy": "Always", "startRetries": 3})).digest


def test_places_are_read() -> None:
    """Addresses are written in one way: the same address is the same text."""
    found = read(
        task(
            runOn="EveryNode",
            nodeSelector={"disk": "ssd"},
            nodeNames=["worker-2"],
            nodeAddresses=["10.0.3.7", "FD00:0::7"],
        )
    ).where

    assert found == Where(RunOn.EVERY_NODE, {"disk": "ssd"}, ("worker-2",), ("10.0.3.7", "fd00::7"))
    assert read(task()).where == Where()


def test_a_run_may_wait_for_its_pod_for_ten_minutes_unless_said_otherwise() -> None:
    """Also under a shorter time-out, which comes first."""
    assert read(task()).pending_timeout == timedelta(seconds=600)
    assert read(task(timeoutSeconds=30)).pending_timeout == timedelta(seconds=600)
    assert read(task(timeoutSeconds=30, pendingTimeoutSeconds=29)).pending_timeout == timedelta(seconds=29)
    assert read(task(pendingTimeoutSeconds=2**31 - 1)).pending_timeout == timedelta(seconds=2**31 - 1)


def test_breaker_priority_and_lifetime_are_read() -> None:
    """Unset means off, or 0."""
    plain = read(task())
    breaker = {"failureThreshold": 5, "probeAfterSeconds": 300}

    assert (plain.breaker, plain.priority, plain.lifetime) == (None, 0, None)
    assert read(task(circuitBreaker=breaker)).breaker == CircuitBreaker(5, timedelta(seconds=300))
    assert read(task(priority=-7)).priority == -7
    assert read(task(at=AT, ttlSecondsAfterFinished=0)).lifetime == timedelta(0)


def test_the_template_stands_for_what_a_job_is_made_of_and_for_nothing_else() -> None:
    """Instances of a daemon are replaced, and a breaker closes, when it changes."""
    changed = [
        task(),
        task(timeoutSeconds=5),
        task(backoffLimit=1),
        task(nodeSelector={"disk": "ssd"}),
        task(serviceAccountName="a"),
        task(nodeNames=["a"]),
        task(nodeAddresses=["10.0.3.7"]),
        task(container={"image": "busybox:1.37"}),
        template(),
        template(metadata={"labels": {"team": "a"}}),
        template(metadata={"annotations": {"team": "a"}}),
    ]
    same = [
        task(schedule="@daily"),
        task(suspend=True, maxInstances=3),
        task(pendingTimeoutSeconds=9, priority=1),
        daemon(),
    ]
    templates = [read(document).template for document in changed]

    assert len(set(templates)) == len(changed)
    assert {read(document).template for document in same} == {templates[0]}
    assert all(len(t) == 16 and int(t, 16) >= 0 for t in templates)


@pytest.mark.parametrize(
    ("value", "nonce"),
    [("a", "a"), ("", ""), ("n" * 65, "n" * 64), (7, ""), (None, ""), ({"a": 1}, ""), ("ü" * 64, "ü" * 64)],
)
def test_the_nonces_of_annotations_are_read(value: object, nonce: str) -> None:
    """Their first 64 characters; what is no text is no wish."""
    assert seen({"torchtask.dev/run-now": value}).run_now == nonce
    assert seen({"torchtask.dev/restart": value}).restart == nonce
    assert (seen({"torchtask.dev/run-now": "a"}).restart, seen({"torchtask.dev/restart": "a"}).run_now) == ("", "")


@pytest.mark.parametrize("annotations", [None, {}])
def test_a_task_without_annotations_asks_for_nothing(annotations: object) -> None:
    """Most tasks have none."""
    assert (seen(annotations).run_now, seen(annotations).restart) == ("", "")


@pytest.mark.parametrize(("late", "too_late"), [(20, False), (21, True)])
def test_a_deadline_counts_from_the_launch(late: int, *, too_late: bool) -> None:
    """A launch that is delayed by its jitter is no later for that."""
    spec = a_task(startingDeadlineSeconds=20, jitterSeconds=10).task.spec
    assert isinstance(spec, Spec)
    delayed = next(t for t in (at(f"12:00:{s}0") for s in range(6)) if spec.launch_time(t) > t)

    assert spec.too_late(delayed, spec.launch_time(delayed) + timedelta(seconds=late)) is too_late


@pytest.mark.parametrize(
    ("schedule", "spec", "seconds"),
    [("0 0 * * * *", {}, 60), ("0 0 * * * *", {"timeoutSeconds": 700}, 700), ("", {"daemon": {}}, None)],
)
def test_a_default_timeout_is_for_runs_that_set_none(schedule: str, spec: dict[str, Any], seconds: int | None) -> None:
    """A daemon's instances may run for ever."""
    understood = tasks.task(document(schedule, **spec), at("12:00:00"), default_timeout=60).spec

    assert isinstance(understood, Spec)
    assert understood.job.get("activeDeadlineSeconds") == seconds
