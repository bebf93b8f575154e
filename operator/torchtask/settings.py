"""The operator's settings, from the environment. A bad one refuses to start, and says which and what would be right."""

import logging
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torchtask.core.caps import Limits
from torchtask.core.names import is_namespace

NAMESPACE, IDENTITY = "TORCHTASK_NAMESPACE", "TORCHTASK_IDENTITY"
LONGEST_IDENTITY = 253
NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")  # in a Pod
OUTSIDE_A_POD = "torchtask-system"

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_MOST = 1_000_000
_YEAR_SECONDS = 31_536_000  # as in spec.timeoutSeconds


class SettingError(ValueError):
    """A setting that cannot be used."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set.

    `namespace` is the operator's own, `identity` the name under which it leads: no two may have the same.
    `log_level` is one of logging's numbers; `health_port` serves /livez, /readyz and /metrics.
    `tasks_in_namespace`: how many TorchTasks a namespace may have. `default_timeout_seconds`: for tasks that set none;
    None: no limit.
    """

    namespace: str = OUTSIDE_A_POD
    identity: str = ""
    log_level: int = logging.INFO
    health_port: int = 8080
    limits: Limits = Limits()  # noqa: RUF009 -- frozen
    tasks_in_namespace: int = 5000
    default_timeout_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Variable:
    """Where a field's value comes from. `right` says which texts will do; for others `read` raises ValueError."""

    field: str
    right: str
    read: Callable[[str], object]


def _whole_number(field: str, last: int = _MOST, *, kind: str = "a whole number", unset: str = "") -> Variable:
    """Take whole numbers from 1 on, and an empty text for None where `unset` says what that means."""

    def read(text: str) -> int | None:
        if unset and not text:
            return None
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= last):
            raise ValueError(text)
        return int(text)

    return Variable(field, f"{kind} in 1–{last}{unset}", read)


def _level(text: str) -> int:
    if text not in _LEVELS:
        raise ValueError(text)
    return logging.getLevelNamesMapping()[text]


def _identity(text: str) -> str:
    if not (text.isascii() and text.isprintable() and 1 <= len(text) <= LONGEST_IDENTITY):
        raise ValueError(text)
    return text


def _name(text: str) -> str:
    if not is_namespace(text):
        raise ValueError(text)
    return text


OF_SETTINGS = {
    NAMESPACE: Variable("namespace", "the name of a namespace: at most 63 of a–z, 0–9 and -", _name),
    IDENTITY: Variable("identity", f"a name of at most {LONGEST_IDENTITY} printable characters of ASCII", _identity),
    "TORCHTASK_LOG_LEVEL": Variable("log_level", f"one of {', '.join(_LEVELS)}", _level),
    "TORCHTASK_HEALTH_PORT": _whole_number("health_port", 65_535, kind="a port: a number"),
    "TORCHTASK_MAX_TASKS_PER_NAMESPACE": _whole_number("tasks_in_namespace"),
    "TORCHTASK_DEFAULT_TIMEOUT_SECONDS": _whole_number(
        "default_timeout_seconds", _YEAR_SECONDS, unset=", nor empty: no limit"
    ),
}
OF_LIMITS = {
    "TORCHTASK_MAX_ACTIVE": _whole_number("active"),
    "TORCHTASK_MAX_ACTIVE_PER_NAMESPACE": _whole_number("active_in_namespace"),
    "TORCHTASK_LAUNCHES_PER_SECOND": _whole_number("launches"),
    "TORCHTASK_LAUNCHES_PER_SECOND_PER_NAMESPACE": _whole_number("launches_in_namespace"),
    "TORCHTASK_MAX_WITHOUT_POD": _whole_number("without_pod"),
}


def load(environment: Mapping[str, str] = os.environ, namespace_file: Path = NAMESPACE_FILE) -> Settings:
    """Read the settings; raises SettingError. Namespace and identity are the Pod's where the environment names none."""
    in_a_pod = namespace_file.exists()
    if NAMESPACE not in environment and in_a_pod:
        environment = {**environment, NAMESPACE: namespace_file.read_text(encoding="utf-8").strip()}
    if IDENTITY not in environment:  # a Pod's host name is its own; elsewhere there may be two of us on one
        host = socket.gethostname()
        environment = {**environment, IDENTITY: host if in_a_pod else f"{host}-{os.getpid()}"}
    return Settings(**_read(OF_SETTINGS, environment), limits=Limits(**_read(OF_LIMITS, environment)))


def _read(variables: Mapping[str, Variable], environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, variable in variables.items():
        if name in environment:
            try:
                found[variable.field] = variable.read(environment[name])
            except ValueError:
                raise SettingError(f"{name}: {environment[name]!r} is not {variable.right}") from None
    return found
