"""What a mutant is: a bug that is made on purpose, to see that a test catches it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """In one line of a module `old` becomes `new`, and `promise` holds no more.

    `caught_by` is the test file, or the one test in it, that must fail then; its path begins in `tests/`.
    """

    old: str
    new: str
    promise: str
    caught_by: str

    def made_in(self, source: str) -> str:
        """Return a module's text with the bug in it; raises AssertionError when the line is not there any more."""
        found = source.count(self.old)
        assert found == 1, f"stale mutant: {self.old!r} stands in its module {found} times, and not once"
        assert "\n" not in self.old + self.new, f"{self.old!r} is more than a line"
        return source.replace(self.old, self.new)


Mutants = dict[str, tuple[Mutant, ...]]
"""Mutants by their module's path in `torchtask/core`."""
