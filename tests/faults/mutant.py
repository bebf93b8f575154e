"""`python -m tests.faults.mutant NAME`: run the operator with a deliberate bug, made in one line while it is imported.

A bug whose line is no longer there ends the process at once, and says so.
"""

import runpy
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from tests.faults.mutants import MUTANTS, Mutant


class _Loader(SourceFileLoader):
    """Loads a module with a bug in it, and never from a compiled file."""

    def __init__(self, name: str, path: str, mutant: Mutant) -> None:
        super().__init__(name, path)
        self._mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        """Compile what the bug makes of the source."""
        path = self.get_filename(fullname)
        return compile(self._mutant.made_in(Path(path).read_text(encoding="utf-8")), path, "exec")


class _Finder(MetaPathFinder):
    """Finds the module that has the bug, before anybody else does."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find it; None: it is another module."""
        if fullname != self._mutant.module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        assert spec is not None, f"stale mutant: there is no {fullname}"
        assert spec.origin is not None, f"stale mutant: {fullname} has no source"
        spec.loader = _Loader(fullname, spec.origin, self._mutant)
        return spec


def load(mutant: Mutant) -> None:
    """Have the module of a mutant imported with its bug; it must not have been imported yet."""
    assert mutant.module not in sys.modules, f"{mutant.module} was imported already"
    sys.meta_path.insert(0, _Finder(mutant))


if __name__ == "__main__":
    load(MUTANTS[sys.argv[1]])
    del sys.argv[1]
    runpy.run_module("torchtask", run_name="__main__", alter_sys=True)
