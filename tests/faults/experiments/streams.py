"""Watches that break, lie, or lag."""

from tests.faults.actions import Pages, Refuse
from tests.faults.breaking import ALL, Broken, breaking
from tests.faults.events import After, CutEvent, Drop, Duplicate, ErrorEvent, Garble, Lag
from tests.faults.rules import On

gone = breaking(
    "410 on watch",
    "Each watch that is opened is told that its version is too old, and open ones end so, for 10 s.",
    Broken(((Refuse(410), On(verb="watch", every=2)), (ErrorEvent(410), ALL)), span=10, hampered=True),
    fast=True,
)
gone_on_the_way = breaking(
    "410 on continue",
    "Lists come in pages of 5, and none gets beyond its first one for 10 s: its version is too old already.",
    Broken(
        (
            (Pages(5), On(verb="list")),
            (Refuse(410), On(verb="list", where=lambda call: "continue" in call.query)),
        ),
        span=10,
        blind=True,
        anew=True,
    ),
)
_errors = [
    breaking(
        f"ERROR {code} in the stream",
        f"Each watch ends with an ERROR event of code {code} as soon as it is open, for 10 s.",
        Broken(((ErrorEvent(code), ALL),), span=10, hampered=True),
    )
    for code in (500, 504, 429)
]
error_500, error_504, error_429 = _errors
cut = breaking(
    "events cut in the middle",
    "Every seventh event is cut, and its connection with it; for 15 s.",
    Broken(((CutEvent(), On(every=7)), (CutEvent(clean=True), On(every=8))), span=15, hampered=True),
)
garbled = breaking(
    "events that are none",
    "Every tenth event is something else, as of a gateway; for 12 s.",
    Broken(((Garble(), On(every=10)), (Garble(b"<html>\n"), On(every=11))), span=12, hampered=True),
)
doubled = breaking(
    "events doubled",
    "Every third event comes twice, for 15 s.",
    Broken(((Duplicate(), On(every=3)),), span=15, told=False),
)
reordered = breaking(
    "events reordered",
    "Every third event of a Job comes after the next one of a TorchTask, and the other way round; for 15 s.",
    Broken(
        ((After("torchtasks"), On(resource="jobs", every=3)), (After("jobs"), On(resource="torchtasks", every=3))),
        span=15,
        hampered=True,
        told=False,
    ),
)
lagging = breaking(
    "the Jobs lag behind",
    "Job lists and events tell what was 3 s ago, for 15 s; tasks with maxInstances: 1 must not start a second run.",
    Broken(((Lag(3), On(verb="list watch", resource="jobs")),), span=15, hampered=True, told=False),
    fast=True,
)
dropped = breaking(
    "events dropped",
    "Every fifth event of Jobs and TorchTasks is lost for 15 s, and nothing tells; then the connections break.",
    Broken(((Drop(), On(resource="jobs torchtasks", every=5)),), span=15, hampered=True, told=False, ends_anew=True),
)
