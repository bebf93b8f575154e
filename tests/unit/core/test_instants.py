"""Instants as Kubernetes, and users, write them."""

from datetime import UTC
from typing import Any

import pytest

from tests.scenario import a_task, at, document
from torchtask.core.errors import SpecError
from torchtask.core.instants import instant, optional_instant, rfc3339
from torchtask.core.spec import Spec
from torchtask.core.wire import tasks


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-06-01T12:00:00Z", "12:00:00"),
        ("2026-06-01T14:00:00+02:00", "12:00:00"),
        ("2026-06-01T14:00:00.5+02:00", "12:00:00.5"),
        ("2026-06-02T01:30:00+13:30", "12:00:00"),
        ("2026-05-31T23:59:00-12:01", "12:00:00"),
    ],
)
def test_an_instant_with_an_offset_is_the_same_moment(text: str, same: str) -> None:
    """In UTC, so that instants compare and are written alike, whoever wrote them."""
    assert instant(text) == at(same)
    assert instant(text).tzinfo is UTC
    assert rfc3339(instant(text)) == "2026-06-01T12:00:00Z"


def test_a_tasks_moments_may_have_offsets() -> None:
    """`at` and the window are instants, and not wall-clock times of the task's zone."""
    fields = document(at="2026-06-01T14:00:00+02:00", timeZone="Asia/Tokyo")
    once = tasks.task(fields, at("11:00:00")).spec
    window = a_task(notBefore="2026-06-01T14:00:05+02:00", notAfter="2026-06-01T07:00:25-05:00").task.spec

    assert isinstance(once, Spec)
    assert isinstance(window, Spec)
    assert once.schedule.after(at("11:00:00")) == at("12:00:00")
    assert once.summary == "at 2026-06-01T12:00:00Z"
    assert window.schedule.after(at("11:00:00")) == at("12:00:10")
    assert window.schedule.latest(at("13:00:00")) == at("12:00:20")


@pytest.mark.parametrize(
    "text", ["2026-06-01T12:00:00", "2026-06-01", "noon", "", "1900-01-01T00:00:00Z", "9000-01-01T00:00:00Z"]
)
def test_what_names_no_moment_of_our_time_is_refused(text: str) -> None:
    """Also one without a zone, which is another moment everywhere."""
    with pytest.raises(ValueError, match=r"zone|years|Invalid"):
        instant(text)


def test_an_instant_may_be_absent() -> None:
    """Most times of a status are."""
    assert optional_instant(None) is None
    assert optional_instant("2026-06-01T12:00:00Z") == at("12:00:00")


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"additionalSchedules": ["* * * * *", 7]}, "spec.additionalSchedules[1]"),
        ({"additionalSchedules": [None, "* * * * *"]}, "spec.additionalSchedules[0]"),
        ({"nodeNames": ["a", "b", "C"]}, "spec.nodeNames[2]"),
        ({"nodeAddresses": ["10.0.0.1", "10.0.0"]}, "spec.nodeAddresses[1]"),
    ],
)
def test_of_a_list_the_item_is_named_that_is_wrong(fields: dict[str, Any], path: str) -> None:
    """Counted from 0, as the API server counts."""
    error = tasks.task(document(**fields), at("12:00:00")).spec

    assert isinstance(error, SpecError)
    assert error.field_path == path
