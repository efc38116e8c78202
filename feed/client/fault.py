"""What a client can be told, or find out, that ends or breaks what it does."""

import os

import aiohttp

from feed.errors import FeedError


class ServerFault(FeedError):
    """The server broke the protocol: a version is missing, or a frame is none."""


class Ended(FeedError):
    """The server is done with this client, or cannot serve it; coming back would not help."""


class NoAnswer(FeedError):
    """The server could not be reached, or cannot do it now; it may be tried again.

    `after_s`: how long it asked to be left alone.
    """

    def __init__(self, message: str, after_s: float = 0) -> None:
        super().__init__(message)
        self.after_s = after_s


class Problem(FeedError):
    """The server refused a request (RFC 9457); one line for each thing that is wrong.

    `index`: which change of several the state does not allow, where that is all that is wrong.
    """

    def __init__(self, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


def no_answer(error: Exception) -> NoAnswer:
    """An error of the connection, in words that a person can use."""
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno or 0  # not above 0 where a name could not be resolved
        return NoAnswer(os.strerror(number) if number > 0 else str(error.os_error.strerror))
    if isinstance(error, TimeoutError):
        return NoAnswer("no answer in time")
    return NoAnswer(str(error) or type(error).__name__)


def refused_for_now(status: int, retry_after: str | None) -> NoAnswer:
    """A status that another try may turn into a good one, with its `Retry-After` in seconds."""
    after_s = float(retry_after) if retry_after and retry_after.isdecimal() else 0
    return NoAnswer(f"the server answers {status}", after_s)
