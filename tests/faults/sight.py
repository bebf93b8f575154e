"""When an operator could see the cluster and act on it: by its calls, and by what it was told.

Law: who shows nothing of how he came to see (no list, no Lease) is taken to see: an excuse needs a call that shows it.
"""

import json
import re
from collections.abc import Iterable, Sequence
from math import inf

from tests.faults.calls import Call
from tests.faults.exchange import Delivered
from tests.faults.runs import Run

Span = tuple[float, float]
ALWAYS: Span = (-inf, inf)
LED = 10.0  # seconds after which who could not renew the Lease decides nothing
_VERSION = re.compile(rb'"resourceVersion":"(\d+)"')
_MORE = b'"continue":"'


def there(calls: Sequence[Call], exits: Iterable[tuple[str, float]], resources: Sequence[str]) -> list[Span]:
    """Say when an operator saw all of these collections and led: then it had to decide what came.

    `exits`: which operator's process ended, and when.
    """
    found: list[Span] = []
    ends = list(exits)
    for operator in sorted({call.operator for call in calls}):
        own = [call for call in calls if call.operator == operator]
        spans = leading(own)
        for resource in resources:
            spans = common(spans, seen(own, [time for name, time in ends if name == operator], resource))
        found += spans
    return found


def seen(calls: Sequence[Call], ends: Sequence[float], resource: str) -> list[Span]:
    """Say when an operator saw a collection: from a list that came as a whole until its watch was lost."""
    asked = [c for c in calls if c.resource == resource and not c.namespace and c.verb in ("list", "watch")]
    begun = [c.arrived for c in asked if c.verb == "list" and "continue" not in c.query]
    if not begun:
        return [ALWAYS]
    spans = []
    for done in filter(is_whole, asked):
        since = done.answered or done.arrived
        again = min((time for time in begun if time > since), default=inf)
        lost = [_over(c) for c in asked if c.verb == "watch" and since <= c.arrived <= again]
        until = max((time for time in lost if time <= again), default=again) if again < inf else inf
        spans.append((since, min([until, *(time for time in ends if time >= since)])))
    return spans


def is_whole(call: Call) -> bool:
    """Tell whether this is the last page of a list, and was given to the operator."""
    return call.verb == "list" and call.status == 200 and _MORE not in call.server_body


def _over(watch: Call) -> float:
    """Say when a watch was over: while it is open, never; one that never opened, at once."""
    if watch.status == 200:
        return inf if watch.ended is None else watch.ended
    return watch.answered or watch.arrived


def leading(calls: Sequence[Call]) -> list[Span]:
    """Say when an operator led: for some seconds after each request that got or kept the Lease."""
    asked = [c for c in calls if c.resource == "leases"]
    if not asked:
        return [ALWAYS]
    return [(c.answered, c.arrived + LED) for c in asked if c.status in (200, 201) and c.answered and _held(c)]


def _held(call: Call) -> bool:
    try:
        return bool(json.loads(call.body)["spec"]["holderIdentity"])
    except (ValueError, KeyError, TypeError):
        return False


def common(some: Iterable[Span], others: Sequence[Span]) -> list[Span]:
    """Say which times lie in a span of each."""
    both = ((max(a, c), min(b, d)) for a, b in some for c, d in others)
    return sorted({span for span in both if span[0] < span[1]})


def longest(spans: Iterable[Span], begin: float, end: float, without: Iterable[Span] = ()) -> float:
    """Say how long the longest of the `stretches` is."""
    return max((last - first for first, last in stretches(spans, begin, end, without)), default=0.0)


def stretches(spans: Iterable[Span], begin: float, end: float, without: Iterable[Span] = ()) -> list[Span]:
    """List the stretches within (`begin`, `end`) that spans cover, `without` some others; those that touch are one."""
    cut, found = sorted(without), list[Span]()
    pieces = [left for first, last in spans for left in _less((max(first, begin), min(last, end)), cut)]
    for first, last in sorted(pieces):
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], last)
        else:
            found.append((first, last))
    return found


def _less(span: Span, cut: Sequence[Span]) -> list[Span]:
    """Return what is left of a span."""
    left, found = span[0], []
    for first, last in cut:
        if last <= left or first >= span[1]:
            continue
        found.append((left, first))
        left = max(left, last)
    found.append((left, span[1]))
    return [(first, last) for first, last in found if first < last]


class Told:
    """When the operators were told of what became of Jobs: by an event of a watch, or by a list that is no older."""

    def __init__(self, delivered: Iterable[Delivered], calls: Iterable[Call]) -> None:
        self._events: dict[tuple[str, str], list[tuple[int, float]]] = {}
        for news in delivered:
            if news.resource == "jobs" and news.version:
                self._events.setdefault((news.namespace, news.name), []).append((int(news.version), news.time))
        lists = (c for c in calls if c.resource == "jobs" and is_whole(c))
        self._lists = [(int(v[1]), c.answered or inf) for c in lists if (v := _VERSION.search(c.server_body))]

    def end(self, run: Run) -> float | None:
        """Say when it was known that a run was over; None: it is not, as far as anybody was told."""
        if run.ended is None or run.ended_version is None:
            return None
        if not self._events and not self._lists:
            return run.ended
        news = [*self._events.get((run.namespace, run.name), ()), *self._lists]
        heard = min((time for version, time in news if version >= run.ended_version), default=None)
        return None if heard is None else max(run.ended, heard)
