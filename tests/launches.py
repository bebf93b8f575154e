"""Launches by hand: specs, starts and Jobs, made without reading a TorchTask."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from torchtask.core.manifest import Start, Trigger, job, job_spec
from torchtask.core.model import Task
from torchtask.core.schedule import NEVER
from torchtask.core.spec import CatchUp, ConcurrencyPolicy, Overlap, Spec
from torchtask.core.units import Timed
from torchtask.core.wire.values import packed

UID = "0a1b2c3d-0000-4000-8000-000000000000"
FIRE_TIME = datetime(2026, 6, 1, 12, 0, 10, tzinfo=UTC)
START = Start(Timed(FIRE_TIME), FIRE_TIME, Trigger.SCHEDULE)


def a_spec(pod: Any = None, *, job: Any = None, **fields: Any) -> Spec:
    """Make a spec that runs this Pod, in a Job with these further fields; `fields` are those of the TorchTask."""
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]} if pod is None else pod}
    return Spec(
        schedule=NEVER,
        jitter_seconds=0,
        summary="",
        digest="",
        suspend=False,
        overlap=Overlap(ConcurrencyPolicy.FORBID, 1),
        deadline=None,
        catch_up=CatchUp.LATEST,
        catch_up_limit=0,
        successful_history=3,
        failed_history=3,
        job_text=packed(job_spec({"jobTemplate": {"spec": {"template": template, **(job or {})}}, **fields})),
        labels={},
        annotations={},
        template="",
    )


def a_job(spec: Spec | None = None, name: str = "report", **start: Any) -> dict[str, Any]:
    """Write the Job of a launch, that of 12:00:10 unless `start` says otherwise."""
    spec = spec or a_spec()
    return job(Task("default", name, UID, 1, FIRE_TIME, spec), spec, replace(START, **start))


def pod_of(job: Any) -> Any:
    """Return the Pod of a Job."""
    return job["spec"]["template"]["spec"]
