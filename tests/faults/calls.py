"""What a fault experiment records: every call that reached the proxy, and what became of it.

All times are the wall clock of this machine, in seconds since the epoch, which all of them share.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

TOO_MANY = 429
DENIED = re.compile(rb"denied (the )?request")  # words of admission policies and webhooks: they may change their mind


@dataclass(slots=True)
class Call:
    """One request of an operator.

    `operator` is the replica that sent it. `verb` is Kubernetes' (get, list, watch, create, patch, update, delete), and
    `resource` its plural with the subresource (`torchtasks/status`). What the API server answered is `server_status`
    and `server_body`; what the operator was given is `status`, None when it got no answer (yet). Of a watch `ended` is
    when it was over, None while it is open. `rule` names the fault that befell the call.
    """

    number: int
    operator: str
    method: str
    path: str
    verb: str
    resource: str
    namespace: str
    name: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    arrived: float = 0.0
    forwarded: float | None = None
    server_answered: float | None = None
    server_status: int | None = None
    server_body: bytes = b""
    answered: float | None = None
    status: int | None = None
    ended: float | None = None
    rule: str = ""

    @property
    def is_dry_run(self) -> bool:
        """Whether nothing was to be written."""
        return bool(self.query.get("dryRun"))

    @property
    def is_launch(self) -> bool:
        """Whether a Job is asked for, in earnest."""
        return self.verb == "create" and self.resource == "jobs" and not self.is_dry_run
