"""What every test shares: the Hypothesis profiles, and that none leaves anything running."""

import os
import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("default", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", parent=settings.get_profile("default"), max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    """What a test leaves running would happen during another: kopf's jitter, say, in the middle of a property."""
    before = set(threading.enumerate())
    yield
    left = [thread.name for thread in threading.enumerate() if thread not in before and _goes_on(thread)]
    assert not left, f"still running after the test: {', '.join(left)}"


def _goes_on(thread: threading.Thread) -> bool:
    """Tell whether a thread goes on; one that is about to end is given the time."""
    thread.join(5)
    return thread.is_alive()
