"""From the fields of a spec to a `Schedule`, or to a `SpecError` with the field's path."""

from datetime import UTC, datetime, timedelta
from json import dumps

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
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_SECOND = timedelta(seconds=1)


def parse(when: When) -> Schedule:
    """Return the fire times that these fields name. Raises `InvalidScheduleError` or `UnknownTimeZoneError`."""
    if when.time_zone not in zones.names():
        raise UnknownTimeZoneError("spec.timeZone", _unknown_zone(when.time_zone))
    if when.not_before and when.not_after and when.not_before > when.not_after:
        raise InvalidScheduleError("spec.notAfter", "it is before spec.notBefore")
    start = _ceiling(when.not_before or _FIRST)
    end = (when.not_after or _LAST) - _EPOCH
    return Schedule(when, _rules(when), start, end // _SECOND + 1)


def _rules(when: When) -> tuple[Rule, ...]:
    if when.at is not None:
        return (Once(_ceiling(when.at)),)
    if when.schedule is None:
        raise InvalidScheduleError("spec.schedule", "it is missing, and so is spec.at")
    if len(when.additional_schedules) > MAX_ADDITIONAL:
        number = len(when.additional_schedules)
        raise InvalidScheduleError("spec.additionalSchedules", f"{number} texts are more than {MAX_ADDITIONAL}")
    rules = dict.fromkeys(_read(path, text, when) for path, text in when.texts())
    crons = tuple(rule for rule in rules if isinstance(rule, Cron))
    clock = (WallClock(when.time_zone, when.gap, when.fold, crons),) if crons else ()
    return (*clock, *(rule for rule in rules if isinstance(rule, Every)))


def _read(path: str, text: str, when: When) -> Cron | Every:
    try:
        return read(text, when.day_match, when.seed)
    except Fault as fault:
        shown = text if len(text) <= 60 else f"{text[:57]}..."
        raise InvalidScheduleError(path, f"{fault} (in {dumps(shown)})") from None


def _unknown_zone(name: str) -> str:
    alike = next((known for known in zones.names() if known.lower() == name.lower()), None)
    hint = f' (did you mean "{alike}"?)' if alike else ' (IANA names are like "Europe/Berlin" or "UTC")'
    return f"{dumps(name[:64])} is not a time zone{hint}"


def _ceiling(moment: datetime) -> int:
    """Return the first whole second not before a moment."""
    return -((_EPOCH - moment) // _SECOND)
