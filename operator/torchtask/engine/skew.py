"""How far our clock is from the API server's. Its answers tell, all the time: the Lease alone asks each second.

Law: what is more than `MOST_SECONDS` off fires nothing: a fire time would be early, or late, by as much.
"""

import logging

from torchtask.cluster.exchange import Exchange

MOST_SECONDS = 2.0

log = logging.getLogger(__name__)


class Skew:
    """The skew as it was told last, in seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @property
    def is_great(self) -> bool:
        """Whether the clocks are too far apart to fire by."""
        return self.seconds > MOST_SECONDS

    def observe(self, exchange: Exchange) -> None:
        """Take note of what an answer tells."""
        if exchange.skew is None:
            return
        was_great, self.seconds = self.is_great, exchange.skew
        if self.is_great and not was_great:
            log.error("ClockSkew: our clock is %.1f s off the API server's: nothing is launched", self.seconds)
        elif was_great and not self.is_great:
            log.warning("our clock agrees with the API server's again")
