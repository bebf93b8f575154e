"""How fast launches may follow one another, as the API server sees them.

Law: in no second does the server receive more than `most` POSTs, nor more than `most_in_namespace` of one namespace,
but for those that had to wait for room there, and repeats. A POST has a slot from before it is sent until a second
after its answer; the server received it in between, so two that use the same slot reach it at least a second apart.
Law: an answer that takes long keeps nobody else from launching: after PATIENCE without one the server has received the
POST, and its slot is treated as if it had been answered.
Law: who waits for room at the server has a slot of its namespace meanwhile, and none of the cluster's, where others
launch on. It takes one when it is sent, free or not. So does a repeat, which is never delayed (L7).
"""

from collections import Counter, deque
from collections.abc import Callable, Collection

WINDOW = 1.0  # seconds
PATIENCE = 1.0


class Rate:
    """The slots of the cluster and of each namespace. Times are monotonic seconds, and never go back."""

    def __init__(self, most: int, most_in_namespace: int) -> None:
        self._most, self._most_in_namespace = most, most_in_namespace
        self._used: Counter[str] = Counter()
        self._total = 0
        self._unanswered: dict[str, deque[float]] = {}  # when they were sent, oldest first; none is empty
        self._overdue: Counter[str] = Counter()  # they have no answer, and no slot any more
        self._leaving: deque[tuple[float, str]] = deque()

    def take(self, namespace: str, now: float) -> None:
        """Take a slot for a POST that is sent now, whether or not one is free."""
        self._used[namespace] += 1
        self._total += 1
        self._unanswered.setdefault(namespace, deque()).append(now)

    def spared(self, namespace: str) -> None:
        """Give back the slot that was taken last: nothing was sent."""
        self._forget(namespace, self._unanswered[namespace].pop)
        self._free(namespace)

    def parked(self, namespace: str) -> None:
        """Keep of the slot that was taken last the namespace's alone, for who waits; `sent` or `given_up` follows."""
        self._forget(namespace, self._unanswered[namespace].pop)
        self._total -= 1

    def sent(self, namespace: str, now: float) -> None:
        """Take a slot of the cluster for who waited, and is sent now."""
        self._total += 1
        self._unanswered.setdefault(namespace, deque()).append(now)

    def given_up(self, namespace: str) -> None:
        """Free the slot of who waited, and is not sent."""
        _take_one(self._used, namespace)

    def answered(self, namespace: str, now: float) -> None:
        """Free a slot in a second: a POST was answered, or given up. Raises ValueError when none was under way.

        Which one it was does not matter: slots are alike, and the oldest has none any more, or would lose it first.
        """
        if namespace in self._overdue:
            _take_one(self._overdue, namespace)
            return
        if namespace not in self._unanswered:
            raise ValueError(f"no POST of namespace {namespace!r} is without an answer")
        self._received(namespace, now)

    def elapse(self, now: float) -> None:
        """Free the slots whose second is over; let those of POSTs go that have had no answer for PATIENCE."""
        for namespace, sent in list(self._unanswered.items()):
            while sent and sent[0] + PATIENCE <= now:
                self._received(namespace, now)
                self._overdue[namespace] += 1
        while self._leaving and self._leaving[0][0] <= now:
            self._free(self._leaving.popleft()[1])

    def _received(self, namespace: str, now: float) -> None:
        """Free the oldest slot in a second: by now the server has received what has it."""
        self._forget(namespace, self._unanswered[namespace].popleft)
        self._leaving.append((now + WINDOW, namespace))

    def _forget(self, namespace: str, pop: Callable[[], float]) -> None:
        pop()
        if not self._unanswered[namespace]:
            del self._unanswered[namespace]

    def _free(self, namespace: str) -> None:
        _take_one(self._used, namespace)
        self._total -= 1

    def is_full(self) -> bool:
        """Tell whether no slot is free in the cluster."""
        return self._total >= self._most

    def is_full_in(self, namespace: str) -> bool:
        """Tell whether no slot is free in a namespace."""
        return self._used[namespace] >= self._most_in_namespace

    def next_time(self, namespaces: Collection[str], now: float) -> float | None:
        """Return when one of `namespaces` has a slot: `now` if one has; None while an answer, or none, is to tell."""
        total, used = self._total, self._used.copy()
        some = any(used[namespace] < self._most_in_namespace for namespace in namespaces)
        if some and total < self._most:
            return now
        for time, namespace in self._leaving:
            total -= 1
            used[namespace] -= 1
            some = some or (namespace in namespaces and used[namespace] < self._most_in_namespace)
            if some and total < self._most:
                return max(time, now)
        return None


def _take_one(counts: Counter[str], namespace: str) -> None:
    """Count one less; who has none left is forgotten, since namespaces come and go."""
    counts[namespace] -= 1
    if not counts[namespace]:
        del counts[namespace]
