"""Where nothing may be launched for now: the hold, as the ConfigMap `torchtask-hold` beside the operator says it.

Law: a hold in doubt holds everywhere. Who makes that ConfigMap wants launches to stop, and a run too many cannot be
taken back. So `*`, no names at all, or something that cannot be the name of a namespace mean all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torchtask.core.names import is_namespace

CONFIG_MAP = "torchtask-hold"
MOST_OF_A_REASON = 256


@dataclass(frozen=True, slots=True)
class Hold:
    """The namespaces that launch nothing, and why, in the words of whoever holds them; empty: not said."""

    everywhere: bool
    namespaces: frozenset[str]
    reason: str

    def covers(self, namespace: str) -> bool:
        """Tell whether a namespace is held."""
        return self.everywhere or namespace in self.namespaces


NO_HOLD = Hold(everywhere=False, namespaces=frozenset(), reason="")


def hold(document: Mapping[str, Any] | None) -> Hold:
    """Read the ConfigMap; None: there is none."""
    if document is None:
        return NO_HOLD
    data = document.get("data") or {}
    names = data.get("namespaces", "").replace(",", " ").split()
    everywhere = not names or not all(map(is_namespace, names))
    reason = data.get("reason", "").strip()[:MOST_OF_A_REASON]
    return Hold(everywhere, frozenset() if everywhere else frozenset(names), reason)
