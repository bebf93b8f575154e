"""Whatever stands in a document, reading it raises nothing but what is foreseen: each place is filled with rubbish."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from tests.crd.accepted import SPECS
from tests.crd.written import written
from tests.scenario import at, document
from torchtask.core.account import Ledger
from torchtask.core.spec import Spec
from torchtask.core.wire import ledgers, tasks

RUBBISH: tuple[Any, ...] = (None, True, -1, 2**63, 1.5, "", "x", [], [None], [7], ["a"], {}, {"a": None}, {"spec": 7})

Path = tuple[str | int, ...]


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield every place of a document, itself included; of a long list the first few items."""
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value[:3]) if isinstance(value, list) else ()
    for key, child in children:
        yield from paths(child, (*path, key))


def filled(value: Any, path: Path, rubbish: object) -> Any:
    """Return a document with rubbish at a place; what is on the way is copied."""
    if not path:
        return rubbish
    value = copy.copy(value)
    value[path[0]] = filled(value[path[0]], path[1:], rubbish)
    return value


@pytest.mark.parametrize("spec", [{}, {"daemon": {}}], ids=str)
def test_a_status_of_rubbish_is_read_or_is_none(spec: dict[str, Any]) -> None:
    """The operator starts anew, or knows less; it does not stumble over it each time."""
    status = written(**spec)
    read = [ledgers.ledger(filled(status, path, rubbish)) for path in paths(status) for rubbish in RUBBISH]
    judged = [ledgers.conditions(filled(status, path, rubbish)) for path in paths(status) for rubbish in RUBBISH]

    assert {type(ledger) for ledger in read} == {Ledger, type(None)}
    assert {type(conditions) for conditions in judged} == {tuple}


@pytest.mark.parametrize("number", range(len(SPECS)), ids=list(SPECS))
def test_a_spec_of_rubbish_is_read_or_refused(number: int) -> None:
    """With a `SpecError` that names a field, whatever the definition in the cluster let in. Each place has its turn."""
    spec = list(SPECS.values())[number]["spec"]
    for turn, path in enumerate(list(paths(spec))[:100], number):
        for rubbish in RUBBISH[turn % 7 :: 7]:
            found = tasks.task({**document(), "spec": filled(spec, path, rubbish)}, at("12:00:00")).spec
            assert isinstance(found, Spec) or found.field_path.startswith("spec")
