"""The pages of `docs/` as the tests read them: their tables, the YAML in them, and the names in their code."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

DOCS = Path(__file__).parents[1] / "docs"

Row = list[str]
Tables = dict[str, list[Row]]


def page(name: str) -> str:
    """Return the text of a page."""
    return (DOCS / name).read_text(encoding="utf-8")


def tables(text: str) -> Tables:
    """Return the rows of the tables, under their heading rows; tables with the same heading are one."""
    found: Tables = {}
    rows: list[Row] | None = None
    for line in text.splitlines():
        if not line.startswith("|"):
            rows = None
            continue
        cells = [cell.strip() for cell in line[1:].rstrip().removesuffix("|").split("|")]
        if rows is None:
            rows = found.setdefault(" | ".join(cells), [])
        elif set(cells) != {"---"}:
            rows.append(cells)
    return found


def documents(text: str) -> Iterator[dict[str, Any]]:
    """Yield what stands in the YAML blocks."""
    for block in re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        yield from yaml.safe_load_all(block)


def codes(text: str) -> list[str]:
    """Return what is set as code in a line of text, or in a table's cell."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))


def expanded(path: str) -> Iterator[str]:
    """Yield `a.b` and `a.c` for `a.{b,c}`, as a shell does."""
    parts = re.split(r"\{([^}]*)\}", path)
    choices = [part.split(",") if number % 2 else [part] for number, part in enumerate(parts)]
    return ("".join(chosen) for chosen in itertools.product(*choices))


def field(text: str) -> dict[str, Any]:
    """Read a cell that holds a part of a spec, as code."""
    (code,) = codes(text)
    value: dict[str, Any] = yaml.safe_load(code)
    return value
