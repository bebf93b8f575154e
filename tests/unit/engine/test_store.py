"""The store: documents come in any order and any number of times; records follow them, and wake whom it concerns."""

from dataclasses import replace
from typing import Any

import pytest

from tests.scenario import UID, a_task, at, document, unit
from tests.telling import Woken, complaint
from torchtask.core.launch import Attempt
from torchtask.core.spec import Spec
from torchtask.core.status import digest
from torchtask.engine.store import Tasks
from torchtask.settings import Settings


@pytest.fixture
def woken() -> Woken:
    """Nobody, so far."""
    return Woken()


@pytest.fixture
def store(woken: Woken) -> Tasks:
    """An empty store."""
    return Tasks(Settings(), woken.append, lambda _: None, complaint())


def versioned(version: int, *, generation: int = 1, status: Any = None, **spec: Any) -> dict[str, Any]:
    """Write a TorchTask as of a resourceVersion."""
    made = document(**spec)
    made["metadata"] |= {"resourceVersion": str(version), "generation": generation}
    return made | ({"status": status} if status is not None else {})


def a_status() -> dict[str, Any]:
    """Write what the operator would."""
    state = a_task().since("12:00:00")
    decision = state.decided("12:00:00")
    return state.status(decision, state.judged(decision, "12:00:00"))


def test_an_older_document_is_passed_over(store: Tasks, woken: Woken) -> None:
    """The feed and our own LIST overlap: what is known already changes nothing."""
    store.changed(versioned(7, generation=2, suspend=True))
    woken.take()

    store.changed(versioned(6))

    record = store.get(UID)
    assert record is not None
    assert isinstance(record.task.spec, Spec)
    assert record.task.spec.suspend
    assert woken == []


def test_what_a_store_says_that_was_set_back_is_news(store: Tasks) -> None:
    """Else nothing that it tells would be believed until its versions are where they were."""
    store.changed(versioned(7))

    store.forget_versions()
    store.changed(versioned(3, generation=2, suspend=True))

    record = store.get(UID)
    assert record is not None
    assert record.version == 3
    assert isinstance(record.task.spec, Spec)
    assert record.task.spec.suspend


def test_our_own_patch_wakes_nobody(store: Tasks, woken: Woken) -> None:
    """The echo of a status that was written is no news."""
    store.changed(versioned(1))
    record = store.get(UID)
    assert record is not None
    record.ledger, record.offered = a_task().since("12:00:00").ledger, digest(a_status())
    record.published = b"the one before"
    woken.take()

    store.changed(versioned(2, status=a_status()))

    assert woken == []
    assert record.published == b"the one before"


@pytest.mark.parametrize(
    "rubbish", [{"active": 10**9}, {"queuedTimes": ["1971-01-01T00:00:00Z"]}, {"accountedTime": "1971-01-01T00:00:00Z"}]
)
def test_a_status_that_somebody_else_wrote_is_written_again(
    store: Tasks, woken: Woken, rubbish: dict[str, Any]
) -> None:
    """Who reads it would be told wrong, and so would the next operator: an idle task would be left with it."""
    store.changed(versioned(1, status=a_status()))
    record = store.get(UID)
    assert record is not None
    ledger = record.ledger
    woken.take()

    store.changed(versioned(2, status=a_status()))
    assert woken == []
    store.changed(versioned(3, status=a_status() | rubbish))

    assert woken == [UID]
    assert record.published == b""
    assert record.ledger == ledger


@pytest.mark.parametrize("status", [{}, {"counts": 1}])
def test_a_wiped_status_is_written_again(store: Tasks, woken: Woken, status: Any) -> None:
    """Somebody removed the status, or filled it with rubbish: it is rebuilt from what is known."""
    store.changed(versioned(1, status=a_status()))
    record = store.get(UID)
    assert record is not None
    ledger, record.published = record.ledger, b"digest"
    woken.take()

    store.changed(versioned(2, status=status))

    assert woken == [UID]
    assert record.published == b""
    assert record.ledger == ledger


def test_an_account_that_is_ahead_of_ours_is_taken_over(store: Tasks) -> None:
    """Another operator went on meanwhile: its account is the newer one (L13)."""
    store.changed(versioned(1))
    record = store.get(UID)
    assert record is not None
    record.ledger, record.published = a_task().since("11:59:00").ledger, b"digest"

    store.changed(versioned(2, status=a_status()))

    assert record.ledger is not None
    assert record.ledger.accounted_time == at("12:00:00")


def test_what_another_counted_is_not_counted_again_when_our_answer_comes(store: Tasks) -> None:
    """Two led at once, and asked for the same Job: who was told that its name is taken would find it and count it."""
    state = a_task().since("11:59:00")
    for time, attempt in (("11:59:50", Attempt.ACCEPTED), ("12:00:00", Attempt.COLLIDED), ("12:00:10", Attempt.SENT)):
        state = state.with_flight(time, attempt)
    store.changed(versioned(1))
    record = store.get(UID)
    assert record is not None
    record.ledger, record.flights = state.ledger, dict(state.flights)

    store.changed(versioned(2, status=a_status()))

    assert list(record.flights) == [unit("11:59:50"), unit("12:00:10")]


def test_a_verdict_on_a_template_ends_with_its_generation(store: Tasks) -> None:
    """An edit is judged anew; an echo of the same generation keeps the verdict."""
    store.changed(versioned(1))
    record = store.get(UID)
    assert record is not None
    record.task = replace(record.task, template_error="no")

    store.changed(versioned(2, generation=1))
    assert record.task.template_error == "no"
    store.changed(versioned(3, generation=2))
    assert record.task.template_error is None


def test_a_sweep_forgets_what_was_not_listed(store: Tasks) -> None:
    """Deletions during a gap are never reported; what is newer than the list stays."""
    store.changed(versioned(5))
    store.sweep(existing=(), version=4)
    assert len(store) == 1

    store.sweep(existing=(), version=5)
    assert len(store) == 0


def test_a_spec_that_breaks_the_reader_stops_its_own_task_only(store: Tasks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even through a fault of ours one task harms no other (docs/reliability.md)."""

    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("torchtask.core.wire.tasks.spec", broken)
        store.changed(versioned(1))

    record = store.get(UID)
    assert record is not None
    assert "failed to read" in str(record.task.problem)


def test_at_a_take_over_only_what_the_server_holds_counts() -> None:
    """What this operator decided is forgotten, in favour of what others wrote meanwhile; the spec is not read anew."""
    dropped: list[str] = []
    store = Tasks(Settings(), lambda _: None, dropped.append, complaint())
    store.changed(versioned(7, status=a_status()))
    record = store.get(UID)
    assert record is not None
    record.ledger = a_task().since("12:00:00").counted(missed=5).ledger
    record.flights = a_task().with_flight("12:00:10", Attempt.SENT).flights
    spec = record.task.spec

    store.begin_anew()
    store.changed(versioned(7, status=a_status()))

    found = store.get(UID)
    assert found is not None
    assert found.ledger is not None
    assert (found.ledger.counts.missed, found.flights, dropped) == (0, {}, [UID])
    assert found.task.spec is spec


def test_at_a_take_over_an_old_document_does_not_count(store: Tasks) -> None:
    """The feed may still tell of a time before the last status: what was known is the least that is."""
    store.changed(versioned(7, status=a_status()))

    store.begin_anew()
    store.changed(versioned(3))
    record = store.get(UID)
    assert record is not None
    assert record.ledger is None
    store.changed(versioned(7, status=a_status()))

    found = store.get(UID)
    assert found is not None
    assert found.ledger is not None


def test_a_status_that_turns_up_later_counts(store: Tasks) -> None:
    """The feed told of a task before its first status; our own LIST then has it."""
    store.changed(versioned(3))
    store.changed(versioned(7, status=a_status()))

    record = store.get(UID)
    assert record is not None
    assert record.ledger is not None


def test_what_went_while_a_list_was_gone_through_stays_gone(store: Tasks) -> None:
    """The list is of the moment at which it began: a task that is gone since would fire once more."""
    store.changed(versioned(5))
    store.begin_list()
    store.gone(UID)

    store.changed(versioned(5))
    assert store.get(UID) is None

    store.begin_list()
    store.changed(versioned(9))
    assert store.get(UID) is not None
