"""The shape of the repository: what would break others if it slipped in unseen."""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "operator"


def test_the_source_root_is_no_package() -> None:
    """`operator/__init__.py` would shadow the standard library's `operator` for whoever runs Python in the root."""
    assert not (SOURCE / "__init__.py").exists()


def test_the_source_root_holds_only_the_package() -> None:
    """Anything else there would be importable by a name that nobody expects."""
    assert [p.name for p in SOURCE.iterdir() if p.name != "__pycache__"] == ["torchtask"]


def test_no_module_is_named_like_one_of_the_standard_library() -> None:
    """A path that comes to stand first on `sys.path` must not turn our module into somebody's `signal` or `queue`."""
    modules = [p for p in SOURCE.rglob("*.py") if p.stem not in {"__init__", "__main__"}]
    packages = [p.parent for p in SOURCE.rglob("__init__.py")]
    assert [p for p in modules + packages if p.stem in sys.stdlib_module_names] == []


def test_no_file_is_too_long_to_read_in_one_sitting() -> None:
    """250 lines is the guide; a longer file wants to be two."""
    folders = [p for p in ROOT.iterdir() if p.is_dir() and not p.name.startswith(".")]
    files = [p for folder in folders for p in folder.rglob("*.py")]

    assert {folder.name for folder in folders} >= {"operator", "lab", "bench", "tests"}
    assert [str(p) for p in files if len(p.read_text(encoding="utf-8").splitlines()) > 250] == []


def test_the_oracle_shares_no_code_with_the_operator() -> None:
    """Who judges the operator, and who witnesses for it, would share its mistakes."""
    read = _imported("tests.faults.oracle", "tests.faults.gathering")

    assert read >= {"tests.faults.reasons", "tests.faults.witness", "tests.faults.wall", "lab"}
    assert sorted(name for name in read if name.partition(".")[0] == "torchtask") == []


def _imported(*modules: str) -> set[str]:
    """Name all modules that some need, and what these need, as far as they are ours."""
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        path = ROOT.joinpath(*name.split("."))
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if name not in found:
            found.add(name)
            waiting += _imports(file) if file.exists() else []
    return found


def _imports(file: Path) -> list[str]:
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    froms = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in froms if node.module]
    return names + [f"{node.module}.{alias.name}" for node in froms for alias in node.names]
