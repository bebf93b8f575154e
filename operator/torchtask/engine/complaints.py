"""What goes wrong again and again is told in few lines, and counted in all.

A kind of fault is what was being done, and how it failed.
Law: the first of a kind is told at once, with whom it struck; while it goes on, one line in INTERVAL_SECONDS says how
often it did; one says when it is over.
Law: it is over when the same was done with success since, and INTERVAL_SECONDS went by: silence alone is no good news.
Law: who does not lead any more has no fault: nothing was asked, and whoever leads asks.
Law: however many tasks there are, and whatever the server answers, little is remembered.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import Counter

from torchtask import clock
from torchtask.cluster.errors import ApiError, ClusterError, NoAnswerError, NotLeadingError
from torchtask.core.errors import SpecError

INTERVAL_SECONDS = 10.0
LOOK_SECONDS = 1.0
MOST_FAULTS = 20  # of one thing that is done
LONGEST_WORDS = 500
NO_ANSWER, OTHER = "NoAnswer", "Other"

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Trouble:
    """A fault that goes on. `more` is how often it came since it was `told` last; `words` are of the last time."""

    begun: float
    last: float
    told: float
    words: str
    count: int = 1
    more: int = 0


class Complaint:
    """One thing that is done many times, and how it goes wrong."""

    def __init__(self, doing: str, faults: Counter, now: Callable[[], float]) -> None:
        self._doing, self._faults, self._now = doing, faults, now
        self._troubles: dict[str, _Trouble] = {}
        self._well_time = float("-inf")

    def failed(self, error: Exception, subject: str = "") -> None:
        """Take note that it failed for `subject`, such as `namespace/name`."""
        if isinstance(error, NotLeadingError):
            return
        fault, now = fault_of(error), self._now()
        if fault not in self._troubles and len(self._troubles) >= MOST_FAULTS:
            fault = OTHER
        self._faults.labels(self._doing, fault).inc()
        words = f"{subject}: {error!s}" if subject else str(error)
        words = (words if str(error) else f"{words}{error!r}")[:LONGEST_WORDS]
        trouble = self._troubles.get(fault)
        if trouble is None:
            self._troubles[fault] = _Trouble(now, now, now, words)
            ours = not isinstance(error, ClusterError | SpecError | TimeoutError)  # then the trace tells more
            log.warning("%s: %s", self._doing, words, exc_info=error if ours else None)
            return
        trouble.count, trouble.more = trouble.count + 1, trouble.more + 1
        trouble.last, trouble.words = now, words

    def well(self) -> None:
        """Take note that it was done."""
        if self._troubles:
            self._well_time = self._now()

    def tell(self) -> None:
        """Say how often it failed meanwhile, or that it is over."""
        now = self._now()
        for fault, trouble in list(self._troubles.items()):
            if now - trouble.told < INTERVAL_SECONDS:
                continue
            if trouble.more:
                since = now - trouble.told
                log.warning(
                    "%s: failed %d more times in %.0f s, the last %s", self._doing, trouble.more, since, trouble.words
                )
                trouble.told, trouble.more = now, 0
            elif self._well_time > trouble.last and now - trouble.last >= INTERVAL_SECONDS:
                lasted = trouble.last - trouble.begun
                log.info("%s: well again, after %d failures (%s) in %.0f s", self._doing, trouble.count, fault, lasted)
                del self._troubles[fault]


class Complaints:
    """All that is done and may go wrong. `faults` counts by these two: what was being done, and how it failed."""

    def __init__(self, faults: Counter, now: Callable[[], float] = clock.monotonic) -> None:
        self._faults, self._now = faults, now
        self._complaints: dict[str, Complaint] = {}

    def about(self, doing: str) -> Complaint:
        """Return what is told of `doing`: words of the code, such as `launching`."""
        return self._complaints.setdefault(doing, Complaint(doing, self._faults, self._now))

    def tell(self) -> None:
        """Tell what is to be told now."""
        for complaint in self._complaints.values():
            complaint.tell()

    async def run(self) -> None:
        """Tell for ever."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.tell()


def fault_of(error: Exception) -> str:
    """Name how something failed: by status, by the reason of a spec, or by the kind of error."""
    match error:
        case ApiError(status=int(status)) if 400 <= status < 600:
            return str(status)
        case ApiError():  # an ERROR in a watch says what it likes
            return OTHER
        case NoAnswerError() | TimeoutError():
            return NO_ANSWER
        case SpecError():
            return str(error.reason)
    return type(error).__name__
