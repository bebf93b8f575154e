"""Which tasks of a namespace are beyond the number that it may have: the youngest, whoever was seen first."""

from bisect import insort
from collections.abc import Iterator
from datetime import datetime

_Key = tuple[datetime, str]  # creation time and UID


class Crowd:
    """The tasks by namespace, oldest first. Adding and dropping one yields the UID of the other whose lot changes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._keys: dict[str, list[_Key]] = {}

    def add(self, namespace: str, time: datetime, uid: str) -> Iterator[str]:
        """Take in a task; yields who has no place any more for it."""
        keys = self._keys.setdefault(namespace, [])
        insort(keys, (time, uid))
        if len(keys) > self._most and keys[self._most] != (time, uid):
            yield keys[self._most][1]

    def drop(self, namespace: str, time: datetime, uid: str) -> Iterator[str]:
        """Let go of a task; yields who has its place now."""
        keys = self._keys.get(namespace, [])
        if (time, uid) not in keys:
            return
        freed = self.has_place(namespace, time, uid) and len(keys) > self._most
        keys.remove((time, uid))
        if not keys:
            del self._keys[namespace]
        if freed:
            yield keys[self._most - 1][1]

    def has_place(self, namespace: str, time: datetime, uid: str) -> bool:
        """Tell whether a task is among those that its namespace may have."""
        keys = self._keys.get(namespace, [])
        return len(keys) <= self._most or (time, uid) < keys[self._most]
