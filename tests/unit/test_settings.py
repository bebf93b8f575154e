"""Settings and logs: a bad setting refuses to start, and no text can break out of its log line."""

import json
import logging
import os
import socket
from pathlib import Path

import pytest

from tests.crd.schema import places
from torchtask.core.caps import Limits
from torchtask.logs import JsonFormatter
from torchtask.settings import OF_LIMITS, OF_SETTINGS, SettingError, Settings, load

OUTSIDE = Path("/nonexistent")
"""Where no Pod's namespace is written."""

NUMBERS = {
    "TORCHTASK_HEALTH_PORT": 65_535,
    "TORCHTASK_MAX_ACTIVE": 1_000_000,
    "TORCHTASK_MAX_ACTIVE_PER_NAMESPACE": 1_000_000,
    "TORCHTASK_LAUNCHES_PER_SECOND": 1_000_000,
    "TORCHTASK_LAUNCHES_PER_SECOND_PER_NAMESPACE": 1_000_000,
    "TORCHTASK_MAX_WITHOUT_POD": 1_000_000,
    "TORCHTASK_MAX_TASKS_PER_NAMESPACE": 1_000_000,
    "TORCHTASK_DEFAULT_TIMEOUT_SECONDS": 31_536_000,
}
"""The greatest value of each; the least is 1."""


def test_unset_means_default() -> None:
    """An empty environment is a good one."""
    assert load({"TORCHTASK_IDENTITY": "me"}, OUTSIDE) == Settings(identity="me")


def test_two_operators_on_one_machine_are_not_the_same(tmp_path: Path) -> None:
    """Outside Pods a host may run two; a Pod's host name is its own, and its next container takes its Lease over."""
    namespace = tmp_path / "namespace"
    namespace.write_text("ours", encoding="utf-8")

    assert load({}, OUTSIDE).identity == f"{socket.gethostname()}-{os.getpid()}"
    assert load({}, namespace).identity == socket.gethostname()


@pytest.mark.parametrize("name", ["", "x" * 254, "a\nb", "é"])
def test_an_identity_can_be_written_into_a_lease(name: str) -> None:
    """What the API server would not take, or a log line would not show, is refused at the start."""
    with pytest.raises(SettingError, match=r"^TORCHTASK_IDENTITY: "):
        load({"TORCHTASK_IDENTITY": name}, OUTSIDE)


def test_settings_are_read() -> None:
    """Each setting has its variable."""
    numbers = {name: str(number) for number, name in enumerate(NUMBERS, start=1)}
    read = load({"TORCHTASK_LOG_LEVEL": "DEBUG", "TORCHTASK_NAMESPACE": "ours", "TORCHTASK_IDENTITY": "me", **numbers})

    assert read == Settings(
        namespace="ours",
        identity="me",
        log_level=logging.DEBUG,
        health_port=1,
        limits=Limits(
            active=2, active_in_namespace=3, launches=4, launches_in_namespace=5, without_pod=6
        ),
        tasks_in_namespace=7,
        default_timeout_seconds=8,
    )  # fmt: skip


@pytest.mark.parametrize(("name", "greatest"), NUMBERS.items())
def test_numbers_have_bounds(name: str, greatest: int) -> None:
    """The least and the greatest will do; what lies beyond them, or is written otherwise, will not."""
    load({name: "1"}, OUTSIDE)
    load({name: str(greatest)}, OUTSIDE)

    for value in ("0", "-1", str(greatest + 1), "9" * 5_000, "1.5", "1e3", "many", " 1", "٣"):
        with pytest.raises(SettingError, match=rf"^{name}: '{value}' is not a .*in 1–{greatest}\b"):
            load({name: value}, OUTSIDE)


def test_no_default_timeout() -> None:
    """It can be said that there is none; of no other setting may nothing be said."""
    assert load({"TORCHTASK_DEFAULT_TIMEOUT_SECONDS": ""}, OUTSIDE).default_timeout_seconds is None
    with pytest.raises(SettingError, match=r"nor empty: no limit$"):
        load({"TORCHTASK_DEFAULT_TIMEOUT_SECONDS": "0"})
    for name in {*OF_SETTINGS, *OF_LIMITS} - {"TORCHTASK_DEFAULT_TIMEOUT_SECONDS"}:
        with pytest.raises(SettingError, match=f"^{name}: '' is not"):
            load({name: ""}, OUTSIDE)


@pytest.mark.parametrize("level", ["LOUD", "debug", "NOTSET", "10"])
def test_a_bad_log_level_is_named(level: str) -> None:
    """The error says which setting, what it was, and what would be right."""
    words = f"^TORCHTASK_LOG_LEVEL: '{level}' is not one of DEBUG, INFO, WARNING, ERROR$"
    with pytest.raises(SettingError, match=words):
        load({"TORCHTASK_LOG_LEVEL": level}, OUTSIDE)


@pytest.mark.parametrize("namespace", ["Ours", "-", "a.b", "a b", "x" * 64, "a\n"])
def test_a_bad_namespace_is_named(namespace: str) -> None:
    """It becomes part of a request's path, and is a namespace's name or nothing."""
    with pytest.raises(SettingError, match=r"^TORCHTASK_NAMESPACE: .* is not the name of a namespace"):
        load({"TORCHTASK_NAMESPACE": namespace})


def test_the_operators_namespace_is_its_pods(tmp_path: Path) -> None:
    """Kubernetes writes it into the Pod; the environment goes before, and outside a Pod it is the one of the docs."""
    file = tmp_path / "namespace"
    assert load({}, file).namespace == "torchtask-system"

    file.write_text("ours\n")

    assert load({}, file).namespace == "ours"
    assert load({"TORCHTASK_NAMESPACE": "theirs"}, file).namespace == "theirs"


def test_the_default_timeout_may_be_what_a_task_may_say() -> None:
    """One bound for both: the definition's."""
    field = dict(places())["spec.timeoutSeconds"]

    assert (field["minimum"], field["maximum"]) == (1, NUMBERS["TORCHTASK_DEFAULT_TIMEOUT_SECONDS"])


def test_a_text_cannot_break_out_of_its_line() -> None:
    """Line breaks and control characters of a user's text are escaped: one record, one line, one JSON object."""
    error = ValueError("two\nlines")
    trace = (ValueError, error, None)
    record = logging.LogRecord("a", logging.ERROR, "b", 1, "x\n\x1b[31m%s", ("y\r\n",), trace)

    line = JsonFormatter().format(record)

    assert "\n" not in line
    assert "\x1b" not in line
    assert json.loads(line)["message"] == "x\n\x1b[31my\r\n"
    assert "ValueError: two" in json.loads(line)["error"]
