"""A clock for those that ask for one."""

import pytest

from tests.edge.replicas import Clock
from torchtask import clock


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Put the operator's clock into our hands."""
    ours = Clock()
    monkeypatch.setattr(clock, "boottime", ours.boottime)
    return ours
