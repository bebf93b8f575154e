"""The Job of a launch: what we do not write into it passes as it is, rubbish included."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.launches import FIRE_TIME, a_job, a_spec, pod_of
from torchtask.core.units import Instance, Manual, Timed, Unit

TELLING = {"terminationMessagePolicy": "FallbackToLogsOnError"}


def test_what_is_no_container_passes_for_the_api_server_to_refuse() -> None:
    """Nothing of ours is put where it has no meaning."""
    rubbish = [7, "x", None, [{"name": "a"}]]

    made = pod_of(a_job(a_spec({"containers": rubbish, "initContainers": "x"})))

    assert (made["containers"], made["initContainers"]) == (rubbish, "x")


@pytest.mark.parametrize("env", [7, 0, "", "x", {}, {"name": "LOG"}])
def test_what_is_no_environment_passes_for_the_api_server_to_refuse(env: Any) -> None:
    """A template does not become valid by what we add to it."""
    made = pod_of(a_job(a_spec({"containers": [{"name": "a", "env": env}]})))

    assert made["containers"] == [{"name": "a", "env": env, **TELLING}]


WHOLE = st.integers(-(2**63), 2**63 - 1)  # the API server has no others
KEYS = st.sampled_from(["fancy", "gizmo", "name", "volumes"])
JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), WHOLE, st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)
PODS = st.builds(
    lambda beside, containers, affinity: {**beside, "containers": containers, "affinity": affinity},
    st.dictionaries(KEYS, JSON),
    st.lists(JSON, max_size=3),
    st.one_of(WHOLE, st.lists(JSON), st.builds(lambda beside: {"podAffinity": beside}, JSON)),
)
UNITS = st.sampled_from(
    [Timed(FIRE_TIME), Timed(FIRE_TIME, "worker-1"), Manual("012345678"), Instance(1, 2, "worker-1")]
)


def undone(made: Any) -> Any:
    """Take out of a Job's spec what we put into it."""
    made = copy.deepcopy(made)
    assert made["template"].pop("metadata") == {"labels": {"torchtask.dev/task": "report"}}
    pod = made["template"]["spec"]
    for container in pod["containers"]:
        if isinstance(container, dict):
            assert len(container.pop("env")) == 4
            del container["terminationMessagePolicy"]
    if isinstance(pod["affinity"], dict):
        pod["affinity"].pop("nodeAffinity", None)
    del made["backoffLimit"]
    return made


@pytest.mark.property
@given(PODS, st.dictionaries(KEYS, JSON), UNITS, st.one_of(st.none(), st.just(("a", "b"))))
def test_what_we_do_not_write_passes_as_it_is(pod: Any, beside: Any, unit: Unit, nodes: Any) -> None:
    """Rubbish and what we have never heard of included; and nothing that was passed in is changed."""
    template = {"novel": 1, "spec": pod}
    before = copy.deepcopy(template)
    spec = a_spec(pod, job={**beside, "template": template})
    common = copy.deepcopy(spec.job)

    made = a_job(spec, unit=unit, nodes=nodes)

    assert undone(made["spec"]) == {**beside, "template": before}
    assert (spec.job, template) == (common, before)
