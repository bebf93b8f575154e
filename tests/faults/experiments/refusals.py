"""An API server that answers, and says no."""

from tests.faults.actions import Refuse
from tests.faults.breaking import ALL, LAUNCHES, STATUSES, Broken, breaking
from tests.faults.rules import On

too_many = breaking(
    "429 with Retry-After",
    "Every call is answered 429 for 10 s, with the advice to come again in 2 s.",
    Broken(((Refuse(429, retry_after=2), ALL),), span=10, blind=True, anew=True),
    fast=True,
)
too_many_until = breaking(
    "429 with Retry-After as a date",
    "Creates and status writes are answered 429 for 10 s, with the advice to come again at a moment 3 s later.",
    Broken(
        (
            (Refuse(429, retry_after=3, as_date=True), LAUNCHES),
            (Refuse(429, retry_after=3, as_date=True), STATUSES),
        ),
        span=10,
        hampered=True,
    ),
)
conflicts = breaking(
    "409 on every status write",
    "Each status patch is answered with a conflict for 12 s, though nobody else writes.",
    Broken(((Refuse(409), STATUSES),), span=12, told=False),
)
unavailable = breaking(
    "503 for 90 s",
    "Every call is answered 503 for a minute and a half: a control plane that restarts.",
    Broken(((Refuse(503), ALL),), span=90, blind=True, anew=True),
)
errors = breaking(
    "500 and 504 now and then",
    "Every third call is answered 500, and every fourth of the others 504, for 12 s.",
    Broken(((Refuse(500), On(every=3)), (Refuse(504), On(every=4))), span=12, hampered=True),
)
unauthorized = breaking(
    "401 for a minute",
    "No credentials are accepted for a minute.",
    Broken(((Refuse(401), ALL),), span=60, blind=True, anew=True),
)
forbidden = breaking(
    "403 for a minute",
    "Everything is forbidden for a minute: somebody took the ClusterRoleBinding away.",
    Broken(((Refuse(403), ALL),), span=60, blind=True, anew=True),
)
