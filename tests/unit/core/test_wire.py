"""Untrusted documents: what is understood, what is refused and in which words, and what is passed over."""

from typing import Any

import pytest

from tests.launches import START
from tests.scenario import a_task, at, document
from torchtask.core.errors import SpecError
from torchtask.core.manifest import job
from torchtask.core.model import Phase
from torchtask.core.spec import Spec
from torchtask.core.status import Sight, render_status
from torchtask.core.wire import ledgers, tasks

TELLING = {"terminationMessagePolicy": "FallbackToLogsOnError"}
TEMPLATE = {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}}}}


def read(**spec: Any) -> Spec | SpecError:
    """Read a TorchTask with these fields."""
    return tasks.task(document(**spec), at("12:00:00")).spec


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"schedule": "0 0 25 * * *"}, "spec.schedule: hour: 25 is not in 0–23"),
        ({"schedule": 7}, "spec.schedule: 7 is not a text"),
        ({"schedule": None}, "spec.schedule: is missing: a text is needed"),
        ({"suspend": "yes"}, "spec.suspend: 'yes' is not true or false"),
        ({"maxInstances": 0}, "spec.maxInstances: 0 is not in 1–"),
        ({"maxInstances": True}, "spec.maxInstances: True is not a whole number"),
        ({"maxInstances": 2, "concurrencyPolicy": "Allow"}, "spec.maxInstances: has no meaning with concurrencyPolicy"),
        ({"concurrencyPolicy": "Never"}, "spec.concurrencyPolicy: 'Never' is not one of Forbid, Allow, Queue"),
        ({"timeoutSeconds": 0}, "spec.timeoutSeconds: 0 is not in 1–"),
        ({"backoffLimit": -1}, "spec.backoffLimit: -1 is not in 0–"),
        ({"container": {}}, "spec.container.image: is missing"),
        ({"container": {"image": "a"}, "jobTemplate": TEMPLATE}, "spec: exactly one of container and jobTemplate"),
        ({"jobTemplate": {}}, "spec.jobTemplate.spec: is missing"),
        ({"schedule": "@hourly", "at": "2026-06-01T13:00:00Z"}, "spec: exactly one of schedule, at and daemon"),
        ({"timeZone": "Europe/Berlyn"}, 'spec.timeZone: "Europe/Berlyn" is not a time zone'),
        ({"timeZone": 1}, "spec.timeZone: 1 is not a text"),
        ({"daylightSaving": {"gap": "Never"}}, "spec.daylightSaving.gap: 'Never' is not one of RunAfter, Skip"),
        ({"daylightSaving": {"fold": "Often"}}, "spec.daylightSaving.fold: 'Often' is not one of Once, Twice"),
        ({"dayMatch": "Xor"}, "spec.dayMatch: 'Xor' is not one of Or, And"),
        ({"notBefore": "tomorrow"}, "spec.notBefore: 'tomorrow' is not an instant"),
        ({"notAfter": "2026-06-01T13:00:00"}, "spec.notAfter: '2026-06-01T13:00:00' is not an instant"),
        (
            {"notBefore": "2026-06-02T00:00:00Z", "notAfter": "2026-06-01T00:00:00Z"},
            "spec.notAfter: it is before spec.notBefore",
        ),
        ({"notBefore": "9999-12-31T00:00:00Z"}, "spec.notBefore: '9999-12-31T00:00:00Z' is not an instant"),
        ({"notBefore": "2100-01-01T00:00:00Z"}, "spec.notBefore: '2100-01-01T00:00:00Z' is not in the years 1970–2099"),
        ({"notAfter": "1969-12-31T00:00:00Z"}, "spec.notAfter: '1969-12-31T00:00:00Z' is not in the years 1970–2099"),
        ({"queueLimit": 5}, "spec.queueLimit: has no meaning with concurrencyPolicy Forbid"),
        ({"queueLimit": 0, "concurrencyPolicy": "Queue"}, "spec.queueLimit: 0 is not in 1–100"),
        ({"catchUp": "Some"}, "spec.catchUp: 'Some' is not one of None, Latest, All"),
        ({"catchUp": "All"}, "spec.catchUp: All needs concurrencyPolicy Queue"),
        ({"catchUpLimit": 5}, "spec.catchUpLimit: has no meaning with catchUp Latest"),
        (
            {"catchUp": "All", "catchUpLimit": 11, "concurrencyPolicy": "Queue"},
            "spec.catchUpLimit: 11 is not in 1–10",
        ),
        ({"startingDeadlineSeconds": 0}, "spec.startingDeadlineSeconds: 0 is not in 1–"),
        (
            {"jobTemplate": {"spec": {**TEMPLATE["spec"], "ttlSecondsAfterFinished": 59}}},
            "spec.jobTemplate.spec.ttlSecondsAfterFinished: 59 is not in 60–",
        ),
        ({"jitterSeconds": -1}, "spec.jitterSeconds: -1 is not in 0–86400"),
        ({"additionalSchedules": "* * * * *"}, "spec.additionalSchedules: '* * * * *' is not a list"),
        ({"additionalSchedules": ["* * * * *", "61 * * * *"]}, "spec.additionalSchedules[1]: minute: 61"),
        ({"jobTemplate": {"spec": {"template": 1}}}, "spec.jobTemplate.spec.template: 1 is not an object"),
    ],
)
def test_a_bad_field_is_named(fields: dict[str, Any], message: str) -> None:
    """The error says which field, and what would be right."""
    error = read(**fields)

    assert isinstance(error, SpecError)
    assert str(error).startswith(message)


def test_a_container_becomes_a_pod_that_is_not_restarted() -> None:
    """The shorthand: one container, one attempt, killed at its timeout."""
    spec = read(
        container={"image": "busybox:1.36", "command": ["date"], "terminationGracePeriodSeconds": 3},
        timeoutSeconds=30,
        nodeSelector={"disk": "ssd"},
        serviceAccountName="runner",
    )

    assert isinstance(spec, Spec)
    assert spec.job == {
        "activeDeadlineSeconds": 30,
        "backoffLimit": 0,
        "template": {
            "spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "task", "image": "busybox:1.36", "command": ["date"], **TELLING}],
                "terminationGracePeriodSeconds": 3,
                "serviceAccountName": "runner",
                "nodeSelector": {"disk": "ssd"},
            }
        },
    }


def test_a_template_passes_with_fields_that_nobody_has_heard_of() -> None:
    """A newer Kubernetes has newer fields; only what we say we write is written."""
    template = {
        "metadata": {"labels": {"team": "a"}, "annotations": {"note": "b"}},
        "spec": {"fancy": [1, {"x": None}], "template": {"novel": 1, "spec": {"gizmo": {"a": 0}, "containers": []}}},
    }
    task = tasks.task(document(jobTemplate=template, nodeSelector={"disk": "ssd"}), at("12:00:00"))
    assert isinstance(task.spec, Spec)

    made = job(task, task.spec, START)

    pod = {"gizmo": {"a": 0}, "containers": [], "nodeSelector": {"disk": "ssd"}}
    wanted = {"fancy": [1, {"x": None}], "backoffLimit": 0, "template": {"novel": 1, "spec": pod}}
    assert made["spec"]["template"].pop("metadata") == {"labels": {"torchtask.dev/task": "report"}}
    assert made["spec"] == wanted
    assert made["metadata"]["labels"]["team"] == "a"
    assert made["metadata"]["annotations"]["note"] == "b"


def test_a_status_survives_being_written_and_read() -> None:
    """A restarted operator knows what the one before it knew."""
    state = a_task().since("12:00:25").counted(launched=2, skipped=3, missed=4)
    state = state.with_run("12:00:10", Phase.FAILED, reason="DeadlineExceeded").with_run("12:00:20", Phase.SUCCEEDED)
    decision = state.decided("12:05:00")
    judged = state.judged(decision, "12:05:00")
    status = state.status(decision, judged)
    read_back = ledgers.ledger(status)

    assert read_back is not None
    sight = Sight(next_time=decision.next_time, conditions=judged)
    assert render_status(state.task, read_back, sight) == status
    assert ledgers.conditions(status) == judged


@pytest.mark.parametrize(
    "status",
    [None, "x", [], {}, {"accountedTime": 1}, {"accountedTime": "soon", "counts": {}}, {"counts": None}],
)
def test_a_status_that_is_rubbish_is_no_status(status: object) -> None:
    """Whatever stands there, the operator starts anew and says so."""
    assert ledgers.ledger(status) is None


@pytest.mark.parametrize("count", [-1, 2**63 - 1, "7", None, 1.5])
def test_a_count_that_cannot_be_is_rubbish(count: object) -> None:
    """A count near the integers' end would make the next patch fail for ever."""
    state = a_task().since("12:00:25")
    assert state.ledger is not None
    status = render_status(state.task, state.ledger, Sight())

    assert ledgers.ledger(status) is not None
    assert ledgers.ledger(status | {"counts": status["counts"] | {"launched": count}}) is None


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z", "x", 7])
def test_a_condition_of_another_time_is_passed_over(time: object) -> None:
    """An odd instant in a status stops nothing, and is never written back."""
    entry = {"type": "Ready", "status": "True", "reason": "a", "message": "b", "lastTransitionTime": time}

    assert ledgers.conditions({"conditions": [entry]}) == ()
