"""Runs by hand that are refused, rejected or not answered: what was asked for is neither forgotten nor done twice."""

from dataclasses import replace

from tests.by_hand import FIRST, asked, sent, started
from torchtask.core.errors import SpecError
from torchtask.core.launch import Answer, Attempt, Launch, LookUp


def test_a_run_that_is_rejected_is_done_and_told() -> None:
    """Asking again for the same Job helps nobody; another nonce asks anew."""
    state = sent(asked()).heard(FIRST, Answer.REJECTED, "12:00:02", "spec.foo: unknown")
    ledger = state.decided("12:00:03").ledger

    assert ledger.last_run_now == "first"
    assert [(n.reason, n.message) for n in ledger.not_launched] == [("Rejected", "spec.foo: unknown")]
    assert (ledger.counts.manual, ledger.counts.due) == (0, 0)


def test_a_run_that_is_refused_is_tried_again() -> None:
    """403: quota may be free in a second, or in an hour."""
    state = sent(asked()).heard(FIRST, Answer.REFUSED, "12:00:02", "exceeded quota")

    assert state.decided("12:00:02.5").flights[FIRST].attempt is Attempt.REFUSED
    for time in ("12:00:03", "13:00:00"):
        assert started(state.decided(time)) == [FIRST]


def test_an_edit_leaves_the_run_that_was_asked_for() -> None:
    """Under another schedule its POST is repeated all the same; the edit is followed meanwhile."""
    state = sent(asked(), asking=False).edited("0 0 0 2 2 *").asking(run_now="first")
    decision = state.decided("12:00:02")

    assert decision.actions == (Launch(FIRST),)
    assert decision.ledger.generation == 2


def test_under_a_hold_what_was_sent_is_looked_up() -> None:
    """It may have a Job; if not, it waits for the end of the hold."""
    state = replace(sent(asked(), asking=False), held="moving")
    decision = state.decided("12:00:02")
    absent = state.after(decision).heard(FIRST, Answer.ABSENT, "12:00:02").decided("12:00:03")

    assert decision.actions == (LookUp(FIRST),)
    assert started(absent) == []
    assert absent.flights[FIRST].attempt is Attempt.WANTED


def test_what_waits_unsent_is_not_sent_from_a_template_that_is_refused() -> None:
    """It is asked for anew when the template is mended."""
    state = asked()
    state = state.after(state.decided("12:00:01")).asking(template_error="no such field")
    decision = state.decided("12:00:02")

    assert decision.flights == {}
    assert started(state.after(decision).asking(template_error=None).decided("12:00:03")) == [FIRST]


def test_a_run_without_an_answer_outlives_a_spec_that_is_not_understood() -> None:
    """It is looked up, since nobody knows what to send; without a Job it is asked for anew, when that is repaired."""
    state = sent(asked(), asking=False)
    broken = state.asking(spec=SpecError("spec.schedule", "is odd"), generation=2)
    decision = broken.decided("12:00:03")
    assert decision.actions == (LookUp(FIRST),)

    absent = broken.after(decision).heard(FIRST, Answer.ABSENT, "12:00:04")
    still_broken = absent.after(absent.decided("12:00:05"))
    assert not still_broken.flights
    assert still_broken.ledger is not None
    assert not still_broken.ledger.last_run_now

    repaired = still_broken.asking(spec=state.task.spec, generation=3)
    assert started(repaired.decided("12:00:06")) == [FIRST]
