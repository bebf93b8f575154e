"""How a failed run ended, read from its Pods: a reason in one word, the exit code, and what was said last.

A Job tells only that it gave up; its Pods know why. Their documents are untrusted: rubbish tells nothing.

Law: of the Pods that failed the last one counts. What befell the whole Pod goes before what its containers say, for it
explains them; of the containers the first that failed counts: init containers, then the others in the spec's order,
then sidecars, which are stopped because the others ended.
Law: where no Pod tells anything, the Job's own reason and message stand.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from torchtask.core.model import Json, Run

LONGEST_MESSAGE = 1024
LONGEST_REASON = 128
_EXIT_CODES = range(-(2**31), 2**31)


class EndReason(StrEnum):
    """Our words for what Kubernetes has several of; its other words (`Error`, `OOMKilled`, …) pass as they are."""

    CANNOT_START = "CannotStart"  # the container could not be started: a missing command, for one
    EVICTED = "Evicted"  # by the kubelet: the node ran short of something, or the Pod went beyond a limit
    DISRUPTED = "Disrupted"  # by the cluster: a drain, a preemption, a node that was shut down
    NODE_LOST = "NodeLost"  # the node went away


_ERROR = "Error"
_LOST_SIGHT = "ContainerStatusUnknown"  # the kubelet then makes up an exit code
_BY_CONTAINER = {"StartError": EndReason.CANNOT_START, "ContainerCannotRun": EndReason.CANNOT_START}
_BY_POD = {"Evicted": EndReason.EVICTED, "NodeLost": EndReason.NODE_LOST}
_BY_DISRUPTION = {"DeletionByPodGC": EndReason.NODE_LOST}


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended. `exit_code` is None where no container exited; `message` is the output's tail, if any."""

    reason: str
    exit_code: int | None = None
    message: str = ""


def explained(run: Run, end: End | None) -> Run:
    """Return `run` as somebody knows it who has asked its Pods, whether they told an end or not."""
    if end is None:
        return replace(run, unexplained=False)
    message = end.message or run.message
    return replace(run, unexplained=False, reason=end.reason, exit_code=end.exit_code, message=message)


def end_of(pods: object) -> End | None:
    """Read how a run ended out of a list of its Pods; None when they do not tell."""
    told = [(time, end) for time, end in map(_told, _mappings(pods)) if end is not None]
    return max(told, key=lambda found: found[0])[1] if told else None


def shortened(message: str, length: int) -> str:
    """Keep the end of a message, where programs say what went wrong."""
    return message if len(message) <= length else f"…{message[1 - length :]}"


def _told(pod: Json) -> tuple[str, End | None]:
    """Return when (as Kubernetes writes it) and how a Pod ended."""
    status = _mapping(pod.get("status"))
    if status.get("phase") == "Succeeded":
        return "", None
    stopped = next(_failures(pod, status), {})
    time = (
        stopped.get("finishedAt") or status.get("startTime") or _mapping(pod.get("metadata")).get("creationTimestamp")
    )
    return str(time or ""), _whole(status, stopped) or _container(stopped)


def _whole(status: Json, stopped: Json) -> End | None:
    """Read what befell the Pod as a whole."""
    word, message = _text(status.get("reason")), _text(status.get("message"))
    if word in _BY_POD:
        return _end(_BY_POD[word], stopped, message)
    for condition in _mappings(status.get("conditions")):
        if condition.get("type") == "DisruptionTarget" and condition.get("status") == "True":
            reason = _BY_DISRUPTION.get(_text(condition.get("reason")), EndReason.DISRUPTED)
            return _end(reason, stopped, _text(condition.get("message")))
    return _end(word, stopped, message) if word and status.get("phase") == "Failed" else None


def _container(stopped: Json) -> End | None:
    """Read how a container failed; `stopped` is empty when none did."""
    if not stopped:
        return None
    word = _text(stopped.get("reason")) or _ERROR
    return _end(_BY_CONTAINER.get(word, word), stopped, _text(stopped.get("message")))


def _end(reason: str, stopped: Json, message: str) -> End:
    code = None if stopped.get("reason") == _LOST_SIGHT else stopped.get("exitCode")
    return End(reason[:LONGEST_REASON], code, shortened(message.strip(), LONGEST_MESSAGE))


def _failures(pod: Json, status: Json) -> Iterator[Json]:
    """Yield how the containers stopped that did not stop well, the one that counts first."""
    statuses = [*_mappings(status.get("initContainerStatuses")), *_mappings(status.get("containerStatuses"))]
    by_name = {_text(s.get("name")): s for s in statuses}
    for name in _order(_mapping(pod.get("spec"))):
        found = by_name.get(name, {})
        state, before = _mapping(found.get("state")), _mapping(found.get("lastState"))
        stopped = _mapping(state.get("terminated") or before.get("terminated"))
        code = stopped.get("exitCode")
        if type(code) is int and code and code in _EXIT_CODES:
            yield stopped


def _order(spec: Json) -> list[str]:
    initial, usual = _mappings(spec.get("initContainers")), _mappings(spec.get("containers"))
    sidecars = [c for c in initial if c.get("restartPolicy") == "Always"]
    return [_text(c.get("name")) for c in (*(c for c in initial if c not in sidecars), *usual, *sidecars)]


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
