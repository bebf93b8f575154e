"""Who may launch now, as the caps (`core.caps`) and the launch rate (`core.rate`) allow, and whose turn it is (L6).

Law: an admitted launch fits all limits, together with what is active and what was admitted before it.
Law: a higher priority goes first; among equals the namespace that was served longest ago, so that while two of them
have launches waiting and room for them, neither gets two more than the other; within a namespace the oldest.
Law: a namespace that is held, or at a limit of its own, keeps back no other.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from torchtask.core.caps import Limits, Room, Usage
from torchtask.core.rate import Rate
from torchtask.core.units import Unit

REMEMBERED = 10_000  # namespaces whose turn is known; when there are more, those where nothing waits are forgotten


@dataclass(frozen=True, slots=True)
class Want:
    """A launch that waits to be admitted. `task` is a UID; `time` is when it was to be launched."""

    task: str
    unit: Unit
    namespace: str
    priority: int
    time: datetime


@dataclass(slots=True, eq=False)
class _Place:
    """A want in its queue; it stays there, unwanted, until it comes to the head."""

    want: Want
    wanted: bool = True


@dataclass(slots=True, eq=False)
class _Queue:
    """What one namespace wants. `size` is how much of the heap is wanted."""

    size: int = 0
    heap: list[tuple[int, datetime, int, _Place]] = field(default_factory=list)

    def add(self, place: _Place, number: int) -> None:
        """Take in a want; `number` tells which came first, of those with the same priority and time."""
        heapq.heappush(self.heap, (-place.want.priority, place.want.time, number, place))
        self.size += 1

    def drop(self, place: _Place) -> None:
        """Let go of a want. What is unwanted never outgrows what is wanted: a namespace may wait for days."""
        place.wanted = False
        self.size -= 1
        if len(self.heap) > 2 * self.size:
            self.heap = [entry for entry in self.heap if entry[-1].wanted]
            heapq.heapify(self.heap)

    def first(self) -> Want:
        """Return who goes first; the queue is not empty."""
        while not self.heap[0][-1].wanted:
            heapq.heappop(self.heap)
        return self.heap[0][-1].want


class Admission:
    """The launches that wait, of all tasks, and the slots of the `rate`. Times are monotonic seconds."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.rate = Rate(limits.launches, limits.launches_in_namespace)
        self._room = Room(limits, Usage({}, {}), frozenset())
        self._queues: dict[str, _Queue] = {}  # none is empty
        self._places: dict[str, dict[Unit, _Place]] = {}
        self._turns: dict[str, int] = {}  # when a namespace was served last, or else seen first; they only rise
        self._numbers = count()

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits."""
        return not self._queues

    def want(self, want: Want) -> None:
        """Let a launch wait. One unit of a task waits once: what was wanted for it before is replaced."""
        place = self._places.get(want.task, {}).get(want.unit)
        if place is not None and place.want == want:
            return
        self.drop(want.task, want.unit)
        place = self._places.setdefault(want.task, {})[want.unit] = _Place(want)
        self._turns.setdefault(want.namespace, next(self._numbers))
        self._queues.setdefault(want.namespace, _Queue()).add(place, next(self._numbers))

    def drop(self, task: str, unit: Unit | None = None) -> None:
        """Let a launch wait no longer; without `unit`, all those of the task. Who waits for none is passed over."""
        places = self._places.get(task, {})
        for one in [unit] if unit is not None else list(places):
            if one in places:
                self._leave(places[one])

    def admit(self, usage: Usage, held: Callable[[str], bool], now: float) -> list[Want]:
        """Return who may launch now, in order. They wait no longer, and each has its slot: see `answered`.

        `rate` is to be told of who is not sent after all, or not at once.
        `held` tells of a namespace that nothing may be launched there.
        """
        self.rate.elapse(now)
        self._room = Room(self._limits, usage, frozenset(filter(held, self._queues)))
        if self._stopped() is not None:
            return []
        turns = [self._turn(namespace) for namespace in self._queues if self._stopped_in(namespace) is None]
        heapq.heapify(turns)
        admitted = []
        while turns and self._stopped() is None:
            namespace = turns[0][-1]
            if self._stopped_in(namespace) is None:  # asked again: its share is less, the more the others took
                admitted.append(self._admit(namespace, now))
                if namespace in self._queues:
                    heapq.heapreplace(turns, self._turn(namespace))
                    continue
            heapq.heappop(turns)
        if len(self._turns) > REMEMBERED:
            self._turns = {namespace: self._turns[namespace] for namespace in self._queues}
        return admitted

    def repeated(self, namespace: str, now: float) -> None:
        """Take a slot for a POST that is sent once more, having had no answer. It is followed by `answered`."""
        self.rate.take(namespace, now)

    def answered(self, namespace: str, now: float) -> None:
        """Take note that a POST was answered, or given up: once for each admitted launch and each repeat.

        Raises ValueError when no POST of the namespace was under way.
        """
        self.rate.answered(namespace, now)

    def next_time(self, now: float) -> float | None:
        """Return when a slot of the rate lets somebody launch; `now` if one does.

        None when nobody waits for that alone, or when it is for an answer, or for none, to tell.
        """
        room = self._room
        if room.is_full() or room.is_crowded():
            return None
        ready = {name for name in self._queues if not room.is_closed_to(name)}
        return self.rate.next_time(ready, now)

    def why(self, task: str, unit: Unit) -> str | None:
        """Say what keeps a launch back, as of the last `admit`; None when nothing does, or it does not wait.

        The words name limits and no usage: they end up in statuses, which are not to change with every run.
        """
        place = self._places.get(task, {}).get(unit)
        return None if place is None else self._stopped_in(place.want.namespace) or self._stopped()

    def _turn(self, namespace: str) -> tuple[int, int, str]:
        return (-self._queues[namespace].first().priority, self._turns[namespace], namespace)

    def _admit(self, namespace: str, now: float) -> Want:
        want = self._queues[namespace].first()
        self._turns[namespace] = next(self._numbers)
        self._leave(self._places[want.task][want.unit])
        self._room.take(namespace)
        self.rate.take(namespace, now)
        return want

    def _leave(self, place: _Place) -> None:
        """Take a want out of its queue; empty queues and tasks are forgotten, since they come and go."""
        want = place.want
        del self._places[want.task][want.unit]
        if not self._places[want.task]:
            del self._places[want.task]
        queue = self._queues[want.namespace]
        queue.drop(place)
        if not queue.size:
            del self._queues[want.namespace]

    def _stopped_in(self, namespace: str) -> str | None:
        limits = self._limits
        if self._room.is_held(namespace):
            return "the namespace is on hold"
        if self._room.is_full_in(namespace):
            return f"the namespace has reached its limit of {limits.active_in_namespace} active runs"
        if self._room.is_crowded_by(namespace):
            words = f"its share of the cluster's limit of {limits.without_pod} Jobs without a Pod"
            return f"TooManyWaiting: the namespace has reached {words}"
        if self.rate.is_full_in(namespace):
            return f"the namespace has reached its limit of {limits.launches_in_namespace} launches a second"
        return None

    def _stopped(self) -> str | None:
        limits = self._limits
        if self._room.is_full():
            return f"the cluster has reached its limit of {limits.active} active runs"
        if self._room.is_crowded():
            return f"TooManyWaiting: the cluster has reached its limit of {limits.without_pod} Jobs without a Pod"
        if self.rate.is_full():
            return f"the cluster has reached its limit of {limits.launches} launches a second"
        return None
