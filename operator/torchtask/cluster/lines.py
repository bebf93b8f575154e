"""The body of a watch, line by line.

Law: no line fills the memory, whatever the server sends.
"""

from collections.abc import AsyncIterable, AsyncIterator

from torchtask.cluster.errors import TooLargeError

MOST_BYTES = 16 * 2**20  # of one event, or of one answer: objects are as large as their users make them


async def lines(chunks: AsyncIterable[bytes], request: str) -> AsyncIterator[bytes]:
    """Yield each line with its end as it comes, and what is left when there are no more chunks.

    Raises `TooLargeError`, which names `request`, for a line that does not end.
    """
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line + b"\n"
        if len(rest) > MOST_BYTES:
            raise TooLargeError(f"{request}: a line that does not end")
    yield rest
