"""The API server's errors, in our own words: it answered no, or it did not answer."""


class ClusterError(Exception):
    """Something was asked of the API server and is not known to have been done."""


class NoClusterError(Exception):
    """Nothing says where the API server is."""


class NoAnswerError(ClusterError):
    """No answer, or one that makes no sense: what was asked may have been done, or not."""


class ApiError(ClusterError):
    """The API server answered no. `status` is HTTP's, `reason` Kubernetes'; `retry_after` is in seconds."""

    def __init__(self, status: int, reason: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message
        self.retry_after = retry_after

    @property
    def never(self) -> bool:
        """Whether asking again is in vain: the object itself is at fault (422, or a 400 that is a decoding error).

        Webhooks deny with 400 too; those may change their mind.
        """
        return self.status == 422 or (self.status == 400 and "decod" in self.message)

    @property
    def passing(self) -> bool:
        """Whether the server, not the request, is at fault: overloaded, or broken."""
        return self.status == 429 or self.status >= 500
