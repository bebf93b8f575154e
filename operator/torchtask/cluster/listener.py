"""Who wants to know of a collection, and who of how it goes."""

from typing import Protocol

from torchtask.cluster.api import Document


class Listener(Protocol):
    """Who wants to know. `version` is the resourceVersion up to which everything has been told."""

    def changed(self, document: Document) -> None:
        """Take an object as it is now."""

    def gone(self, uid: str) -> None:
        """Forget an object."""

    def reached(self, version: int) -> None:
        """Take note that nothing up to `version` is still untold."""


class Report(Protocol):
    """Who is told how it goes."""

    def failed(self, error: Exception) -> None:
        """Sight was lost."""

    def well(self) -> None:
        """It was listed."""
