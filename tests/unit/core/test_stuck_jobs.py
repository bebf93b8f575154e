"""Jobs that were ended because they were stuck, read back: the annotation says why, where it is ours to say."""

from typing import Any

import pytest

from tests.jobs import DEADLINE, LIMIT, held, read, stored
from torchtask.core.ends import LONGEST_MESSAGE, EndReason
from torchtask.core.manifest import ended_by
from torchtask.core.model import Phase, Run


def stuck(by: Any, condition: dict[str, str]) -> Run:
    """Read a Job that carries this annotation."""
    made = stored(conditions=[condition])
    made["metadata"]["annotations"] |= ended_by(by)["metadata"]["annotations"]
    return read(made)


@pytest.mark.parametrize("reason", [EndReason.PENDING_TIMEOUT, EndReason.NO_POD])
def test_a_run_that_was_ended_because_it_was_stuck_says_so(reason: EndReason) -> None:
    """What stands in the annotation is what the status shows; its Job only knows a deadline."""
    run = stuck(f"{reason}: ImagePullBackOff: no such image", held("Failed", DEADLINE, "was active longer than …"))

    assert (run.phase, run.reason, run.message) == (Phase.FAILED, reason, "ImagePullBackOff: no such image")
    assert not run.unexplained


@pytest.mark.parametrize(
    ("by", "condition", "reason", "message"),
    [
        ("PendingTimeout: words", held("Failed", LIMIT, "a limit"), LIMIT, "a limit"),
        ("PendingTimeout: words", held("Complete"), "Completed", ""),
        ("PendingTimeout: words", held("FailureTarget", DEADLINE), "", ""),
        ("PendingTimeout", held("Failed", DEADLINE, "long"), "PendingTimeout", ""),
        ("Boredom: words", held("Failed", DEADLINE, "long"), DEADLINE, "long"),
        ("", held("Failed", DEADLINE, "long"), DEADLINE, "long"),
        (7, held("Failed", DEADLINE, "long"), DEADLINE, "long"),
    ],
)
def test_words_that_are_not_why_it_ended_are_not_told(
    by: Any, condition: dict[str, str], reason: str, message: str
) -> None:
    """It may end by itself just before our deadline does; and anybody may write an annotation."""
    run = stuck(by, condition)

    assert (run.reason, run.message) == (reason, message)


def test_the_words_of_an_annotation_are_bounded() -> None:
    """Somebody may have written a quarter of a megabyte there."""
    assert len(stuck(f"NoPod: {'x' * 5_000}", held("Failed", DEADLINE)).message) == LONGEST_MESSAGE
