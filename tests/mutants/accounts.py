"""The mutants of the books, and of what follows from them: what is stopped and pruned, and how daemons restart."""

from tests.mutants.mutant import Mutant, Mutants

BOOKS = "unit/core/test_ledger.py"
BY_HAND = "unit/core/test_manual.py"
CHANGES = "unit/core/test_daemon_changes.py"
CLEARING = "unit/core/test_clearing.py"
COUNTED_RUNS = "unit/core/test_counted_runs.py"
CRONJOB = "unit/core/test_cronjob_acceptance.py"
DAEMON = "unit/core/test_daemon.py"
EDITS = "unit/core/test_edits.py"
FAILURES = "unit/core/test_failures.py"
PROBE = "unit/core/test_breaker.py"
WAY = "unit/core/test_in_the_way.py"

ACCOUNTS: Mutants = {
    "account.py": (
        Mutant("skipped + self.missed", "skipped", "due is what was launched, skipped or missed", COUNTED_RUNS),
    ),
    "breaker.py": (
        Mutant("OPEN if probing else", "OPEN if time is None else", "one probe at a time", PROBE),
        Mutant("consecutive_failures >= spec", "consecutive_failures > spec", "it opens with the last of them", PROBE),
    ),
    "clearing.py": (
        Mutant("run.finished or run.started or", "run.finished or", "what has started is not pending", CLEARING),
        Mutant(" or run.parked", "", "what others suspended is not pending", CLEARING),
        Mutant("if books.launch_is_published(state.ledger, r.unit)", "if r", "what is replaced is published", BY_HAND),
        Mutant("if books.launch_is_published(state.ledger, run.unit)", "if run", "what is stopped is, too", DAEMON),
    ),
    "daemon.py": (
        Mutant("seconds=2 ** min(", "seconds=2 * min(", "pauses double", DAEMON),
        Mutant("min(_LONGEST_PAUSE, ", "max(_LONGEST_PAUSE, ", "no pause is longer than a minute", DAEMON),
        Mutant("absent or pending or", "pending or", "the next waits until others are there", CHANGES),
        Mutant("absent or pending or", "absent or", "the next waits until others are up", CHANGES),
        Mutant("(down or old)[:1]", "(down or old)", "instances are replaced one at a time", CHANGES),
        Mutant("if state.around.held is not None or", "if", "a hold starts no instance", CHANGES),
        Mutant("or slots.is_fatal(slot, options) or _", "or _", "a fatal slot stays empty", DAEMON),
    ),
    "finished.py": (
        Mutant("(0 if run.disrupted else 1)", "1", "what the cluster ended is no failure", PROBE),
        Mutant("and accounts_for(ledger, r.unit)]", "]", "an end is counted after its launch", CRONJOB),
        Mutant("if not r.unexplained and", "if", "a failure is counted when it is explained", FAILURES),
        Mutant("and suffix not in ledger.counted_runs]", "]", "an end is counted once", COUNTED_RUNS),
        Mutant("run.unit in ledger.repeated or", "", "a copy of a launch may land for a minute", COUNTED_RUNS),
    ),
    "history.py": (
        Mutant("reverse=True", "reverse=False", "the newest runs are kept", COUNTED_RUNS),
        Mutant("(Phase.FAILED, failed)", "(Phase.FAILED, successful)", "failed runs have their own limit", FAILURES),
        Mutant(" if r.suffix in published", "", "a run is pruned once its end is written", WAY),
    ),
    "ledger.py": (
        Mutant("(*(time - SECOND for", "(*(time for", "the account ends before what is open", BOOKS),
        Mutant("until = max(until, ledger.accounted_time)", "", "the account never moves back", BOOKS),
        Mutant("launched + late - asked", "launched", "a Job that turned up late was launched", BOOKS),
        Mutant("counts.manual + asked", "counts.manual", "it may have been asked for by hand", BOOKS),
        Mutant("stopped=stopped + late", "stopped=stopped", "stopped never falls", BOOKS),
        Mutant("case Result.LAUNCHED if is_manual:", "case None if is_manual:", "a run by hand is not due", BY_HAND),
        Mutant("max(ledger.decided_time, now))", "ledger.decided_time)", "an edit never fires the past", EDITS),
        Mutant("if t <= ledger.accounted_time)", ")", "what is queued is accounted for", BOOKS),
        Mutant("not slots.is_news(held.slots, unit)", "True", "an instance is stopped once it is written", DAEMON),
    ),
    "model.py": (
        Mutant("if self.template_error is not None", "if not self", "a refused template is a problem", EDITS),
    ),
    "slots.py": (
        Mutant("> options.start_retries", ">= options.start_retries", "Fatal comes after the last retry", DAEMON),
        Mutant("(0 if run.disrupted else 1)", "1", "what the cluster ended is no failed start", DAEMON),
        Mutant("or run.template != template", "", "another template's failure says nothing", DAEMON),
    ),
}
