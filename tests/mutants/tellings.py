"""The mutants of what is told of tasks: which changes are news, and which events follow."""

from tests.mutants.mutant import Mutant, Mutants

EVENTS = "unit/core/test_events.py"
NEWS = "unit/core/test_changes.py"

TELLINGS: Mutants = {
    "changes.py": (
        Mutant("foreseen(after), foreseen(before) if", "after, before if", "what is noted is news at once", NEWS),
        Mutant("if count > 0", "if count", "what became less is no news", NEWS),
        Mutant("replace(n, count=count)", "n", "only what was added is told", NEWS),
        Mutant("max(0, after.late - (before.late if before else 0))", "0", "late Jobs are told", NEWS),
    ),
    "events.py": (
        Mutant("if why.reason in _WHY:", "if why.reason in Reason:", "what a user wanted is no event", EVENTS),
        Mutant("was.status, was.message) !=", "was.status, '') !=", "what a condition said is not said again", EVENTS),
        Mutant("and now.status and not (was", "and now.status and (None is was", "it is told when it begins", EVENTS),
        Mutant(" and was is not None and was.status:", ":", "a circuit that was closed is not closed again", EVENTS),
        Mutant("shortened(run.message, LONGEST_TAIL)", "run.message", "a program's words are cut", EVENTS),
    ),
    "wire/events.py": (
        Mutant('"Normal" if series', '"Warning" if series', "what is normal is no warning", EVENTS),
        Mutant(" {self.first.isoformat()}", "", "another series is another event", EVENTS),
    ),
}
