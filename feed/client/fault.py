"""What a client can be told, or find out, that ends or breaks what it does."""

import os

import aiohttp
import msgspec

from feed.errors import FeedError


class ServerFault(FeedError):
    """The server broke the protocol: a version is missing, or a frame is none."""


class Ended(FeedError):
    """The server is done with this client, or cannot serve it; coming back would not help."""


class Lost(FeedError):
    """A connection is over, or did not come about; another one may fare better."""


class NoAnswer(Lost):
    """The server could not be reached, or cannot do it now; it may be tried again.

    `after_s`: how long it asked to be left alone. `is_foreign`: something before the feed said so,
    which another transport may get past.
    """

    def __init__(self, message: str, after_s: float = 0, *, is_foreign: bool = False) -> None:
        super().__init__(message)
        self.after_s = after_s
        self.is_foreign = is_foreign


class Cut(Lost):
    """What was reached broke off, or took its leave."""


class Blocked(Lost):
    """A transport does not come through to a server that others may reach.

    `is_refusal`: it was told so, with a status that is final where the feed itself gives it.
    """

    def __init__(self, message: str, *, is_refusal: bool = False) -> None:
        super().__init__(message)
        self.is_refusal = is_refusal


class Problem(FeedError):
    """The server refused a request (RFC 9457); one line for each thing that is wrong.

    `index`: which change of several the state does not allow, where that is all that is wrong.
    """

    def __init__(self, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


class _Fault(msgspec.Struct, frozen=True):
    path: str
    message: str


class _Problem(msgspec.Struct, frozen=True):
    detail: str
    errors: tuple[_Fault, ...] = ()
    index: int | None = None


def read_problem(text: bytes) -> Problem | None:
    """What the body of a refusal says, the path of each fault first; None where it says nothing."""
    try:
        problem = msgspec.json.decode(text, type=_Problem)
    except msgspec.MsgspecError:
        return None
    if problem.errors:
        return Problem("\n".join(f"{fault.path}: {fault.message}" for fault in problem.errors))
    if problem.index is None:
        return Problem(problem.detail)
    return Problem(f"$[{problem.index}]: {problem.detail}", problem.index)


def no_answer(error: Exception) -> NoAnswer:
    """An error of the connection, in words that a person can use."""
    if isinstance(error, TimeoutError):
        return NoAnswer("no answer in time")
    if isinstance(error, aiohttp.ClientSSLError):  # has no number
        return NoAnswer(str(error))
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno or 0  # not above 0 where a name could not be resolved
        return NoAnswer(os.strerror(number) if number > 0 else str(error.os_error.strerror))
    return NoAnswer(str(error) or type(error).__name__)


def refused_for_now(status: int, retry_after: str | None, *, is_foreign: bool = False) -> NoAnswer:
    """A status that another try may turn into a good one, with its `Retry-After` in seconds."""
    after_s = float(retry_after) if retry_after and retry_after.isdecimal() else 0
    return NoAnswer(f"the server answers {status}", after_s, is_foreign=is_foreign)
