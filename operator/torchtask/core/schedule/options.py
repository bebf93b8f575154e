"""What a user may say about when, already typed; the language and the arithmetic are elsewhere in this package."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DayMatch(StrEnum):
    """What it takes when both day fields are restricted: either of them (cron's way) or both."""

    OR = "Or"
    AND = "And"


class Gap(StrEnum):
    """What becomes of a fixed time that a clock change skips: it runs at the first instant after, or not at all."""

    RUN_AFTER = "RunAfter"
    SKIP = "Skip"


class Fold(StrEnum):
    """How often a fixed time runs that a clock change repeats."""

    ONCE = "Once"
    TWICE = "Twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """The fields of a spec that decide when a task fires: `schedule` (and additional ones) or `at`.

    `not_before` and `not_after` are aware and belong to the window. `seed` feeds `H`: the task's UID.
    """

    schedule: str | None = None
    additional_schedules: tuple[str, ...] = ()
    at: datetime | None = None
    time_zone: str = "UTC"
    gap: Gap = Gap.RUN_AFTER
    fold: Fold = Fold.ONCE
    day_match: DayMatch = DayMatch.OR
    not_before: datetime | None = None
    not_after: datetime | None = None
    seed: str = ""

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield each schedule text after the path of its field."""
        if self.schedule is not None:
            yield "spec.schedule", self.schedule
        for index, text in enumerate(self.additional_schedules):
            yield f"spec.additionalSchedules[{index}]", text
