"""Whatever a user writes, reading it gives a schedule or a `SpecError` about that field."""

from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchtask.core.errors import SpecError
from torchtask.core.schedule import When, parse

pytestmark = pytest.mark.property
NOW = datetime(2026, 11, 21, tzinfo=UTC)
ANY_TEXT = st.characters(exclude_categories=())  # lone surrogates included: JSON can carry them
PLAIN = ("*", "*", "*", "0", "7", "*/7", "1-5", "5-5", "3/2", "1,4-6", "H", "h/4", "H(1-9)")
SPECIAL = (
    *(
        "?",
        "L",
        "W",
        "R",
        "#",
        "/",
        "-",
        ",",
        "(",
        ")",
        "LW",
        "15W",
        "5L",
        "L5",
        "2#3",
        "*/0",
        "59",
        "60",
        "5-1",
        "1,,2",
    ),
    *(
        "-1",
        "1.5",
        "+1",
        "1e3",
        "0x1f",
        "99999999999999999999",
        "MON",
        "fri",
        "friday",
        "JAN-DEC",
        "2027",
        "1969",
        "2100",
    ),
    *(
        "@every",
        "1h30m",
        "90s/5s",
        "0s",
        "@daily",
        "@reboot",
        "TZ=UTC",
        "CRON_TZ=UTC",
        " ",
        "\t",
        "\n",
        "\x00",
        '"',
        "\\",
    ),
    *("%s", "{0}", "\u0663", "\uff11", "\u2013", "\U0001f552", "\ud800"),
)


def _arbitrary(chance: Random) -> str:
    """Return words in a row, often as many as a cron text has, now and then with characters changed."""
    words = [
        chance.choice(PLAIN if chance.random() < 0.8 else SPECIAL)
        for _ in range(chance.choice([1, 4, 5, 5, 6, 6, 7, 40]))
    ]
    text = chance.choice([" ", " ", " ", "  ", "", ","]).join(words)
    for _ in range(chance.choice([0, 0, 0, 1, 3])):
        place = chance.randrange(len(text) + 1)
        text = text[:place] + chr(chance.choice([chance.randrange(32, 127), chance.randrange(0x110000)])) + text[place:]
    return text


def _refusal(when: When) -> SpecError | None:
    """Parse; None when accepted, and then it has a fire time in the years to come."""
    try:
        assert parse(when).after(NOW) is not None
    except SpecError as refusal:
        return refusal
    return None


def test_100_000_arbitrary_texts_raise_nothing_but_spec_errors() -> None:
    """Texts made of the language's pieces, and of what does not belong there, are read or refused with a message."""
    chance = Random(20261121)  # noqa: S311 -- the same texts each time, not secrets
    accepted = 0
    for _ in range(100_000):
        refusal = _refusal(When(schedule="* * * * *", additional_schedules=(_arbitrary(chance),)))
        accepted += refusal is None
        if refusal is not None:
            assert refusal.field_path == "spec.additionalSchedules[0]"
            assert refusal.message.isprintable()
            assert len(refusal.message) < 1024
    assert 5_000 < accepted < 50_000  # both answers are met often enough to mean something


@given(st.text(ANY_TEXT, max_size=300))
def test_any_text_at_all(text: str) -> None:
    """Characters of every kind raise nothing else either."""
    refusal = _refusal(When(schedule=text, additional_schedules=("* * * * *",)))
    assert refusal is None or (refusal.field_path == "spec.schedule" and refusal.message.isprintable())


@given(st.text(ANY_TEXT, max_size=80))
def test_any_zone_name_at_all(name: str) -> None:
    """A name that is no zone is refused by its own field, whatever it looks like (a path, say)."""
    refusal = _refusal(When(schedule="* * * * *", time_zone=name))
    assert refusal is None or (refusal.field_path == "spec.timeZone" and refusal.message.isprintable())
