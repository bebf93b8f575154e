"""The judge of an experiment: what calls, Jobs and clocks say of each invariant, never what the operator says.

It shares no code with the operator. The laws are one function each, in `account`, `books`, `timing`, `recovery` and
`conduct`.
"""

from tests.faults import account, books, conduct, recovery, timing
from tests.faults.evidence import Evidence
from tests.faults.finding import Finding, Law

LAWS: dict[str, Law] = {
    "I1": account.one_job_per_fire_time,
    "I2": account.every_fire_time_explained,
    "I3": timing.on_time,
    "I4": timing.never_early,
    "I5": conduct.limits_hold,
    "I6": timing.no_storm,
    "I7": recovery.recovered,
    "I8": timing.bad_harms_none,
    "I9": conduct.foreign_untouched,
    "I10": conduct.alive_and_honest,
    "I11": conduct.modest,
    "I12": books.wiped_status_rebuilt,
    "told": conduct.told,
}


def judge(evidence: Evidence) -> list[Finding]:
    """Apply every law to what an experiment left behind."""
    return [law(evidence) for law in LAWS.values()]
