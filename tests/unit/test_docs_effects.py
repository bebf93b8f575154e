"""The tables of `docs/tasks.md` about what happens are true: each line is decided here."""

from dataclasses import replace
from datetime import datetime

import pytest

from tests.pages import Row, codes, field, page, tables
from tests.scenario import Scenario, a_task, at, document, launches
from torchtask.core.decide import Decision, Stop
from torchtask.core.units import Timed
from torchtask.core.wire import tasks

TASKS = tables(page("tasks.md"))
EVERY_TEN = "*/10 * * * * *"


def seen(state: Scenario, decision: Decision) -> Scenario:
    """Go on when the Jobs that were asked for exist, those that were stopped are going, and the status is written."""
    stopped = {a.run.name for a in decision.actions if isinstance(a, Stop)}
    runs = tuple(replace(r, deleting=r.deleting or r.name in stopped) for r in state.runs)
    state = replace(state, runs=runs, ledger=decision.ledger)
    for time in launches(decision):
        state = state.with_run(time)
    return state.written()


def waiting(decision: Decision) -> list[datetime]:
    """Name the fire times that wait, and are not launched just now."""
    return [t for t in decision.ledger.queued if Timed(t) not in decision.flights]


def told(before: Scenario, decision: Decision) -> str:
    """Tell what a decision made of fire times, and of runs, as the page does."""
    assert before.ledger is not None
    waited, known = before.ledger.queued, before.ledger.not_launched
    words = [f"{time[-3:]} launched" for time in launches(decision)]
    words += [f":{t:%S} waits" for t in waiting(decision) if t not in waited]
    words += [f":{n.last_time:%S} skipped `{n.reason}`" for n in decision.ledger.not_launched if n not in known]
    words += [f":{a.run.fire_time:%S} is stopped" for a in decision.actions if isinstance(a, Stop)]
    return ", ".join(words)


@pytest.mark.parametrize(
    "row", TASKS["spec | at :10 | at :20 | at :25, the run of :00 is gone"], ids=lambda row: row[0]
)
def test_at_the_limit(row: Row) -> None:
    """Each policy makes of three moments what its line says."""
    state = a_task(EVERY_TEN, **field(row[0])).since("12:00:05").counted(launched=1).with_run("12:00:00").written()
    for moment, expected in zip(("12:00:10", "12:00:20", "12:00:25"), row[1:], strict=True):
        if moment == "12:00:25":
            state = replace(state, runs=tuple(r for r in state.runs if r.fire_time != at("12:00:00")))
        decision = state.decided(moment)
        assert told(state, decision) == expected
        state = seen(state, decision)


def not_launched(decision: Decision) -> dict[str, int]:
    """Count what was not launched, closed in the books or not yet."""
    found = {n.reason: n.count for n in decision.ledger.not_launched}
    return found | {str(o.reason): o.count for o in decision.ledger.pending if o.reason}


@pytest.mark.parametrize("row", TASKS["spec | missed `Downtime` | launched | waiting"], ids=lambda row: row[0])
def test_what_catch_up_makes_of_an_outage(row: Row) -> None:
    """Nobody was there for a minute: what is missed, started and waits is what the line says."""
    spec, *expected = row
    decision = a_task(EVERY_TEN, **field(spec)).since("12:00:05").decided("12:01:07")

    left = [f"{t:%H:%M:%S}" for t in waiting(decision)]
    counted = not_launched(decision)
    assert set(counted) <= {"Downtime"}
    assert [str(counted["Downtime"]), ", ".join(launches(decision)) or "–", ", ".join(left) or "–"] == expected


def _after_silence(policy: str, catch_up: str) -> str:
    """Tell what is made of :10, :20 and :30 when the API server is back at :31, and the run of :00 has started."""
    task = a_task(EVERY_TEN, concurrencyPolicy=policy, catchUp=catch_up)
    decision = task.since("11:59:55").with_run("12:00:00").decided("12:00:31")
    counted = not_launched(decision)
    times = {
        "missed": [":10", ":20"][: counted.get("Downtime", 0)],
        "skipped": [":30"][: counted.get("MaxInstances", 0)],
        "waits": [f":{t:%S}" for t in decision.ledger.queued],
        "launched": [time[-3:] for time in launches(decision)],
    }
    words = (f"{', '.join(found)} {word}" for word, found in times.items() if found)
    return "; ".join(words).replace(":20, :30 waits", ":20, :30 wait")


@pytest.mark.parametrize("row", TASKS["policy | `None`, `Latest` | `All`"], ids=lambda row: row[0])
def test_what_a_policy_makes_of_silence(row: Row) -> None:
    """Thirty seconds without an API server, policy by policy."""
    (policy,) = codes(row[0])

    assert {_after_silence(policy, catch_up) for catch_up in ("None", "Latest")} == {row[1]}
    if row[2] == "–":
        assert tasks.task(document(concurrencyPolicy=policy, catchUp="All"), at("12:00:00")).problem is not None
    else:
        assert _after_silence(policy, "All") == row[2]


KEPT = {"all skipped": 0, "all missed": 0, "the newest skipped": 1, "keeps waiting": 2}
"""How many of two fire times wait on, in the words of the table."""


@pytest.mark.parametrize("row", TASKS["edit | what waits"], ids=lambda row: row[0])
def test_what_an_edit_makes_of_what_waits(row: Row) -> None:
    """Each kind of edit, with two fire times in the queue."""
    edit, words = row
    times = ["12:00:10", "12:00:20"]
    state = a_task(EVERY_TEN, concurrencyPolicy="Queue").since("12:00:20").with_run("12:00:00").queued(*times)
    spec = {"schedule": EVERY_TEN, "concurrencyPolicy": "Queue", **field(edit)}
    if spec["concurrencyPolicy"] != "Queue":
        spec.pop("queueLimit", None)

    decision = state.edited(**spec).decided("12:00:25")

    kept = next(number for effect, number in KEPT.items() if words.startswith(effect))
    number = len(times) - kept
    assert list(decision.ledger.queued) == [at(t) for t in times[:kept]]
    assert not_launched(decision) == dict.fromkeys(codes(words), number)
    counts = decision.ledger.counts
    assert (counts.skipped, counts.missed) == ((0, number) if "missed" in words else (number, 0))
    if "new image" in words:
        ready = replace(state.edited(**spec), runs=()).decided("12:00:25")
        spec_in_force = state.edited(**spec).task.spec
        assert launches(ready) == times[:1]
        assert "busybox:1.37" in str(getattr(spec_in_force, "job", None))


def test_an_edit_fires_nothing_of_the_past_and_resuming_starts_with_the_next() -> None:
    """What passed before the edit was seen, and while a task was suspended, is in no count."""
    state = a_task(EVERY_TEN).since("12:00:05").edited("*/15 * * * * *")
    assert (state.decided("12:00:31").actions, not_launched(state.decided("12:00:31"))) == ((), {})

    suspended = a_task(EVERY_TEN, suspend=True).since("12:00:05")
    resumed = suspended.after(suspended.decided("12:05:00")).edited(EVERY_TEN)
    decision = resumed.decided("12:05:05")
    assert (decision.actions, decision.next_time, decision.ledger.counts.due) == ((), at("12:05:10"), 0)


def test_a_task_seen_late_begins_then() -> None:
    """One that is a minute old, and one that was edited; a young one begins with its creation."""
    young = a_task(EVERY_TEN, created="11:59:35")
    edited = replace(young, task=replace(young.task, generation=2))

    assert young.decided("12:00:31").ledger.counts.since == at("11:59:35")
    assert edited.decided("12:00:31").ledger.counts.since == at("12:00:31")
    assert a_task(EVERY_TEN).decided("12:00:31").ledger.counts.since == at("12:00:31")
