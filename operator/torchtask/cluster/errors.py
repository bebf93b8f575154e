"""The API server's errors, in our own words: it answered no, or it did not answer."""

import re

_DENIED = re.compile("denied (the )?request")  # by a ValidatingAdmissionPolicy, or (the) by a webhook


class ClusterError(Exception):
    """Something was asked of the API server and is not known to have been done. `retry_after`: in seconds, if told."""

    retry_after: float | None = None


def pause_after(error: Exception) -> float:
    """Return for how many seconds the API server wants to be left alone; 0 when it does not say so."""
    return (isinstance(error, ClusterError) and error.retry_after) or 0.0


class NoClusterError(Exception):
    """Nothing says where the API server is."""


class NoAnswerError(ClusterError):
    """No answer, or one that makes no sense: what was asked may have been done, or not."""


class TooLargeError(NoAnswerError):
    """The answer is larger than what is taken of one: whoever wants it asks for less at a time."""


class NotLeadingError(ClusterError):
    """Nothing was asked: another operator may be leading, and only the leader writes."""


class ApiError(ClusterError):
    """The API server answered no. `status` is HTTP's, `reason` Kubernetes'."""

    def __init__(self, status: int, reason: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message
        self.retry_after = retry_after

    @property
    def never(self) -> bool:
        """Whether asking again is in vain: the object itself is at fault (422, or a 400 that is a decoding error).

        Policies and webhooks deny with these too; they may change their mind.
        """
        if _DENIED.search(self.message):
            return False
        return self.status == 422 or (self.status == 400 and "decod" in self.message)

    @property
    def taken(self) -> bool:
        """Whether an object of that name is there: looked for last of all, once nothing was found against ours."""
        return self.status == 409 and self.reason == "AlreadyExists" and not _DENIED.search(self.message)

    @property
    def absent(self) -> bool:
        """Whether the object is not there. A server that has just started may not know its kind yet: no answer."""
        return self.status == 404 and self.reason == "NotFound"

    @property
    def elsewhere(self) -> bool:
        """Whether it is a webhook that failed: the server itself copes."""
        return self.status == 500 and "failed calling webhook" in self.message

    @property
    def passing(self) -> bool:
        """Whether the server, or what it knows of us, is at fault and not the request: overloaded, or broken.

        Policies and webhooks that deny may give any status; the server that says so copes.
        """
        return (self.status in {401, 429} or self.status >= 500) and not _DENIED.search(self.message)
