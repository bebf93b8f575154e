"""What code under test says goes nowhere, unless a test looks."""

from torchtask.engine.complaints import Complaint
from torchtask.engine.told import Told


def complaint() -> Complaint:
    """Make one thing that may go wrong."""
    return Told().complaints.about("testing")


class Report:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.failures: list[Exception] = []
        self.successes = 0

    def failed(self, error: Exception, _: str = "") -> None:
        """Keep an error."""
        self.failures.append(error)

    def well(self) -> None:
        """Count."""
        self.successes += 1


class Woken(list[str]):
    """Who was woken, in order."""

    def take(self) -> list[str]:
        """Return them, and start anew."""
        taken = list(self)
        self.clear()
        return taken
