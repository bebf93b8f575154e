"""The mutants of what is decided about one task: which units are due and launched, and under what name."""

from tests.mutants.mutant import Mutant, Mutants

ACCEPTED = "unit/core/test_launch.py"
AT = "unit/core/test_at.py"
BY_HAND = "unit/core/test_manual.py"
BY_HAND_UNANSWERED = "unit/core/test_manual_unanswered.py"
CAPS = "unit/core/test_caps_and_waiting.py"
COUNTED_RUNS = "unit/core/test_counted_runs.py"
DECIDE = "unit/core/test_decide.py"
DUE = "unit/core/test_due.py"
EDITS = "unit/core/test_edits.py"
EVERY_NODE = "unit/core/test_every_node.py"
HELD = "unit/core/test_hold.py"
HELD_DUE = "unit/core/test_hold.py::test_fire_times_under_a_hold_are_skipped"
HELD_SENT = "unit/core/test_hold.py::test_what_was_sent_is_looked_up_when_a_hold_begins"
JOBS = "unit/core/test_jobs.py"
LATE = "unit/core/test_late.py"
OVERLAP = "unit/core/test_overlap.py"
PROBE = "unit/core/test_breaker.py"
REPLACE = "unit/core/test_replace.py"
RUN_NAMES = "unit/core/test_names.py"
STARTS = "unit/core/test_starts.py"
UNANSWERED = "unit/core/test_unanswered.py"
WAY = "unit/core/test_in_the_way.py"
WHEN = "unit/core/test_when.py"

DECISIONS: Mutants = {
    "decide.py": (
        Mutant(" and not launch.is_unanswered(state.flights, now)", "", "silence decides no more", UNANSWERED),
        Mutant("elif books.is_ahead(ledger, now)", "elif not now", "no account is from the future", DECIDE),
        Mutant(
            "min(max(f.retry_time, now + RETRY), now + LONGEST_PAUSE)",
            "now",
            "it looks again later than now, and not in circles",
            UNANSWERED,
        ),
    ),
    "due.py": (
        Mutant("RECENT - _JUST", "RECENT", "five seconds ago is not late yet", DECIDE),
        Mutant("time <= until", "time < until", "a fire time is launched at its second", DECIDE),
        Mutant("0 if recent else 1", "1", "with one due now nothing late is made up for", DECIDE),
        Mutant(" - sum(1 for t in started if after < t <= late_until)", "", "what has a Job is not missed", LATE),
        Mutant("else newest - _JUST", "else now", "a launch waits for its jitter", WHEN),
        Mutant("max(after, late_until)", "late_until", "what is accounted for is not due again", DUE),
    ),
    "edits.py": (
        Mutant(
            "return flight.is_open", "return True", "an answered launch is not counted again with its Job", COUNTED_RUNS
        ),
        Mutant("fire_time > ledger.decided_time or", "", "what has a Job is launched, whoever made it", DECIDE),
        Mutant("> ledger.generation + 1", "> ledger.generation + 9", "edits that nobody saw are followed", EDITS),
        Mutant("for u in dropped)", "for u in ())", "an edit drops what was not sent", CAPS),
        Mutant(" and task.run_now != ledger.last_run_now", "", "a nonce is one run", BY_HAND),
        Mutant(" if u.key != key or", " if", "a newer nonce replaces one that was not sent", BY_HAND),
    ),
    "launch.py": (
        Mutant("return self.attempt is not Attempt.REFUSED", "return self.is_sent", "accepted, it takes room", DECIDE),
        Mutant("look = flight.lost is not None or", "look =", "a lost launch is looked up, not repeated", LATE),
        Mutant("if flight.lost is Reason.DEADLINE", "if flight.late", "past its deadline it is missed", LATE),
        Mutant("lost is Reason.HELD and flight.patient", "patient is None", "the patient outlast a hold", HELD),
        Mutant("isinstance(flight.unit, Manual) or", "", "a run by hand is not given up", BY_HAND_UNANSWERED),
        Mutant("retry_time=now + wait", "retry_time=now", "refused: a second later again", ACCEPTED),
        Mutant("RETRY * (flight.tries + 1)", "RETRY", "the wait grows", ACCEPTED),
        Mutant(", MOST_RETRY), min(", ", LONGEST_PAUSE), min(", "the wait has an end", ACCEPTED),
        Mutant(", min(reply.pause, LONGEST_PAUSE))", ", reply.pause)", "no pause is endless", ACCEPTED),
        Mutant("<= now + LONGEST_PAUSE", "<= self.retry_time", "a wait outlasts no clock that goes back", ACCEPTED),
    ),
    "manual.py": (
        Mutant("state.around.held is not None", "False", "a hold keeps runs by hand back", BY_HAND),
        Mutant("state.taken() < limit", "True", "the limit holds by hand too", BY_HAND),
        Mutant("done=state.task.run_now", "done=key", "the nonce is remembered when it is done", BY_HAND),
        Mutant(" and not missing and not opened", "", "a nonce is done when all of it is launched", BY_HAND),
    ),
    "names.py": (
        Mutant("else _TASK_PART]", "else 52]", "a run's name is a label", RUN_NAMES),
        Mutant('.rstrip("-")', "", "a cut name ends in no hyphen", RUN_NAMES),
        Mutant("{task_uid[:8]}", "0", "tasks of one name in turn have different runs", RUN_NAMES),
    ),
    "overlap.py": (
        Mutant("max(0, overlap.limit", "max(1, overlap.limit", "no more runs are active than the limit says", OVERLAP),
        Mutant("rest[: overlap.queue_limit]", "rest", "no more fire times wait than queueLimit says", OVERLAP),
        Mutant("rest[-1:]", "rest[:1]", "under Replace the newest fire time waits", OVERLAP),
        Mutant("len(going) < limit", "len(going) <= limit", "Replace makes room when there is none", REPLACE),
        Mutant("lambda r: r.fire_time", "lambda r: -r.fire_time.timestamp()", "the oldest goes first", WAY),
    ),
    "placing.py": (
        Mutant("min(led_until, outage.end_time)", "led_until", "no outage begins after it ended", WHEN),
        Mutant("max(outage.start_time, min(", "min(outage.end_time, (", "what is accounted for was no outage", WHEN),
        Mutant("if flight.patient or (", "if (", "a patient launch is not given up", AT),
        Mutant("held is not None and not spec.is_once", "held and not spec", "a hold lets nothing start", HELD_DUE),
        Mutant("following > state.now:", "following:", "the next fire time ends the wait", CAPS),
        Mutant("for n in places.not_ready if", "for n in () if", "no run: NodeNotReady", EVERY_NODE),
        Mutant("if not places.ready and not places", "if not spec and not places", "no node: one NoNode", EVERY_NODE),
        Mutant(
            "in places.ready if (u := Timed(t, n)) not in",
            "in places.ready if (u := Timed(t, n)) !=",
            "once a node",
            EVERY_NODE,
        ),
        Mutant("taken[node], spec.overlap", "0, spec.overlap", "the limit holds on each node", EVERY_NODE),
        Mutant("queued})[-1:]", "queued})", "one run is the probe", PROBE),
        Mutant("if spec.too_late(t, state.now)}", "if not t}", "past its deadline it is missed", LATE),
        Mutant(
            "launch.lost(flights, [f.unit for f in sent]", "launch.lost(flights, ()", "sent and held: look", HELD_SENT
        ),
    ),
    "starts.py": (
        Mutant("if flight.late", "if flight.patient", "what makes up for an outage says so", STARTS),
        Mutant("None if flight.unit.node else allowed", "allowed", "on its node it needs no list", STARTS),
    ),
    "state.py": (
        Mutant("if f.takes_room and node in (None, f.", "if not f and node in (None, f.", "it takes room", DECIDE),
        Mutant("for f in self.flights.values() if f.takes_room)", "for f in ())", "so it does on a node", EVERY_NODE),
    ),
    "units.py": (
        Mutant(" if unit.node else text", " if not unit else text", "a node's unit has it in its name", RUN_NAMES),
        Mutant('f"d{slot}-{attempt}"', 'f"d{slot}-0"', "each attempt has its own name", JOBS),
    ),
}
