"""The mutants of what is read from documents and written into them."""

from tests.mutants.mutant import Mutant, Mutants

AFFINITY = "unit/core/test_affinity.py"
CONDITIONS = "unit/core/test_conditions.py"
ENDS = "unit/core/test_ends.py"
EVERY_NODE = "unit/core/test_every_node.py"
JOBS = "unit/core/test_jobs.py"
LANGUAGE = "unit/schedule/test_language.py"
LATE = "unit/core/test_late.py"
MANIFEST = "unit/core/test_manifest.py"
NODES = "unit/core/test_nodes.py"
NODE_DOCUMENTS = "unit/core/test_node_documents.py"
REFUSED = "unit/core/test_spec_refused.py"
SPEC = "unit/core/test_spec.py"
STARTS = "unit/core/test_daemon_account.py"
STATUS = "unit/core/test_status.py"
STUCK = "unit/core/test_stuck.py"
STUCK_JOBS = "unit/core/test_stuck_jobs.py"
WHEN = "unit/core/test_when.py"
WIRE = "unit/core/test_wire.py"

DOCUMENTS: Mutants = {
    "affinity.py": (
        Mutant("[*fields, one]", "[one]", "narrowing keeps what a term says of fields", AFFINITY),
        Mutant(" or not any(term.values())", "", "narrowing lets no term match that matched nothing", AFFINITY),
    ),
    "conditions.py": (
        Mutant("if e.phase is Phase.FAILED", "if not e", "a run that failed is not Completed", WHEN),
        Mutant("and c.status == status", "", "a transition is a change of status", CONDITIONS),
        Mutant("late <= LATE_MILLISECONDS", "late < LATE_MILLISECONDS", "a second is not late", CONDITIONS),
    ),
    "ends.py": (
        Mutant("_whole(status, stopped) or _container", "_container", "what befell the Pod goes first", ENDS),
        Mutant("failed or told, told", "told, told", "the Pod that failed counts", ENDS),
        Mutant("if pods == []", "if pods is None", "no Pod is NoPod", STUCK),
    ),
    "errors.py": (Mutant("{self.field_path}: ", "", "an error names the field", LANGUAGE),),
    "instants.py": (
        Mutant("if moment.tzinfo is None", "if moment.year is None", "an instant has a zone", WIRE),
        Mutant("moment.year < LAST_YEAR", "moment.year", "an instant whose sums overflow is refused", WIRE),
    ),
    "lenient.py": (
        Mutant("isinstance(item, dict)] if", "item] if", "rubbish in a list is not there", NODE_DOCUMENTS),
        Mutant('isinstance(value, str) else ""', 'value else ""', "what is no text is the empty one", NODE_DOCUMENTS),
    ),
    "manifest.py": (
        Mutant("if name not in taken]", "]", "the user's environment stands", MANIFEST),
        Mutant('job.pop("ttlSecondsAfterFinished", None)', "pass", "the Job of a run by hand stays", MANIFEST),
        Mutant("(start.unit.node,) if start.unit.node else start.nodes", "start.nodes", "pinned to its node", MANIFEST),
    ),
    "nodes.py": (
        Mutant("if node.ready and not bars", "if node.ready", "a node with pressure is not ready", NODES),
        Mutant("all(taint.key.startswith(_FOR_NOW)", "all(taint.key", "a node that bars Pods gets none", NODES),
    ),
    "spec.py": (
        Mutant("> self.deadline", ">= self.deadline", "a deadline may be reached", LATE),
        Mutant("now - self.launch_time(fire_time)", "now - fire_time", "a deadline counts from the launch", SPEC),
        Mutant("self.every_node or bool(self.addresses)", "self.every_node", "addresses need nodes", EVERY_NODE),
    ),
    "status.py": (
        Mutant("counts.due + len(waiting(ledger))", "counts.due", "what waits is due", STATUS),
        Mutant("(len(ranked) - 1) // 2", "len(ranked) // 2", "the median is a sample", STATUS),
        Mutant("_BY_URGENCY if state in states", "_BY_URGENCY if not state", "the worst is told", STARTS),
    ),
    "wire/conflicts.py": (Mutant("len(chosen) != 1", "not chosen", "a task runs in one way", REFUSED),),
    "wire/daemons.py": (
        Mutant('if "daemon" not in spec', "if not spec", "a task without it is no daemon", SPEC),
        Mutant("seconds=integer(", "minutes=integer(", "delays are seconds", SPEC),
    ),
    "wire/jobs.py": (
        Mutant(
            'in _OUR_WORDS and final.get("reason") == _TOOK_TOO_LONG',
            "in _OUR_WORDS",
            "ended by a deadline",
            STUCK_JOBS,
        ),
        Mutant('if o.get("controller")', "if o", "only a controller owns a run", JOBS),
        Mutant('or owner["kind"] != names.KIND', "", "only a TorchTask's Job is a run", JOBS),
    ),
    "wire/ledgers.py": (
        Mutant("0 <= value <= _MOST", "0 <= value", "a count that cannot be is rubbish", WIRE),
        Mutant('entry["status"] == "True"', 'bool(entry["status"])', "False is not True", WIRE),
    ),
    "wire/limits.py": (
        Mutant("filter(None, (own, job_lifetime(spec)))", "filter(None, (own,))", "a TTL is a deadline", LATE),
        Mutant("if both and pending >= timeout", "if both and pending > timeout", "pending ends first", REFUSED),
    ),
    "wire/nodes.py": (
        Mutant('says_ready and spec.get("unschedulable") is not True', "says_ready", "not cordoned", NODE_DOCUMENTS),
        Mutant('c.get("type") == "Ready" and ', "", "it is Ready that counts", NODE_DOCUMENTS),
    ),
    "wire/places.py": (
        Mutant("len(set(items)) < len(items)", "not items", "a node is named once", REFUSED),
        Mutant("return str(ip_address(address))", "return address", "addresses are written in one way", SPEC),
    ),
    "wire/tasks.py": (
        Mutant(
            "default_timeout is None or daemon",
            "default_timeout is None",
            "a daemon's instances may run for ever",
            SPEC,
        ),
        Mutant('("container" in fields) == ("jobTemplate" in fields)', "not fields", "one of the two", WIRE),
    ),
    "wire/values.py": (
        Mutant("if isinstance(value, bool)", "if value is None", "true is not a number", WIRE),
        Mutant("least <= number <= most", "least < number <= most", "a bound may be reached", WIRE),
        Mutant("default if value is None else value", "value or default", "0 is a value, not an unset field", WIRE),
        Mutant("year not in YEARS", "year in ()", "an instant lies in the language's years", WIRE),
    ),
    "wire/when.py": (
        Mutant("if item != plain}", "if item}", "a field at its default changes no hash", SPEC),
        Mutant("hashed([chosen, suspend])", "hashed([chosen])", "a suspension is an edit", WHEN),
    ),
}
