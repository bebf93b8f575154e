"""How a run ended, or why it does not start, read from its Pods: a reason in one word, and what was said.

A Job tells only that it gave up; its Pods know why. Their documents are untrusted: rubbish tells nothing.

Law: of the Pods that failed the last one counts, else of those that ended well. What befell the whole Pod goes before
what its containers say, for it explains them; of the containers the first that failed counts: init containers, then the
others in the spec's order, then sidecars, which are stopped because the others ended.
Law: where no Pod tells anything, the Job's own reason and message stand.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from torchtask.core.instants import instant
from torchtask.core.lenient import mapping, mappings, text
from torchtask.core.model import Phase, Run
from torchtask.core.spec import Json

LONGEST_MESSAGE = 1024
LONGEST_REASON = 128
COMPLETED = "Completed"  # it ended well
_EXIT_CODES = range(-(2**31), 2**31)


class EndReason(StrEnum):
    """Our words for what Kubernetes has several of or none; its others (`Error`, `OOMKilled`, …) pass as they are."""

    CANNOT_START = "CannotStart"  # the container could not be started: a missing command, for one
    EVICTED = "Evicted"  # by the kubelet: the node ran short of something, or the Pod went beyond a limit
    DISRUPTED = "Disrupted"  # by the cluster: a drain, a preemption, a node that was shut down
    NODE_LOST = "NodeLost"  # the node went away
    PENDING_TIMEOUT = "PendingTimeout"  # ended by us: its Pod did not start
    NO_POD = "NoPod"  # ended by us: it got no Pod


_ERROR = "Error"
_LOST_SIGHT = "ContainerStatusUnknown"  # the kubelet then makes up an exit code
_BY_CONTAINER = {"StartError": EndReason.CANNOT_START, "ContainerCannotRun": EndReason.CANNOT_START}
_BY_POD = {"Evicted": EndReason.EVICTED, "NodeLost": EndReason.NODE_LOST}
_BY_DISRUPTION = {"DeletionByPodGC": EndReason.NODE_LOST}
_STARTED_PHASES = ("Running", "Succeeded", "Failed")
_NEVER_STARTED = 1970  # the year that containerd gives for the start of a container that could not be started


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended. `exit_code` is None where no container exited; `message` is the output's tail, if any.

    `ran` is how long the Pod that ended last ran: of its containers, init containers aside, the longest; None where it
    does not tell. `disrupted`: the cluster ended it, not what ran in it.
    """

    reason: str
    exit_code: int | None = None
    message: str = ""
    ran: timedelta | None = None
    disrupted: bool = False


def explained(run: Run, end: End | None) -> Run:
    """Return `run` as somebody knows it who has asked its Pods, whether they told an end or not."""
    if end is None:
        return replace(run, unexplained=False)
    run = replace(run, unexplained=False, ran=end.ran)
    if run.phase is Phase.SUCCEEDED or end.reason == COMPLETED:
        return run  # whether it succeeded its Job says: of its Pods, one may have failed before, or be gone
    message = end.message or run.message
    return replace(run, reason=end.reason, exit_code=end.exit_code, message=message, disrupted=end.disrupted)


def end_of(pods: object) -> End | None:
    """Read how a run ended out of a list of its Pods; None when they do not tell."""
    told = [(time, end) for time, end in map(_told, mappings(pods)) if end is not None]
    if not told:
        return None
    failed = [found for found in told if found[1].reason != COMPLETED]
    (_, end), (_, last) = (max(among, key=lambda found: found[0]) for among in (failed or told, told))
    return replace(end, ran=last.ran)


def stuck_of(pods: object) -> tuple[EndReason, str] | None:
    """Say why a run has not started, from the list of its Pods; None when one of them has, or they do not tell.

    A Pod that works on its init containers has started: it waits for nothing.
    """
    if pods == []:
        return EndReason.NO_POD, "no Pod was created: quota, admission or Pod security may refuse it"
    found = mappings(pods)
    if not found or any(map(_has_started, found)):
        return None
    statuses = [mapping(pod.get("status")) for pod in found]
    waits = [mapping(mapping(c.get("state")).get("waiting")) for status in statuses for c in _containers(status)]
    scheduled = [c for status in statuses for c in _conditions(status, "PodScheduled")]
    unscheduled = [c for c in scheduled if c.get("status") == "False"]
    telling = [*(w for w in waits if text(w.get("message"))), *unscheduled, *waits]
    said = (": ".join(filter(None, (text(t.get("reason")), text(t.get("message"))))) for t in telling)
    return EndReason.PENDING_TIMEOUT, shortened(next(filter(None, said), "the Pod is Pending"), LONGEST_MESSAGE)


def shortened(message: str, length: int) -> str:
    """Keep the end of a message, where programs say what went wrong."""
    return message if len(message) <= length else f"…{message[1 - length :]}"


def _told(pod: Json) -> tuple[str, End | None]:
    """Return when (as Kubernetes writes it) and how a Pod ended."""
    status = mapping(pod.get("status"))
    stops = [stop for container in mappings(status.get("containerStatuses")) for stop in _stops(container)]
    end: End | None = End(COMPLETED)
    if status.get("phase") == "Succeeded":
        stopped = max(stops, key=lambda stop: text(stop.get("finishedAt")), default={})
    else:
        stopped = next(_failures(pod, status), {})
        end = _whole(status, stopped) or _container(stopped)
    created = mapping(pod.get("metadata")).get("creationTimestamp")
    time = next(filter(None, map(text, (stopped.get("finishedAt"), status.get("startTime"), created))), "")
    ran = max((taken for taken in map(_taken, stops) if taken is not None), default=None)
    return time, end and replace(end, ran=ran)


def _whole(status: Json, stopped: Json) -> End | None:
    """Read what befell the Pod as a whole."""
    word, message = text(status.get("reason")), text(status.get("message"))
    disruption = next((c for c in _conditions(status, "DisruptionTarget") if c.get("status") == "True"), None)
    if word in _BY_POD:
        reason = _BY_POD[word]
    elif disruption is not None:
        reason = _BY_DISRUPTION.get(text(disruption.get("reason")), EndReason.DISRUPTED)
        message = text(disruption.get("message"))
    elif word and status.get("phase") == "Failed":
        return _end(word, stopped, message)
    else:
        return None
    disrupted = disruption is not None or reason is EndReason.NODE_LOST
    return replace(_end(reason, stopped, message), disrupted=disrupted)


def _container(stopped: Json) -> End | None:
    """Read how a container failed; `stopped` is empty when none did."""
    if not stopped:
        return None
    word = text(stopped.get("reason")) or _ERROR
    return _end(_BY_CONTAINER.get(word, word), stopped, text(stopped.get("message")))


def _end(reason: str, stopped: Json, message: str) -> End:
    code = None if stopped.get("reason") == _LOST_SIGHT else stopped.get("exitCode")
    return End(reason[:LONGEST_REASON], code, shortened(message.strip(), LONGEST_MESSAGE))


def _failures(pod: Json, status: Json) -> Iterator[Json]:
    """Yield how the containers stopped that did not stop well, the one that counts first."""
    by_name = {text(c.get("name")): c for c in _containers(status)}
    initial, sidecars = _initial(pod)
    usual = _names(mappings(mapping(pod.get("spec")).get("containers")))
    for name in (*initial, *usual, *sidecars):
        stopped = next(iter(_stops(by_name.get(name, {}))), {})
        code = stopped.get("exitCode")
        if type(code) is int and code and code in _EXIT_CODES:
            yield stopped


def _has_started(pod: Json) -> bool:
    """Tell whether a container runs or ran, or an init container runs; sidecars tell nothing of the others."""
    status = mapping(pod.get("status"))
    usual = mappings(status.get("containerStatuses"))
    initial, _ = _initial(pod)
    preparing = [c for c in mappings(status.get("initContainerStatuses")) if text(c.get("name")) in initial]
    return (
        status.get("phase") in _STARTED_PHASES
        or any(_stops(container) for container in usual)
        or any(isinstance(mapping(c.get("state")).get("running"), dict) for c in (*usual, *preparing))
    )


def _stops(container: Json) -> list[Json]:
    """Return how a container stopped, and how it did before it was restarted, as far as known."""
    ends = (mapping(mapping(container.get(state)).get("terminated")) for state in ("state", "lastState"))
    return [end for end in ends if end]


def _taken(stop: Json) -> timedelta | None:
    """Return how long a container ran that stopped."""
    started, finished = _moment(stop.get("startedAt")), _moment(stop.get("finishedAt"))
    if started is None or finished is None:
        return None
    return timedelta(0) if started.year == _NEVER_STARTED else max(finished - started, timedelta(0))


def _moment(value: object) -> datetime | None:
    try:
        return instant(text(value))
    except ValueError:
        return None


def _containers(status: Json) -> list[Json]:
    return [*mappings(status.get("initContainerStatuses")), *mappings(status.get("containerStatuses"))]


def _conditions(status: Json, kind: str) -> list[Json]:
    return [c for c in mappings(status.get("conditions")) if c.get("type") == kind]


def _initial(pod: Json) -> tuple[list[str], list[str]]:
    """Name the Pod's init containers: those that end before the others start, and sidecars."""
    listed = mappings(mapping(pod.get("spec")).get("initContainers"))
    initial, sidecars = ([c for c in listed if (c.get("restartPolicy") == "Always") is kept] for kept in (False, True))
    return _names(initial), _names(sidecars)


def _names(containers: Iterable[Json]) -> list[str]:
    return [text(c.get("name")) for c in containers]
