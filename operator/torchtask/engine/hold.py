"""The hold as it is now: the listener of the watch on its ConfigMap."""

import logging
from collections.abc import Callable

from torchtask.cluster.api import Document
from torchtask.core.hold import NO_HOLD, Hold, hold

log = logging.getLogger(__name__)


class CurrentHold:
    """Follows the ConfigMap; `changed` is called when `current` differs, which is NO_HOLD until the first LIST told."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.current: Hold = NO_HOLD
        self._uid = ""
        self._changed = changed

    def changed(self, document: Document) -> None:
        """Take the ConfigMap as it is now."""
        self._uid = document["metadata"]["uid"]
        self._take(hold(document))

    def gone(self, uid: str) -> None:
        """Let go, unless the ConfigMap that is gone was followed by another: a LIST tells that one first."""
        if uid == self._uid:
            self._take(hold(None))

    def reached(self, version: int) -> None:
        """Nothing depends on how far the watch has come."""

    def _take(self, found: Hold) -> None:
        if found == self.current:
            return
        self.current = found
        if found == NO_HOLD:
            log.warning("launches are no longer held")
        else:
            where = "everywhere" if found.everywhere else f"in {', '.join(sorted(found.namespaces))}"
            log.warning("launches are held %s: %s", where, found.reason or "no reason is given")
        self._changed()
