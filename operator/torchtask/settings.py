"""The operator's settings, from the environment. A bad one refuses to start, and says which and what would be right."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass

LOG_LEVEL = "TORCHTASK_LOG_LEVEL"
HEALTH_PORT = "TORCHTASK_HEALTH_PORT"
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_PORTS = range(1, 65_536)


class SettingError(ValueError):
    """A setting that cannot be used."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set. `log_level` is one of logging's numbers; `health_port` serves /livez and /readyz."""

    log_level: int = logging.INFO
    health_port: int = 8080


def load(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; raises SettingError."""
    level = environment.get(LOG_LEVEL, "INFO")
    if level not in _LEVELS:
        raise SettingError(f"{LOG_LEVEL}: {level!r} is not one of {', '.join(_LEVELS)}")
    port = environment.get(HEALTH_PORT, "8080")
    if not (port.isascii() and port.isdigit() and int(port) in _PORTS):
        raise SettingError(f"{HEALTH_PORT}: {port!r} is not a port: a number in {_PORTS.start}–{_PORTS.stop - 1}")
    return Settings(log_level=logging.getLevelNamesMapping()[level], health_port=int(port))
