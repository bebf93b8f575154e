"""Sees to it that one operator at a time decides and writes; the others follow what happens, and stand by.

Law: `seconds_left` never reaches beyond the moment at which another may take the Lease: it counts from before the
request that renewed it was sent, on a clock that goes on while the machine sleeps.
Law: two operators that lead at once (one was frozen) cost answers of 409, and no second Job: its name is the lock.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from datetime import datetime

from torchtask import clock
from torchtask.cluster.errors import ApiError, ClusterError
from torchtask.cluster.lease import LEASE_SECONDS, Lease, Term
from torchtask.engine.complaints import Complaint

RENEW_SECONDS = 10.0  # after which nothing new is decided, if the Lease could not be renewed
RETRY_SECONDS = 2.0
STANDBY_SECONDS = 1.0
GIVE_BACK_SECONDS = 2.0
UNKNOWN_SECONDS = 30

log = logging.getLogger(__name__)


class Leader:
    """Whether this operator leads. `won()` is called at the begin of each term, before anything is decided in it."""

    def __init__(self, lease: Lease, won: Callable[[], None], complaint: Complaint) -> None:
        self._lease, self._won, self._complaint = lease, won, complaint
        self._term: Term | None = None
        self._renewed = self._known_time = float("-inf")

    async def run(self) -> None:
        """Take the Lease when it is free, and renew it; ends only when cancelled."""
        while True:
            await self.step()
            seconds = RETRY_SECONDS if self.leads else STANDBY_SECONDS
            await asyncio.sleep(seconds * random.uniform(0.8, 1))  # noqa: S311 -- jitter, not a secret

    async def step(self) -> None:
        """Try once."""
        begun = clock.boottime()
        try:
            async with asyncio.timeout(RENEW_SECONDS / 2):
                term = await self._lease.take()
        except Exception as error:  # noqa: BLE001 -- whatever the Lease holds, it is tried again
            if not (isinstance(error, ApiError) and error.status == 409):  # another was faster: it is read next time
                self._complaint.failed(error)
            return
        self._complaint.well()
        self._known_time = clock.monotonic()
        if term is None:
            if self._term is not None:
                log.warning("another operator leads now: standing by")
            self._term = None
            return
        self._renewed = begun
        if term != self._term:
            self._won()  # before it leads: should that fail, it is tried again at the next step
            self._term = term
            log.info("leading")

    @property
    def leads(self) -> bool:
        """Whether this operator is to decide."""
        return self._term is not None and clock.boottime() - self._renewed < RENEW_SECONDS

    @property
    def holds(self) -> bool:
        """Whether the Lease was ours when it was looked at last; it may have run out meanwhile."""
        return self._term is not None

    @property
    def is_known(self) -> bool:
        """Whether it was known a moment ago who leads: else there may be nobody."""
        return clock.monotonic() - self._known_time < UNKNOWN_SECONDS

    @property
    def before(self) -> datetime | None:
        """When whoever led before last said so; None when nobody did."""
        return self._lease.before

    def seconds_left(self) -> float:
        """Return for how long this operator may still write."""
        return self._renewed + LEASE_SECONDS - clock.boottime() if self._term is not None else 0.0

    async def step_down(self) -> None:
        """Give the Lease back, so that another may lead at once."""
        self._term = None
        try:
            async with asyncio.timeout(GIVE_BACK_SECONDS):
                await self._lease.give_back()
        except (ClusterError, TimeoutError) as error:
            self._complaint.failed(error)
