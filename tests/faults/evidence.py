"""What an experiment leaves behind for the oracle: calls, Jobs, faults, and how the operators did meanwhile.

Times are the wall clock of this machine, in seconds since the epoch.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.faults.calls import TOO_MANY, Call
from tests.faults.exchange import Delivered
from tests.faults.load import Task
from tests.faults.runs import Post, Run
from tests.faults.sight import Span, Told, there

Document = dict[str, Any]
BUSY = 0.4  # the part of a time in which this machine may be too busy for us to accuse anybody of being late


@dataclass(frozen=True, slots=True)
class Applied:
    """A task in the cluster: when it was created, deleted, and at which times it was rightly out of force.

    In `pauses` (begin, end) fire times are in no count: edits, suspensions, times before a status that was wiped.
    """

    task: Task
    uid: str
    created: float
    deleted: float | None = None
    pauses: tuple[tuple[float, float], ...] = ()

    def in_force(self, time: float) -> bool:
        """Tell whether a fire time has to be accounted for."""
        ended = self.deleted is not None and time >= self.deleted - 1
        return not ended and not any(begin <= time <= end for begin, end in self.pauses)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something was broken from `begin` to `heal`. `blind`: tasks or Jobs could not be seen.

    `down`: no operator ran, or none that could act; `hampered`: what it saw or asked for came through at times only,
    which the calls show.
    Else only answers were slow or wrong.
    """

    name: str
    begin: float
    heal: float
    blind: bool = False
    down: bool = False
    hampered: bool = False


@dataclass(frozen=True, slots=True)
class Ready:
    """What /readyz said; None: nothing, for too long."""

    time: float
    operator: str
    ready: bool | None


@dataclass(frozen=True, slots=True)
class Exit:
    """An operator's process ended; `asked`: we made it."""

    time: float
    operator: str
    code: int
    asked: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """What a process held: bytes of memory, open descriptors."""

    time: float
    operator: str
    memory: int
    descriptors: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an operator's log; `fields` is None where it was no JSON."""

    time: float
    operator: str
    text: str
    fields: Document | None


@dataclass(frozen=True, slots=True)
class Offset:
    """From `since` on an operator's clock was ahead of ours by `seconds`."""

    since: float
    operator: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is allowed; an experiment that must differ says so.

    Times in seconds. `calls`: requests in a second; `repeats`: of one and the same request in a second, `steady` in
    the long run; `launches`: Jobs in a second. `memory` in bytes, which may grow by the factor `growth`; `lines`: of
    the log, a second.
    `overlap`: runs beyond the limit are told and allowed. `given_up`: a Job may turn up after its fire time was.
    """

    late: float = 1.0
    recovery: float = 5.0
    unready: float = 30.0
    delay: float = 0.1
    launches: int = 100
    calls: int = 250
    repeats: int = 10  # a back-off of 0.1, 0.2, 0.4 … s in its first second, each tried twice by the HTTP client
    steady: int = 3
    memory: int = 200 * 2**20
    growth: float = 1.5
    descriptors: int = 200
    lines: float = 32.0
    overlap: bool = False
    given_up: bool = False


@dataclass(frozen=True)
class Evidence:
    """Everything that the oracle is told. `documents`: the TorchTasks at the end; `creations`: by the audit log.

    `foreign` are Jobs that are nobody's business, UIDs by (namespace, name), `kept` those that are there at the end.
    `wiped`: when statuses were wiped, by the task's UID. `bad_since`: when tasks came that are meant to harm others.
    `slow`: when this machine or the API server was too busy to answer us in time: nobody is accused of being late then.
    `objections`: what an experiment itself found wrong: a fault that nothing told of, or that hit nothing; `notes`: a
    figure that it measured.
    `delivered`: which events of watches the operators were given.
    """

    tasks: Sequence[Applied]
    calls: Sequence[Call]
    runs: Sequence[Run]
    begin: float
    end: float
    documents: Mapping[str, Document] = field(default_factory=dict)
    creations: Mapping[tuple[str, str], Sequence[float]] = field(default_factory=dict)
    faults: Sequence[Fault] = ()
    readiness: Sequence[Ready] = ()
    exits: Sequence[Exit] = ()
    samples: Sequence[Sample] = ()
    lines: Sequence[Line] = ()
    foreign: Mapping[tuple[str, str], str] = field(default_factory=dict)
    kept: Mapping[tuple[str, str], str] = field(default_factory=dict)
    clocks: Sequence[Offset] = ()
    wiped: Mapping[str, float] = field(default_factory=dict)
    bad_since: float | None = None
    slow: Sequence[tuple[float, float]] = ()
    objections: Sequence[str] = ()
    notes: Sequence[str] = ()
    delivered: Sequence[Delivered] = ()
    bounds: Bounds = Bounds()

    @cached_property
    def runs_of(self) -> Mapping[str, Sequence[Run]]:
        """The runs of each task, by its UID, in the order of their creation."""
        found: dict[str, list[Run]] = {}
        for run in sorted(self.runs, key=lambda r: r.created_version):
            found.setdefault(run.owner, []).append(run)
        return found

    @cached_property
    def posts(self) -> Mapping[tuple[str, int], Sequence[Post]]:
        """The requests for Jobs of each fire time, by (UID of the task, fire time), in order."""
        found: dict[tuple[str, int], list[Post]] = {}
        for post in map(Post.of, sorted(self.calls, key=lambda c: c.arrived)):
            if post is not None and post.fire_time is not None:
                found.setdefault((post.owner, post.fire_time), []).append(post)
        return found

    @cached_property
    def asked(self) -> Mapping[str, Mapping[int, Sequence[Post]]]:
        """The same, by the UID of the task, and by fire time."""
        found: dict[str, dict[int, Sequence[Post]]] = {}
        for (owner, time), posts in self.posts.items():
            found.setdefault(owner, {})[time] = posts
        return found

    @cached_property
    def launched(self) -> Counter[tuple[str, int | None]]:
        """How many Jobs there were of each fire time, by (UID of the task, fire time)."""
        return Counter((run.owner, run.fire_time) for run in self.runs)

    @cached_property
    def put_off(self) -> Sequence[float]:
        """When something that was to be created was told to come later, in order."""
        return sorted(c.answered for c in self.calls if c.verb == "create" and c.status == TOO_MANY and c.answered)

    @cached_property
    def told(self) -> Told:
        """When the operators were told of Jobs."""
        return Told(self.delivered, self.calls)

    @cached_property
    def taken(self) -> dict[str, list[tuple[int | None, Span]]]:
        """What `room` found out, by the UIDs of tasks: else it would ask again for each fire time."""
        return {}

    @cached_property
    def _spans(self) -> dict[tuple[str, ...], list[Span]]:
        return {}

    def there(self, *resources: str) -> list[Span]:
        """Say when an operator led and saw these collections."""
        if resources not in self._spans:
            self._spans[resources] = there(self.calls, [(e.operator, e.time) for e in self.exits], resources)
        return self._spans[resources]

    def slow_for(self, begin: float, end: float) -> float:
        """Say for how many seconds of (`begin`, `end`) the machine was too busy."""
        return covered(self.slow, begin, end)

    def busy(self, begin: float, end: float) -> float:
        """Say for which part of a time it was."""
        return self.slow_for(begin, end) / max(end - begin, 0.001)

    def patience(self, since: float, seconds: float) -> float:
        """Say how long we wait for what takes so many seconds: longer by those in which the machine was too busy."""
        return seconds + self.slow_for(since, since + seconds)

    def disturbed(self, begin: float, end: float) -> bool:
        """Tell whether a fault, with the time to recover from it, touches `begin` to `end`."""
        return any(f.begin - 0.5 <= end and begin <= f.heal + self.bounds.recovery for f in self.faults)


def covered(spans: Iterable[tuple[float, float]], begin: float, end: float) -> float:
    """Say how many seconds of (`begin`, `end`) lie in one of `spans`."""
    total, until = 0.0, begin
    for first, last in sorted(spans):
        part = min(last, end) - max(first, until)
        total, until = total + max(0.0, part), max(until, last)
    return total
