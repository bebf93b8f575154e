"""Zones come from the tzdata package alone, and no change of a clock is overlooked."""

import subprocess
import sys
from datetime import UTC, datetime
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from zoneinfo import _common

from torchtask.core.schedule import zones
from torchtask.core.schedule.zones import Piece

LAST = int(datetime(2045, 1, 1, tzinfo=UTC).timestamp())
BERLIN_LEAPS = int(datetime(2027, 3, 28, 1, tzinfo=UTC).timestamp())  # 02:00 becomes 03:00
BERLIN_FALLS_BACK = int(datetime(2027, 10, 31, 1, tzinfo=UTC).timestamp())  # 03:00 becomes 02:00
HOUR = 3600


def _compiled(name: str) -> list[tuple[int, int, int]]:
    """Return a zone's changes of offset as its file in the package lists them (later ones follow by rule)."""
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as compiled:
        indices, moments, offsets, *_ = _common.load_data(compiled)
    steps = [(moment, offsets[index]) for index, moment in zip(indices, moments, strict=True)]
    return [(at, before, after) for (_, before), (at, after) in pairwise(steps) if before != after and at > 0]


def test_every_change_that_a_zone_file_lists_is_found() -> None:
    """Comparing offsets at a distance finds exactly the changes in the compiled file of each zone."""
    for name in sorted(zones.names()):
        listed = _compiled(name)
        if listed:
            assert list(zones.changes(name, listed[0][0], listed[-1][0] + 1)) == listed, name


def test_no_zone_changes_twice_within_the_distance_of_comparison() -> None:
    """Changes lie a week apart at least, and none is as long as a day and an hour."""
    for name in sorted(zones.names()):
        found = list(zones.changes(name, 0, LAST))
        assert all(later.at - earlier.at > 6 * 86_400 for earlier, later in pairwise(found)), name
        assert all(-86_400 <= change.after - change.before <= 86_400 for change in found), name


def test_pieces_cover_a_gap_and_a_fold() -> None:
    """At a gap the piece after it knows what was skipped; at a fold the repeated hour is a piece of its own."""
    assert list(zones.pieces("Europe/Berlin", BERLIN_LEAPS - 5, BERLIN_LEAPS + 5)) == [
        Piece(BERLIN_LEAPS - 5, BERLIN_LEAPS, HOUR),
        Piece(BERLIN_LEAPS, BERLIN_LEAPS + 5, 2 * HOUR, skipped=HOUR),
    ]
    assert list(zones.pieces("Europe/Berlin", BERLIN_FALLS_BACK - 5, BERLIN_FALLS_BACK + 2 * HOUR)) == [
        Piece(BERLIN_FALLS_BACK - 5, BERLIN_FALLS_BACK, 2 * HOUR),
        Piece(BERLIN_FALLS_BACK, BERLIN_FALLS_BACK + HOUR, HOUR, repeated=True),
        Piece(BERLIN_FALLS_BACK + HOUR, BERLIN_FALLS_BACK + 2 * HOUR, HOUR),
    ]


def test_pieces_that_begin_within_a_fold_know_it() -> None:
    """Asked from the middle of the repeated hour, it is still the repeated hour; a gap behind is forgotten."""
    middle = BERLIN_FALLS_BACK + HOUR // 2
    assert next(zones.pieces("Europe/Berlin", middle, middle + HOUR)) == Piece(
        middle, BERLIN_FALLS_BACK + HOUR, HOUR, repeated=True
    )
    assert list(zones.pieces("Europe/Berlin", BERLIN_LEAPS + 1, BERLIN_LEAPS + 9)) == [
        Piece(BERLIN_LEAPS + 1, BERLIN_LEAPS + 9, 2 * HOUR)
    ]


PROGRAM = """
from datetime import UTC, datetime
from zoneinfo import ZoneInfo
from torchtask.core.schedule import When, parse
schedule = parse(When(schedule="0 12 * * *", time_zone="Europe/Berlin"))
print(datetime(2026, 7, 1, tzinfo=ZoneInfo("Europe/Berlin")).utcoffset())
print(schedule.after(datetime(2026, 7, 1, tzinfo=UTC)))
"""


def test_the_zone_files_of_the_image_are_not_used(tmp_path: Path) -> None:
    """With a forged Europe/Berlin on the image, Python's own look-up is fooled and the schedule is not."""
    (tmp_path / "Europe").mkdir()
    (tmp_path / "Europe" / "Berlin").write_bytes(files("tzdata").joinpath("zoneinfo", "Asia", "Tokyo").read_bytes())
    said = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"PYTHONTZPATH": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        check=True,
        text=True,
    ).stdout

    assert said.splitlines() == ["9:00:00", "2026-07-01 10:00:00+00:00"]
