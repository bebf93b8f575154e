"""What one run is for: its unit (law L1), and its identity among the runs of its task.

A *timed* unit is a fire time, on EveryNode together with a node. A *manual* one was asked for by annotation, and is
known by a key made of the nonce. A daemon's *instance* is one attempt to keep one of its slots filled.
The suffix of a run's name is a function of its unit, so that the API server lets each unit have one Job.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b

_SHAPE = re.compile(r"(?:(?P<time>\d{1,11})|m(?P<key>[0-9a-f]{9})|d(?P<slot>\d{1,4})-(?P<attempt>\d{1,9}))", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Timed:
    """A fire time; on EveryNode of one node."""

    fire_time: datetime
    node: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Manual:
    """A run that was asked for by annotation; `key` stands for the nonce."""

    key: str
    node: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Instance:
    """One attempt to fill a slot of a daemon; attempts count from 1."""

    slot: int
    attempt: int
    node: str = ""


Unit = Timed | Manual | Instance


def manual_key(nonce: str) -> str:
    """Return what stands for a nonce in the names of its runs."""
    return _digest(nonce, 9)


def suffix(unit: Unit) -> str:
    """Return the part of a run's name that tells it from the task's other runs."""
    text = _text(unit)
    return f"{text}-{_digest(unit.node, 8)}" if unit.node else text


def _text(unit: Unit) -> str:
    match unit:
        case Timed(fire_time):
            return str(int(fire_time.timestamp()))
        case Manual(key):
            return f"m{key}"
        case Instance(slot, attempt):
            return f"d{slot}-{attempt}"


def unit_of(text: str, node: str) -> Unit | None:
    """Read a unit from a name's suffix and the node that the Job says it is for; None when they make none."""
    found = _SHAPE.match(text)
    if found is None:
        return None
    time, key, slot, attempt = found.group("time", "key", "slot", "attempt")
    unit: Unit
    if time is not None:
        unit = Timed(datetime.fromtimestamp(int(time), UTC), node)
    elif key is not None:
        unit = Manual(key, node)
    else:
        unit = Instance(int(slot), int(attempt), node)
    return unit if suffix(unit) == text else None


def _digest(text: str, length: int) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()[:length]
