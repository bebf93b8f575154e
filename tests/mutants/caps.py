"""The mutants of what keeps launches of all tasks back: the caps, the launch rate and the hold."""

from tests.mutants.mutant import Mutant, Mutants

CAPS = "unit/core/test_admission.py"
HELD = "unit/core/test_hold.py"
SHARES = "unit/core/test_caps.py"
RATE = "unit/core/test_rate.py"

LIMITS: Mutants = {
    "admission.py": (
        Mutant("self._turns[namespace], namespace)", "0, namespace)", "namespaces take turns", CAPS),
        Mutant("(-place.want.priority, ", "(place.want.priority, ", "within a namespace priority goes first", CAPS),
        Mutant(
            "if self._stopped_in(namespace) is None:  #", "if True:  #", "a share is asked for at each launch", CAPS
        ),
        Mutant("self.drop(want.task, want.unit)", "", "a unit waits once", CAPS),
        Mutant("while not self.heap[0][-1].wanted", "while False", "what was dropped is not admitted", CAPS),
    ),
    "caps.py": (
        Mutant("self._places -= 1", "self._places -= 0", "what was admitted has no Pod", CAPS),
        Mutant("return namespace in self._held", "return False", "a namespace that is held waits", CAPS),
        Mutant("return own > 0 and ", "return False and ", "one namespace stops no other", SHARES),
        Mutant("own * FEW)", "self._last)", "who has few gets more of the last quarter", SHARES),
        Mutant("min(self._last, ", "min(self._places, ", "a namespace alone gets three quarters", SHARES),
    ),
    "hold.py": (
        Mutant("not names or not all(", "not all(", "a hold that names nobody holds all", HELD),
        Mutant(" or not all(map(is_namespace, names))", "", "a hold in doubt holds all", HELD),
    ),
    "rate.py": (
        Mutant("(now + WINDOW, namespace)", "(now, namespace)", "a slot is free a second after the answer", RATE),
        Mutant("self._total >= self._most", "self._total > self._most", "no second has more than its most", RATE),
    ),
}
