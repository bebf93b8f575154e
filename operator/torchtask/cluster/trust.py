"""Whether a list that is older than what was seen before is to be believed (decision 12).

Not at first: an API server lags behind. But where lists stay old, the store was set back.
"""

from torchtask import clock
from torchtask.cluster.errors import NoAnswerError

OLD_SECONDS = 30.0


class Trust:
    """What one collection's lists deserve."""

    def __init__(self) -> None:
        self._older_since: float | None = None

    def admits(self, version: int, seen: int) -> bool:
        """Tell whether a list of `version` is no older than `seen`; False: it is, and the store was set back.

        Raises NoAnswerError for one that is older, until lists have been for OLD_SECONDS.
        """
        if version >= seen:
            self._older_since = None
            return True
        self._older_since = self._older_since or clock.monotonic()
        if clock.monotonic() - self._older_since < OLD_SECONDS:
            raise NoAnswerError(f"the list is of version {version}, and {seen} was seen before")
        return False
