"""The chart as the tests read it without Helm: its values, and the settings that they become."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
CHART = ROOT / "charts" / "torchtask"


def values() -> dict[str, Any]:
    """Return the chart's values as they are shipped."""
    shipped: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    return shipped


def rules(template: str) -> list[dict[str, Any]]:
    """Return the rules of the roles in a template, in their order."""
    text = (CHART / "templates" / template).read_text(encoding="utf-8")
    plain = "".join(line for line in text.splitlines(keepends=True) if "{{" not in line)
    return [rule for document in yaml.safe_load_all(plain) for rule in document.get("rules", ())]


def variables() -> dict[str, str]:
    """Name the value that each of the operator's settings is given, where that is a number."""
    template = (CHART / "templates" / "deployment.yaml").read_text(encoding="utf-8")
    found = re.findall(r"- name: (TORCHTASK_\w+)\n +value: {{ int \.(\w*) \| quote }}", template)
    return {variable: f"limits.{name}" if name else "defaultTimeoutSeconds" for variable, name in found}
