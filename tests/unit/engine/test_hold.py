"""The hold in the running operator: it follows the ConfigMap, and wakes the tasks when it differs."""

from typing import Any

import pytest

from torchtask.core.hold import NO_HOLD, Hold
from torchtask.engine.hold import CurrentHold


class Told:
    """A hold, and how often it was said to differ."""

    def __init__(self) -> None:
        self.times = 0
        self.hold = CurrentHold(self.note)

    def note(self) -> None:
        """Count."""
        self.times += 1


@pytest.fixture
def told() -> Told:
    """Nothing is held."""
    return Told()


def config_map(uid: str = "one", **data: str) -> dict[str, Any]:
    """Write the ConfigMap."""
    return {"metadata": {"name": "torchtask-hold", "uid": uid, "resourceVersion": "1"}, "data": data}


def held(*namespaces: str, reason: str = "") -> Hold:
    """Hold some namespaces."""
    return Hold(everywhere=False, namespaces=frozenset(namespaces), reason=reason)


def test_it_follows_the_config_map(told: Told) -> None:
    """Made, edited, deleted: each time the tasks are told."""
    told.hold.changed(config_map(namespaces="a"))
    assert (told.hold.current, told.times) == (held("a"), 1)

    told.hold.changed(config_map(namespaces="a, b", reason="moving house"))
    assert (told.hold.current, told.times) == (held("a", "b", reason="moving house"), 2)

    told.hold.gone("one")
    assert (told.hold.current, told.times) == (NO_HOLD, 3)


def test_an_event_without_news_wakes_nobody(told: Told) -> None:
    """A LIST tells it again after every gap; labels and the order of names say nothing."""
    told.hold.changed(config_map(namespaces="a b"))

    told.hold.changed(config_map(namespaces="b,a"))
    told.hold.gone("another")
    told.hold.reached(7)

    assert (told.hold.current, told.times) == (held("a", "b"), 1)


def test_a_hold_that_was_made_anew_during_a_gap_stands(told: Told) -> None:
    """A LIST tells the new one first, and then that the old one is gone."""
    told.hold.changed(config_map("old", namespaces="a"))

    told.hold.changed(config_map("new", namespaces="b"))
    told.hold.gone("old")

    assert (told.hold.current, told.times) == (held("b"), 2)


def test_the_log_says_what_is_held(told: Told, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever wonders why nothing runs finds it there, with its reason, and its end."""
    told.hold.changed(config_map(namespaces="b a", reason="moving house"))
    told.hold.changed(config_map())
    told.hold.gone("one")

    assert caplog.messages == [
        "launches are held in a, b: moving house",
        "launches are held everywhere: no reason is given",
        "launches are no longer held",
    ]
