"""What the operator tells of itself and of tasks: numbers, lines in the log, and Kubernetes events."""

from torchtask.engine.complaints import Complaints
from torchtask.engine.events import Events
from torchtask.engine.herald import Herald
from torchtask.metrics import Metrics


class Told:
    """All of it, in one hand. `reporter` is the operator's name, as events tell it."""

    def __init__(self, reporter: str = "") -> None:
        self.metrics = Metrics()
        self.complaints = Complaints(self.metrics.health.faults)
        self.events = Events(reporter, self.metrics, self.complaints)
        self.herald = Herald(self.metrics, self.events.tell)
