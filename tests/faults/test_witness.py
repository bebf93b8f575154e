"""Who watches the Jobs: where he saw nothing for a while, no life is told longer than it was."""

from dataclasses import replace
from typing import Any, cast

from tests.faults.admin import Admin
from tests.faults.gathering import sharpened
from tests.faults.histories import FORBID, NOON, launched, text
from tests.faults.runs import Post
from tests.faults.witness import Witness

DONE = {"conditions": [{"type": "Complete", "status": "True"}]}


def a_job(version: int, **status: Any) -> dict[str, Any]:
    """Write a Job."""
    meta = {"uid": "job", "namespace": "faults", "name": "run", "resourceVersion": str(version)}
    return {"metadata": meta, "status": status}


def test_a_job_that_was_over_when_it_was_listed_ended_as_soon_as_it_could() -> None:
    """Since when it was over nobody knows; an event tells that."""
    listed, followed = (Witness(cast("Admin", None)) for _ in range(2))
    for witness, is_listed in ((listed, True), (followed, False)):
        witness.saw(a_job(100))
        witness.saw(a_job(200, **DONE), listed=is_listed)
    assert listed.runs["job"].finished_version == 101
    assert followed.runs["job"].finished_version == 200


def test_a_job_that_only_a_list_showed_is_moved_as_a_whole() -> None:
    """The answer to its creation tells when that was; it did not last longer for that."""
    post, run = launched(FORBID, NOON)
    post.server_body = text(metadata={"uid": run.uid, "resourceVersion": "50"})
    asked = [found for found in [Post.of(post)] if found]
    (seen,) = sharpened([replace(run, created_version=100, finished_version=101)], asked)
    assert (seen.created_version, seen.finished_version) == (50, 51)
    (seen,) = sharpened([replace(run, created_version=50, finished_version=101)], asked)
    assert (seen.created_version, seen.finished_version) == (50, 101)
