"""The one error that the lab's users see."""


class LabError(Exception):
    """What is missing or went wrong, in one sentence that says what to do about it."""
