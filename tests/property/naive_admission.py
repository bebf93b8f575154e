"""Admission as one would write it without a thought of time: every want, POST and namespace is looked at every time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil

from torchtask.core.admission import Want
from torchtask.core.caps import Limits, Usage


@dataclass(slots=True)
class Post:
    """A request: `answered` is when its answer came, None before. `overdue` is when somebody saw that it takes long."""

    namespace: str
    sent: float
    answered: float | None = None
    overdue: float | None = None

    def has_slot(self, now: float) -> bool:
        """Tell whether it counts against the rate."""
        done = self.answered if self.overdue is None else self.overdue
        return done is None or now < done + 1


@dataclass(slots=True)
class Naive:
    """What waits, in the order in which it came; the POSTs; the namespaces, who is served next first."""

    limits: Limits
    wants: list[Want] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    ring: list[str] = field(default_factory=list)

    def want(self, want: Want) -> None:
        """Let a launch wait."""
        if want not in self.wants:
            self.wants = [w for w in self.wants if (w.task, w.unit) != (want.task, want.unit)]
            self.wants.append(want)
        if want.namespace not in self.ring:
            self.ring.append(want.namespace)

    def unanswered(self) -> list[Post]:
        """Return the POSTs that wait for an answer."""
        return [post for post in self.posts if post.answered is None]

    def answer(self, namespace: str, now: float) -> None:
        """Answer a POST: one that takes long already, if there is one, else the oldest; slots are alike."""
        own = [post for post in self.unanswered() if post.namespace == namespace]
        min(own, key=lambda post: (post.overdue is None, post.sent)).answered = now

    def elapse(self, now: float) -> None:
        """See which POSTs take long."""
        for post in self.unanswered():
            if post.overdue is None and post.sent + 1 <= now:
                post.overdue = now

    def fits(self, namespace: str, usage: Usage, held: frozenset[str], now: float) -> bool:
        """Tell whether one more launch in `namespace` keeps every limit."""
        slots = [post.namespace for post in self.posts if post.has_slot(now)]
        return (
            namespace not in held
            and sum(usage.active.values()) < self.limits.active
            and usage.active.get(namespace, 0) < self.limits.active_in_namespace
            and _has_place(
                usage.without_pod.get(namespace, 0), sum(usage.without_pod.values()), self.limits.without_pod
            )
            and len(slots) < self.limits.launches
            and slots.count(namespace) < self.limits.launches_in_namespace
        )

    def admit(self, usage: Usage, held: frozenset[str], now: float) -> list[Want]:
        """Take who goes first of those that fit, until none does."""
        self.elapse(now)
        admitted: list[Want] = []
        while fitting := [want for want in self.wants if self.fits(want.namespace, usage, held, now)]:
            best = min(fitting, key=lambda w: (-w.priority, self.ring.index(w.namespace), w.time, self.wants.index(w)))
            admitted.append(best)
            self.wants.remove(best)
            self.ring.remove(best.namespace)
            self.ring.append(best.namespace)
            self.posts.append(Post(best.namespace, now))
            usage = Usage(*(_one_more(taken, best.namespace) for taken in (usage.active, usage.without_pod)))
        return admitted


def _one_more(taken: Mapping[str, int], namespace: str) -> dict[str, int]:
    return {**taken, namespace: taken.get(namespace, 0) + 1}


def _has_place(own: int, total: int, most: int) -> bool:
    """Tell whether one more Job may be without a Pod, of a namespace that has `own` of them."""
    left = most - total
    return left > 0 and (own == 0 or left > ceil(most / 4) or own < left / 10)
