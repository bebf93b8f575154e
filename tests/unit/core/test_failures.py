"""A failed run between its end and its place in the books: it is counted, kept and shown as law L11 says."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.scenario import Scenario, a_task, at
from torchtask.core import ledger as books
from torchtask.core.decide import Decision, Prune
from torchtask.core.ends import End, explained
from torchtask.core.manifest import job_spec
from torchtask.core.model import Phase, Run
from torchtask.core.status import Sight, render_status
from torchtask.core.wire import jobs, ledgers

END = End("OOMKilled", 137, "eating")


def failed(**changes: Any) -> Scenario:
    """Say that the run of 12:00:10 failed, and that nobody knows why."""
    state = a_task(failedJobsHistoryLimit=0).since("12:00:15").counted(launched=1)
    limit = {"reason": "BackoffLimitExceeded", "unexplained": True, "exit_code": None}
    return state.with_run("12:00:10", Phase.FAILED, **{**limit, **changes})


def status(state: Scenario, decision: Decision) -> dict[str, Any]:
    """Write the status."""
    return state.status(decision)


def test_a_failed_run_is_counted_when_its_pods_were_asked() -> None:
    """Until then it is active in the sum of L12; nothing is counted as stopped, and nothing is counted twice."""
    state = failed()
    before = state.decided("12:00:16")
    told = replace(state.after(before), runs=(explained(state.runs[0], END),))
    after = told.decided("12:00:17")

    assert (before.ledger.counts.failed, before.ledger.counts.stopped) == (0, 0)
    assert (after.ledger.counts.failed, after.ledger.counts.stopped) == (1, 0)
    assert told.after(after).decided("12:00:18").ledger.counts == after.ledger.counts


def test_the_next_run_does_not_wait_for_the_last_one_to_be_explained() -> None:
    """A run that ended takes no instance, whatever is still to be learned of it."""
    decision = failed().decided("12:00:20")

    assert decision.actions
    assert decision.ledger.not_launched == ()


def test_a_run_is_not_pruned_before_its_pods_were_asked() -> None:
    """With its Job its Pods would go, and they know why it failed."""
    state = failed()
    told = replace(state, runs=(explained(state.runs[0], END),))

    def pruned(state: Scenario) -> Iterator[Run]:
        """Write what is decided, and name what is pruned then."""
        for _ in range(2):
            decision = state.decided("12:00:16")
            state = replace(state.after(decision), ledger=books.published(decision.ledger, decision.ledger))
            yield from (a.run for a in decision.actions if isinstance(a, Prune))

    assert list(pruned(state)) == []
    assert list(pruned(told)) == list(told.runs)


def test_a_run_that_was_counted_by_another_operator_is_not_asked_about_again() -> None:
    """After a restart its Job says as little as ever; it stays counted, and is not active."""
    state = failed().counted(failed=1)
    assert state.ledger is not None
    held = replace(state.ledger, counted_runs=frozenset({state.runs[0].suffix}))
    decision = replace(state, ledger=held).decided("12:00:16")

    assert decision.ledger.counts == held.counts
    assert decision.ledger.counted_runs == {state.runs[0].suffix}


def test_a_task_is_not_over_before_its_failure_is_explained() -> None:
    """`kubectl wait --for=condition=Failed` ends with the reason, not before it is known."""
    state = replace(failed(), task=a_task(notAfter="2026-06-01T12:00:12Z").task)
    state = state.since("12:00:15").counted(launched=1)
    told = replace(state, runs=(explained(state.runs[0], END),))

    assert not state.decided("12:00:16").over
    assert told.decided("12:00:16").over


def test_the_status_tells_how_the_last_run_and_the_last_failure_ended() -> None:
    """Reason, exit code, last words; a success hides the failure in `lastRun`, never in `lastFailure`."""
    state = a_task().since("12:00:25").counted(launched=2)
    state = state.with_run("12:00:10", Phase.FAILED, reason="Error", exit_code=3, message="x" * 999 + "the cause")
    one = status(state, state.decided("12:00:26"))
    state = state.with_run("12:00:20", Phase.SUCCEEDED, reason="Completed")
    two = status(state, state.decided("12:00:26"))

    failure = {
        "name": state.runs[0].name,
        "scheduleTime": "2026-06-01T12:00:10Z",
        "startTime": None,
        "completionTime": "2026-06-01T12:00:10Z",
        "reason": "Error",
        "exitCode": 3,
        "message": "x" * 999 + "the cause",
    }
    short = "…" + "x" * (255 - len("the cause")) + "the cause"
    assert one["lastFailure"] == two["lastFailure"] == failure
    assert one["lastRun"] == failure | {"result": "Failed", "message": short}
    assert (two["lastRun"]["result"], two["lastRun"]["exitCode"], two["lastRun"]["message"]) == (
        "Succeeded",
        None,
        None,
    )


def test_the_last_failure_is_the_one_that_was_to_run_last() -> None:
    """A newer one takes its place; an older one that takes longer does not."""
    state = a_task(concurrencyPolicy="Allow").since("12:00:35").counted(launched=3)
    state = state.with_run("12:00:20", Phase.FAILED)
    first = state.decided("12:00:36")
    slow = state.after(first).with_run("12:00:10", Phase.FAILED, completion_time=at("12:00:37"))
    second = slow.decided("12:00:38")
    third = slow.after(second).with_run("12:00:30", Phase.FAILED, completion_time=at("12:00:39")).decided("12:00:39")

    found = [d.ledger.last_failure for d in (first, second, third)]
    assert [f.fire_time for f in found if f] == [at("12:00:20"), at("12:00:20"), at("12:00:30")]


def test_a_failure_survives_a_restart() -> None:
    """`lastFailure` outlives its Job: it is read back from the status, and written again as it was."""
    state = a_task().since("12:00:15").counted(launched=1)
    state = state.with_run("12:00:10", Phase.FAILED, reason="Error", exit_code=3, message="x" * 2000)
    decision = state.decided("12:00:16")
    written = status(state, decision)

    held = ledgers.ledger(written)
    later = replace(state, ledger=held, runs=()).decided("12:00:17")

    assert held is not None
    assert len(written["lastFailure"]["message"]) == 1024
    assert status(state, later)["lastFailure"] == written["lastFailure"]
    assert render_status(state.task, held, Sight())["lastRun"] == written["lastRun"]


@pytest.mark.parametrize("failure", [{"name": "x"}, {"name": "x", "scheduleTime": "soon"}, 7, "x"])
def test_a_failure_that_is_rubbish_makes_the_status_rubbish(failure: Any) -> None:
    """As everything else that stands in it."""
    state = a_task().since("12:00:15")
    good = status(state, state.decided("12:00:16"))

    assert ledgers.ledger(good) is not None
    assert ledgers.ledger(good | {"lastFailure": failure}) is None


LIMIT = {"status": "True", "reason": "BackoffLimitExceeded"}
DEADLINE = {"status": "True", "reason": "DeadlineExceeded"}


@pytest.mark.parametrize(
    ("found", "unexplained"),
    [
        ([], False),
        ([{"type": "FailureTarget", **LIMIT}], True),
        ([{"type": "FailureTarget", **LIMIT}, {"type": "Failed", **LIMIT}], True),
        ([{"type": "FailureTarget", **LIMIT, "status": "False"}], False),
        ([{"type": "FailureTarget", **DEADLINE}], False),
        ([{"type": "Failed", **DEADLINE}], False),
        ([{"type": "SuccessCriteriaMet", "status": "True"}, {"type": "Complete", "status": "True"}], False),
    ],
)
def test_pods_are_asked_as_soon_as_the_failure_is_decided(found: list[dict[str, str]], unexplained: bool) -> None:  # noqa: FBT001
    """Later some are gone; and one that took too long has nothing to tell."""
    state = failed()
    made = {
        "metadata": {
            "namespace": "default",
            "name": state.runs[0].name,
            "uid": "job-uid",
            "creationTimestamp": "2026-06-01T12:00:10Z",
            "ownerReferences": [
                {
                    "apiVersion": "torchtask.dev/v1beta1",
                    "kind": "TorchTask",
                    "name": state.task.name,
                    "uid": state.task.uid,
                }
                | {"controller": True}
            ],
        },
        "status": {"conditions": [c | {"lastTransitionTime": "2026-06-01T12:00:12Z"} for c in found]},
    }

    read = jobs.run(made)

    assert read is not None
    assert read[1].unexplained == unexplained


def test_containers_leave_their_last_words() -> None:
    """Each container that says nothing else leaves the tail of its output when it fails."""
    telling = {"terminationMessagePolicy": "FallbackToLogsOnError"}
    own = {"name": "own", "terminationMessagePolicy": "File"}
    pod = {"initContainers": [{"name": "first"}, own], "containers": [own, {"name": "second"}, "rubbish"]}
    given: dict[str, Any] = {"jobTemplate": {"spec": {"template": {"spec": pod}}}}

    made = job_spec(given)["template"]["spec"]
    short = job_spec({"container": {"image": "a"}})["template"]["spec"]

    assert made["initContainers"] == [{"name": "first", **telling}, own]
    assert made["containers"] == [own, {"name": "second", **telling}, "rubbish"]
    assert short["containers"] == [{"name": "task", "image": "a", **telling}]
    assert "initContainers" not in short
    assert given["jobTemplate"]["spec"]["template"]["spec"] == pod
    assert job_spec({"jobTemplate": {"spec": {"template": {"spec": {"containers": 7}}}}})["template"]["spec"] == {
        "containers": 7
    }
