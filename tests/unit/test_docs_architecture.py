"""`docs/architecture.md` says of every module what it is for."""

import pytest

from tests.chart import ROOT
from tests.pages import codes, page, tables

TABLES = tables(page("architecture.md"))


@pytest.mark.parametrize(("package", "does"), [("core", "decides"), ("engine", "does")])
def test_every_module_is_on_the_page(package: str, does: str) -> None:
    """And no other: whoever looks for a place finds all there are."""
    folder = ROOT / "operator" / "torchtask" / package
    rows = TABLES[f"module of `{package}/` | what it {does}"]
    named = [name.removesuffix("/") for row in rows for name in codes(row[0])]
    described = {"schedule"} if package == "core" else set()  # among the folders

    found = {path.stem for path in folder.glob("*.py")} | {path.name for path in folder.iterdir() if path.is_dir()}
    assert sorted(named) == sorted(found - {"__init__", "__pycache__"} - described)
