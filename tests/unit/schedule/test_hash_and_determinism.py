"""What `H` draws, and that a text means the same everywhere."""

import subprocess
import sys
from datetime import UTC, datetime

from torchtask.core.schedule import When, parse

NOW = datetime(2026, 11, 21, 12, 0, 3, tzinfo=UTC)
UID = "f1b9c2d0-77aa-4c1e-9d1b-0c6c8f6b8f11"


def test_h_is_a_value_of_the_uid_and_stays() -> None:
    """The hash is pinned: a release that changed it would move every task that uses H."""
    assert parse(When(schedule="H H H * * *", seed=UID)).describe() == "at 18:00:35 every day (UTC)"
    assert parse(When(schedule="H/25 * * * * *", seed=UID)).describe() == "at seconds 20 and 45 of every minute (UTC)"
    assert parse(When(schedule="H H(9-17) * * 1-5", seed=UID)).describe() == "at 15:00:00 on Monday to Friday (UTC)"


def test_h_spreads_tasks_and_keeps_its_range() -> None:
    """1,000 tasks use every minute; a day is one that every month has; a range holds."""
    times = [parse(When(schedule="H H(3-5) H * *", seed=f"{UID}-{task}")).after(NOW) for task in range(1000)]

    assert {time.minute for time in times if time} == set(range(60))
    assert {time.hour for time in times if time} == {3, 4, 5}
    assert {time.day for time in times if time} == set(range(1, 29))


PROGRAM = """
import sys
from datetime import UTC, datetime
from torchtask.core.schedule import When, parse, jitter
texts = ["H H * * *", "H/7 * * * * *", "0 0 L,15W,3 * 1#2,FRIL", "5,4,3 7-9 * JAN,MAR *", "@every 90s/7s"]
if sys.argv[1] == "reversed":
    texts.reverse()
now = datetime(2026, 11, 21, tzinfo=UTC)
lines = []
for text in texts:
    schedule = parse(When(schedule=text, additional_schedules=("0 30 2 * * *",), time_zone="Europe/Berlin", seed="uid"))
    times = schedule.upcoming(now, 5)
    lines.append(" ".join(map(str, (schedule.describe(), *times, jitter(schedule, times[0], 60, "uid")))))
print("\\n".join(sorted(lines)))
"""


def test_meaning_depends_on_no_process_hash_seed_or_order() -> None:
    """Fresh processes with other hash seeds, parsing in another order, say the same."""
    answers = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM, order],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed, order in (("0", "forward"), ("1", "reversed"), ("4294967295", "forward"))
    }

    assert len(answers) == 1
    assert answers.pop().count("\n") == 5
