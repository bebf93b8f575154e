"""The caps of the cluster and of its namespaces, and what is left of them (L6).

Law: no launch makes the Jobs without a Pod more than their cap.
Law: a namespace whose Jobs never get a Pod stops no other. Three quarters of that cap are for everybody. A place of the
last quarter goes to who has none, or has less than a tenth of what is left: so a namespace alone gets three quarters,
each one after it about a tenth of the rest, and nobody takes the last place who has another.
"""

from collections.abc import Mapping
from dataclasses import dataclass

LAST = 4  # the last places for Jobs without a Pod: one in so many, rounded up
FEW = 10  # who may have one of them has so many times less than is left


@dataclass(frozen=True, slots=True)
class Limits:
    """The caps: runs that are active, launches in a second, and own unsuspended Jobs in the cluster without a Pod."""

    active: int = 5000
    active_in_namespace: int = 1000
    launches: int = 100
    launches_in_namespace: int = 50
    without_pod: int = 200


@dataclass(frozen=True, slots=True)
class Usage:
    """What is taken, by namespace: the active runs, and the Jobs without a Pod.

    Both count launches that were admitted before and are not seen as Jobs yet.
    """

    active: Mapping[str, int]
    without_pod: Mapping[str, int]


class Room:
    """What is left of the caps, the rate apart; nothing is for namespaces that are held."""

    def __init__(self, limits: Limits, usage: Usage, held: frozenset[str]) -> None:
        self._limits, self._held = limits, held
        self._active, self._without_pod = dict(usage.active), dict(usage.without_pod)
        self._total = sum(self._active.values())
        self._places = limits.without_pod - sum(self._without_pod.values())
        self._last = -(-limits.without_pod // LAST)

    def take(self, namespace: str) -> None:
        """Count a launch."""
        self._active[namespace] = self._active.get(namespace, 0) + 1
        self._without_pod[namespace] = self._without_pod.get(namespace, 0) + 1
        self._total += 1
        self._places -= 1

    def is_held(self, namespace: str) -> bool:
        """Tell whether nothing may be launched in a namespace at all."""
        return namespace in self._held

    def is_full_in(self, namespace: str) -> bool:
        """Tell whether a namespace has all the runs that it may have."""
        return self._active.get(namespace, 0) >= self._limits.active_in_namespace

    def is_full(self) -> bool:
        """Tell whether the cluster has all the runs that it may have."""
        return self._total >= self._limits.active

    def is_crowded(self) -> bool:
        """Tell whether as many Jobs have no Pod as may."""
        return self._places <= 0

    def is_crowded_by(self, namespace: str) -> bool:
        """Tell whether a namespace has Jobs without a Pod, and as many as it may: what is left is for others."""
        own = self._without_pod.get(namespace, 0)
        return own > 0 and self._places <= min(self._last, own * FEW)

    def is_closed_to(self, namespace: str) -> bool:
        """Tell whether a namespace is held, or has all that it may have."""
        return self.is_held(namespace) or self.is_full_in(namespace) or self.is_crowded_by(namespace)
