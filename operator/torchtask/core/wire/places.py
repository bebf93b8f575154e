"""The fields that say on which nodes a task runs."""

import re
from ipaddress import ip_address

from torchtask.core.errors import SpecError
from torchtask.core.spec import ConcurrencyPolicy, Json, RunOn, Where
from torchtask.core.wire.values import choice, given, mapping, text, texts

_MOST_NAMED = 100
_LONGEST_NAME = 253
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def where(spec: Json, policy: ConcurrencyPolicy) -> Where:
    """Read where a task runs. Addresses are written in one way, so that they can be compared as texts."""
    selector = mapping("spec.nodeSelector", given(spec, "nodeSelector", {}))
    run_on = choice("spec.runOn", given(spec, "runOn", RunOn.ANY_NODE), RunOn)
    if run_on is RunOn.EVERY_NODE and policy not in (ConcurrencyPolicy.FORBID, ConcurrencyPolicy.ALLOW):
        raise SpecError("spec.runOn", f"EveryNode goes with concurrencyPolicy Forbid or Allow, and not with {policy}")
    return Where(
        run_on,
        {key: text(f"spec.nodeSelector[{key}]", value) for key, value in selector.items()},
        tuple(_name(path, name) for path, name in _listed(spec, "nodeNames")),
        tuple(_address(path, address) for path, address in _listed(spec, "nodeAddresses")),
    )


def _listed(spec: Json, field: str) -> list[tuple[str, str]]:
    """Read a list of 1 to 100 different texts, each after its path."""
    if spec.get(field) is None:
        return []
    path = f"spec.{field}"
    items = texts(path, spec[field])
    if not 1 <= len(items) <= _MOST_NAMED:
        raise SpecError(path, f"{len(items)} entries are not in 1–{_MOST_NAMED}")
    if len(set(items)) < len(items):
        raise SpecError(path, "names one twice; each entry stands once")
    return [(f"{path}[{index}]", item) for index, item in enumerate(items)]


def _name(path: str, name: str) -> str:
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise SpecError(path, f"{name!r:.40} is not the name of a node (as in worker-2)")
    return name


def _address(path: str, address: str) -> str:
    try:
        return str(ip_address(address))
    except ValueError:
        raise SpecError(path, f"{address!r:.40} is not an IP address (as in 10.0.3.7 or fd00::7)") from None
