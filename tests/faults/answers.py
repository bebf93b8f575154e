"""What an operator is given: an answer of the API server, one of ours in its place, or a connection that breaks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate

from tests.faults import wall

REASONS = {
    400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 410: "Expired",
    422: "Invalid", 429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout",
}  # fmt: skip


@dataclass(slots=True)
class Answer:
    """A whole answer, as it is given."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class BrokenOffError(Exception):
    """Ends the operator's connection after `part` of what would have been said: of a watch, or of an answer.

    With a reset, or, when `clean`, as if that had been all.
    """

    def __init__(self, part: bytes = b"", *, of: Answer | None = None, clean: bool = False) -> None:
        super().__init__(f"after {len(part)} bytes")
        self.part, self.of, self.clean = part, of, clean


def status_document(code: int, message: str, reason: str = "") -> dict[str, object]:
    """Write Kubernetes' Status of a failure, as it stands in an answer or in an ERROR event."""
    return {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code,
        "reason": reason or REASONS.get(code, "Unknown"), "message": message,
    }  # fmt: skip


def refusal(code: int, message: str = "", reason: str = "", headers: Mapping[str, str] | None = None) -> Answer:
    """Refuse as the API server would."""
    body = json.dumps(status_document(code, message or f"a fault experiment answers {code}", reason)).encode()
    return Answer(code, body, {"Content-Type": "application/json", **(headers or {})})


def http_date(seconds_from_now: float) -> str:
    """Write an instant as HTTP headers have it."""
    return formatdate(wall.now() + seconds_from_now, usegmt=True)
