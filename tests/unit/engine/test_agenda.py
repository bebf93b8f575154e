"""The agenda: everybody is looked at when their time comes, once."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.scenario import at
from torchtask import clock
from torchtask.engine.agenda import SPARE, Agenda

START = at("12:00:00")


def test_the_earliest_comes_first() -> None:
    """Tasks are taken in the order of their times, and not before them."""
    agenda = Agenda()
    for uid, time in (("b", "12:00:20"), ("a", "12:00:10"), ("c", "12:00:30")):
        agenda.add(uid, at(time))

    assert list(agenda.take(at("12:00:09"))) == []
    assert list(agenda.take(at("12:00:25"))) == ["a", "b"]
    assert agenda.next_time() == at("12:00:30")


def test_an_earlier_time_replaces_a_later_one() -> None:
    """Whoever is woken sooner is not looked at again at the time agreed before."""
    agenda = Agenda()
    agenda.add("a", at("12:00:30"))
    agenda.add("a", at("12:00:10"))

    assert list(agenda.take(at("12:00:40"))) == ["a"]


def test_a_dropped_task_is_not_taken() -> None:
    """A deleted task leaves nothing behind."""
    agenda = Agenda()
    agenda.add("a", at("12:00:10"))
    agenda.drop("a")

    assert agenda.next_time() is None


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 60)), max_size=30), st.integers(0, 60))
def test_exactly_those_are_taken_whose_earliest_time_has_come(entries: list[tuple[str, int]], now: int) -> None:
    """The heap with its stale entries answers as a plain dictionary would."""
    agenda, earliest = Agenda(), dict[str, datetime]()
    for uid, second in entries:
        time = START + timedelta(seconds=second)
        agenda.add(uid, time)
        earliest[uid] = min(time, earliest.get(uid, time))

    taken = list(agenda.take(START + timedelta(seconds=now)))

    assert sorted(taken) == sorted(u for u, t in earliest.items() if t <= START + timedelta(seconds=now))


def test_there_is_time_while_nobody_is_to_be_looked_at() -> None:
    """Until somebody's time comes, whoever else is asked about, or until somebody is woken."""
    agenda, now = Agenda(), clock.now()
    assert agenda.is_idle()

    agenda.add("far", now + timedelta(seconds=3600))
    assert agenda.is_idle()

    agenda.add("near", now)
    assert not agenda.is_idle()

    assert list(agenda.take(now)) == ["near"]
    assert agenda.is_idle()

    agenda.wake("far")
    assert list(agenda.take(clock.now())) == ["far"]
    assert not agenda.is_idle()  # whoever was woken, the loop is to turn once more


def test_all_are_woken_at_once() -> None:
    """Who has a later time is looked at now, who is late already is not put off, and the others keep their time."""
    agenda, now = Agenda(), clock.now()
    for uid, seconds in (("late", -10), ("far", 3600), ("other", 1800)):
        agenda.add(uid, now + timedelta(seconds=seconds))

    agenda.wake_all(["far", "late", "new"])

    assert agenda.roused.is_set()
    assert list(agenda.take(now))[:1] == ["late"]
    assert sorted(agenda.take(clock.now())) == ["far", "new"]
    assert agenda.next_time() == now + timedelta(seconds=1800)


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 60)), max_size=30), st.integers(0, 60))
def test_exactly_those_come_soon_whose_time_is_near(entries: list[tuple[str, int]], until: int) -> None:
    """Who is asked for stays on the agenda, and is named once."""
    agenda, earliest = Agenda(), dict[str, datetime]()
    for uid, second in entries:
        time = START + timedelta(seconds=second)
        agenda.add(uid, time)
        earliest[uid] = min(time, earliest.get(uid, time))
    horizon = START + timedelta(seconds=until)

    soon = agenda.soon(horizon)

    assert sorted(soon) == sorted((u, t) for u, t in earliest.items() if t <= horizon)
    assert sorted(agenda.take(horizon)) == sorted(uid for uid, _ in soon)


def test_times_that_are_no_longer_agreed_take_no_room() -> None:
    """A task that is woken often, and otherwise far in the future, does not fill the memory."""
    agenda, far = Agenda(), START + timedelta(days=365)
    agenda.add("first", far - timedelta(days=1))
    for seconds in range(1_000):
        now = START + timedelta(seconds=seconds)
        agenda.add("a", now)
        assert list(agenda.take(now)) == ["a"]
        agenda.add("a", far)

    assert len(agenda._heap) <= 2 * 2 + SPARE + 1  # noqa: SLF001 -- what is kept shows nowhere else
    assert list(agenda.take(far)) == ["first", "a"]
