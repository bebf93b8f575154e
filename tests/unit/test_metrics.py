"""The numbers: each request is told by what it asked for, and no user can add a series."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from torchtask.cluster import paths
from torchtask.metrics import NO_ANSWER, WATCH, Metrics, resource_and_verb

LONG = "a-very-long-name"


@pytest.mark.parametrize(
    ("method", "path", "resource", "verb"),
    [
        ("POST", paths.jobs("team"), "jobs", "create"),
        ("GET", paths.JOBS, "jobs", "list"),
        ("GET", paths.job("team", LONG), "jobs", "get"),
        ("DELETE", paths.job("team", LONG), "jobs", "delete"),
        (WATCH, paths.JOBS, "jobs", "watch"),
        ("GET", paths.TASKS, "torchtasks", "list"),
        ("GET", paths.task("team", LONG), "torchtasks", "get"),
        ("PATCH", paths.status("team", LONG), "torchtasks/status", "patch"),
        ("GET", paths.NODES, "nodes", "list"),
        ("GET", paths.pods("team"), "pods", "list"),
        ("GET", paths.config_maps("team"), "configmaps", "list"),
        ("PUT", "/apis/coordination.k8s.io/v1/namespaces/team/leases/torchtask", "leases", "update"),
        ("GET", "/api/v1/namespaces/team", "namespaces", "get"),
        ("GET", "/version", "other", "get"),
    ],
)
def test_requests_are_named_as_roles_name_them(method: str, path: str, resource: str, verb: str) -> None:
    """The paths are those that the operator asks; no name of a namespace or an object is among the labels."""
    assert resource_and_verb(method, path) == (resource, verb)


def samples(metrics: Metrics) -> dict[str, float]:
    """Read the numbers as Prometheus does: `name{a="1"}`."""
    read = text_string_to_metric_families(metrics.text().decode())
    return {
        s.name + str(sorted(s.labels.values())).replace("'", ""): s.value for family in read for s in family.samples
    }


def test_a_request_without_an_answer_is_counted_as_such() -> None:
    """And how long it took is told, except for watches: they are to last."""
    metrics = Metrics()
    metrics.requests.told("POST", paths.jobs("team"), 201, 0.02)
    metrics.requests.told("POST", paths.jobs("team"), None, 10.0)
    metrics.requests.told(WATCH, paths.JOBS, 200, 25.0)

    found = samples(metrics)
    assert found["torchtask_api_requests_total[201, create, jobs]"] == 1
    assert found[f"torchtask_api_requests_total[create, jobs, {NO_ANSWER}]"] == 1
    assert found["torchtask_api_requests_total[200, jobs, watch]"] == 1
    assert found["torchtask_api_request_duration_seconds_sum[create, jobs]"] == 10.02
    assert not [name for name in found if "duration" in name and "watch" in name]


def test_what_is_looked_up_is_looked_up_each_time() -> None:
    """A gauge is as old as the answer that it stands in."""
    metrics, looks = Metrics(), iter((3, 5))
    metrics.before_shown(lambda: metrics.levels.queued.set(next(looks)))

    assert [samples(metrics)["torchtask_queued_fire_times[]"] for _ in range(2)] == [3, 5]


def test_the_loop_remembers_how_late_it_was_at_worst() -> None:
    """A single stall is seen, however seldom somebody looks."""
    metrics = Metrics()
    for lag in (0.001, 0.3, 0.002):
        metrics.health.lagged(lag)

    assert samples(metrics)["torchtask_loop_lag_max_seconds[]"] == 0.3


def test_two_operators_in_one_process_keep_their_numbers_apart() -> None:
    """Nothing is registered for the whole process."""
    first, second = Metrics(), Metrics()
    first.health.leading.set(1)

    assert (samples(first)["torchtask_leader[]"], samples(second)["torchtask_leader[]"]) == (1, 0)
