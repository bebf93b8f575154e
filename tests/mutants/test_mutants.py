"""The tests catch bugs: each mutant of the tables beside this file is made in a copy of the package, and is caught.

Caught means that a test failed: a copy that cannot be imported, or makes the tests hang, shows nothing.
"""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.mutants.accounts import ACCOUNTS
from tests.mutants.caps import LIMITS
from tests.mutants.decisions import DECISIONS
from tests.mutants.documents import DOCUMENTS
from tests.mutants.mutant import Mutant
from tests.mutants.schedule import SCHEDULE
from tests.mutants.tellings import TELLINGS

pytestmark = pytest.mark.mutants

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "operator"
CORE = Path("torchtask", "core")
Case = tuple[str, Mutant]  # a module and one of its mutants
Report = subprocess.CompletedProcess[str]
Reports = Mapping[Case, Future[Report]]

TABLES = (SCHEDULE, DECISIONS, ACCOUNTS, LIMITS, DOCUMENTS, TELLINGS)
MUTANTS: list[Case] = [(module, mutant) for table in TABLES for module, mutants in table.items() for mutant in mutants]
AT_ONCE = 2  # each keeps a processor busy
PATIENCE = 120  # seconds, for what takes a few even on a busy machine


def _copied(folder: Path) -> Path:
    """Copy the source root; compiled files stay behind, so that none stands for a file that is changed."""
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def _tested(source: Path, tests: Iterable[str]) -> Report:
    """Run tests on the package in `source`, which our own settings would else put after the one here."""
    options = ["-x", "-q", "-p", "no:cacheprovider", "-o", f"pythonpath=. {source}"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *(f"tests/{test}" for test in tests)],
        cwd=ROOT,
        env={"PYTHONPATH": str(source), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=PATIENCE,
    )


def _tried(module: str, mutant: Mutant, folder: Path) -> Report:
    """Make a mutant in a copy, and run the test on it that is to catch it."""
    copy = _copied(folder)
    file = copy / CORE / module
    file.write_text(mutant.made_in(file.read_text(encoding="utf-8")), encoding="utf-8")
    try:
        return _tested(copy, [mutant.caught_by])
    finally:
        shutil.rmtree(copy)


@pytest.fixture(scope="module")
def reports(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reports]:
    """Begin with every mutant that this test run is about, some at once; each test waits for its own."""
    folder = tmp_path_factory.mktemp("copies")
    items = [i for i in request.session.items if isinstance(i, pytest.Function) and "reports" in i.fixturenames]
    asked = [item.callspec.params["case"] for item in items]
    cases = [case for case in MUTANTS if case in asked]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {case: pool.submit(_tried, *case, folder / str(number)) for number, case in enumerate(cases)}
        pool.shutdown(cancel_futures=True)


def _holds_logic(file: Path) -> bool:
    """Tell whether a module defines a function; one that does not is data, or gathers names."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef) for node in ast.walk(tree))


def test_every_module_of_the_core_that_holds_logic_has_a_mutant() -> None:
    """A module that is added brings its own."""
    core = SOURCE / CORE
    modules = {file.relative_to(core).as_posix() for file in core.rglob("*.py") if _holds_logic(file)}

    assert modules == {module for module, _ in MUTANTS}


@pytest.mark.parametrize("case", MUTANTS, ids=lambda case: f"{case[0]}: {case[1].promise}")
def test_a_mutant_is_caught(case: Case, reports: Reports) -> None:
    """The test that is named fails when the promise does not hold."""
    report = reports[case].result()

    assert report.returncode == pytest.ExitCode.TESTS_FAILED, report.stdout


def test_a_copy_without_a_mutant_passes(tmp_path: Path) -> None:
    """So it is the bug that makes the tests fail, and not that they run on a copy."""
    tests = dict.fromkeys(mutant.caught_by for _, mutant in MUTANTS)
    report = _tested(_copied(tmp_path / "operator"), tests)

    assert report.returncode == pytest.ExitCode.OK, report.stdout
