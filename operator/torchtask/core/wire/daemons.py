"""`spec.daemon` → how instances are kept running."""

from datetime import timedelta

from torchtask.core.spec import Daemon, Json, RestartPolicy
from torchtask.core.wire.values import choice, given, integer, mapping

_LONGEST = 3_600
_MOST_RETRIES = 1_000


def daemon(spec: Json) -> Daemon | None:
    """Read the options of a daemon; None when the task is none."""
    if "daemon" not in spec:
        return None
    fields = mapping("spec.daemon", spec["daemon"])
    plain = Daemon()
    policy = given(fields, "restartPolicy", plain.restart_policy)
    return Daemon(
        choice("spec.daemon.restartPolicy", policy, RestartPolicy),
        _seconds(fields, "restartDelaySeconds", plain.restart_delay),
        _seconds(fields, "minReadySeconds", plain.min_ready),
        integer("spec.daemon.startRetries", given(fields, "startRetries", plain.start_retries), 0, _MOST_RETRIES),
    )


def _seconds(fields: Json, name: str, default: timedelta) -> timedelta:
    if fields.get(name) is None:
        return default
    return timedelta(seconds=integer(f"spec.daemon.{name}", fields[name], 0, _LONGEST))
