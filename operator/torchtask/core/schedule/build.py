"""From the fields of a spec to a `Schedule`, or to a `SpecError` with the field's path."""

from datetime import UTC, datetime, timedelta

from torchtask.core.errors import InvalidScheduleError, UnknownTimeZoneError
from torchtask.core.schedule import zones
from torchtask.core.schedule.cron import Cron, WallClock
from torchtask.core.schedule.fields import Fault
from torchtask.core.schedule.fire_times import Schedule
from torchtask.core.schedule.language import read
from torchtask.core.schedule.options import When
from torchtask.core.schedule.rules import Every, Once, Rule

MAX_ADDITIONAL = 7
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)
_SECOND = timedelta(seconds=1)


def parse(when: When) -> Schedule:
    """Return the fire times that these fields name. Raises `InvalidScheduleError` or `UnknownTimeZoneError`."""
    if when.time_zone not in zones.names():
        raise UnknownTimeZoneError("spec.timeZone", _unknown_zone(when.time_zone))
    start = _ceiling(when.not_before or datetime.min.replace(tzinfo=UTC))
    end = (when.not_after or _END_OF_TIME) - _EPOCH
    if when.not_before and when.not_after and when.not_before > when.not_after:
        raise InvalidScheduleError("spec.notAfter", "is before spec.notBefore")
    return Schedule(_rules(when), start, end // _SECOND + 1)


def _rules(when: When) -> tuple[Rule, ...]:
    if when.at is not None:
        return (Once(_ceiling(when.at)),)
    found = dict.fromkeys(_read(path, text, when) for path, text in _texts(when))
    crons = tuple(rule for rule in found if isinstance(rule, Cron))
    clock = (WallClock(when.time_zone, when.gap, when.fold, crons),) if crons else ()
    return (*clock, *(rule for rule in found if isinstance(rule, Every)))


def _texts(when: When) -> list[tuple[str, str]]:
    """Return each schedule text with its field's path."""
    if when.schedule is None:
        raise InvalidScheduleError("spec.schedule", "is missing (one of schedule, at is needed)")
    if len(when.additional_schedules) > MAX_ADDITIONAL:
        message = f"{len(when.additional_schedules)} are more than {MAX_ADDITIONAL}"
        raise InvalidScheduleError("spec.additionalSchedules", message)
    more = [(f"spec.additionalSchedules[{index}]", text) for index, text in enumerate(when.additional_schedules)]
    return [("spec.schedule", when.schedule), *more]


def _read(path: str, text: str, when: When) -> Cron | Every:
    try:
        return read(text, when.day_match, when.seed)
    except Fault as fault:
        shown = text if len(text) <= 60 else f"{text[:57]}..."
        raise InvalidScheduleError(path, f"{fault} (in {_quoted(shown)})") from None


def _quoted(text: str) -> str:
    return '"' + ascii(text)[1:-1] + '"'


def _unknown_zone(name: str) -> str:
    alike = next((known for known in zones.names() if known.lower() == name.lower()), None)
    hint = f' (did you mean "{alike}"?)' if alike else ' (IANA names are like "Europe/Berlin" or "UTC")'
    return f"{_quoted(name[:64])} is not a time zone{hint}"


def _ceiling(moment: datetime) -> int:
    """Return the first whole second not before a moment."""
    return -((_EPOCH - moment) // _SECOND)
