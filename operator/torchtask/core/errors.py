"""What is wrong with a user's spec, in words its author can act on.

Law: whatever a user wrote, judging it raises nothing but `SpecError`; anything else is a fault of ours.
"""

from enum import StrEnum
from typing import ClassVar


class SpecReason(StrEnum):
    """The reason that condition `Ready=False` carries."""

    INVALID_SPEC = "InvalidSpec"
    INVALID_SCHEDULE = "InvalidSchedule"
    UNKNOWN_TIME_ZONE = "UnknownTimeZone"
    TEMPLATE_INVALID = "TemplateInvalid"
    LIMIT_REACHED = "LimitReached"


class SpecError(ValueError):
    """A field of a spec that cannot be accepted: where it is, what is wrong and what would be right."""

    reason: ClassVar[SpecReason] = SpecReason.INVALID_SPEC

    def __init__(self, field_path: str, message: str) -> None:
        super().__init__(field_path, message)
        self.field_path = field_path
        self.message = message

    def __str__(self) -> str:
        return f"{self.field_path}: {self.message}"


class InvalidScheduleError(SpecError):
    """A schedule text, or the fields around it, that name no fire times."""

    reason: ClassVar[SpecReason] = SpecReason.INVALID_SCHEDULE


class UnknownTimeZoneError(SpecError):
    """A time zone that the IANA database does not have."""

    reason: ClassVar[SpecReason] = SpecReason.UNKNOWN_TIME_ZONE


class TemplateInvalidError(SpecError):
    """A Job template that the API server refuses; the message is the server's own."""

    reason: ClassVar[SpecReason] = SpecReason.TEMPLATE_INVALID


class LimitReachedError(SpecError):
    """A task beyond the number that its namespace may have."""

    reason: ClassVar[SpecReason] = SpecReason.LIMIT_REACHED
