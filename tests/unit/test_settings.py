"""Settings and logs: a bad setting refuses to start, and no text can break out of its log line."""

import json
import logging

import pytest

from torchtask.logs import JsonFormatter
from torchtask.settings import SettingError, Settings, load


def test_unset_means_default() -> None:
    """An empty environment is a good one."""
    assert load({}) == Settings(log_level=logging.INFO, health_port=8080)


def test_settings_are_read() -> None:
    """Each setting has its variable."""
    read = load({"TORCHTASK_LOG_LEVEL": "DEBUG", "TORCHTASK_HEALTH_PORT": "9000"})

    assert read == Settings(log_level=logging.DEBUG, health_port=9000)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TORCHTASK_LOG_LEVEL", "LOUD"),
        ("TORCHTASK_LOG_LEVEL", "debug"),
        ("TORCHTASK_HEALTH_PORT", "0"),
        ("TORCHTASK_HEALTH_PORT", "65536"),
        ("TORCHTASK_HEALTH_PORT", "http"),
        ("TORCHTASK_HEALTH_PORT", "٣"),
    ],
)
def test_a_bad_setting_is_named(name: str, value: str) -> None:
    """The error says which setting, what it was, and what would be right."""
    with pytest.raises(SettingError, match=f"{name}: '{value}' is not"):
        load({name: value})


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
