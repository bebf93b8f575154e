"""What an operator of the model knows, and what it asks of the API server."""

from dataclasses import dataclass, field
from datetime import datetime

from torchtask.core.account import Ledger
from torchtask.core.decide import Action
from torchtask.core.launch import InFlight
from torchtask.core.model import Run
from torchtask.core.units import Unit


@dataclass
class Operator:
    """What one operator knows; `version` is that of the status that it saw last."""

    life: int
    taken_over: datetime
    version: int
    ledger: Ledger | None
    seen: dict[Unit, Run]
    seen_version: int
    flights: dict[Unit, InFlight] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """Something asked of the API server, by the operator of a certain life, with the Job's template as it was then."""

    action: Action
    life: int
    sent_time: datetime
    template: str = ""
