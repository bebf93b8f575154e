"""Documents of others, read without ever raising: what is of another kind than it should be is as if it were not there.

For what is not ours to judge: the API server refuses rubbish, or wrote it itself.
"""

from typing import Any


def mapping(value: object) -> dict[str, Any]:
    """Return an object, or an empty one."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: object) -> str:
    """Return a text, or the empty one."""
    return value if isinstance(value, str) else ""
