"""The mutants of what keeps launches of all tasks back: the caps, the launch rate and the hold."""

from tests.mutants.mutant import Mutant, Mutants

CAPS = "unit/core/test_admission.py"
HELD = "unit/core/test_hold.py"
RATE = "unit/core/test_rate.py"

LIMITS: Mutants = {
    "admission.py": (
        Mutant("self._turns[namespace], namespace)", "0, namespace)", "namespaces take turns", CAPS),
        Mutant("(-place.want.priority, ", "(place.want.priority, ", "within a namespace priority goes first", CAPS),
        Mutant("self._without_pod += 1", "self._without_pod += 0", "what was admitted has no Pod", CAPS),
        Mutant("return namespace in self._held", "return False", "a namespace that is held waits", CAPS),
        Mutant("self.drop(want.task, want.unit)", "", "a unit waits once", CAPS),
        Mutant("while not self.heap[0][-1].wanted", "while False", "what was dropped is not admitted", CAPS),
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
