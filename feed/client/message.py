"""What a stream says, one after another: frames, and how the connection is."""

from typing import NamedTuple, TypeAlias

from feed.client.frame import Frame
from feed.client.reader import News


class Heard(NamedTuple):
    """One frame: as it came, read (None: of a type that is not known), and what it told."""

    text: str
    frame: Frame | None
    news: News


class Stood(NamedTuple):
    """Items as they are at a place after the reader's, which knew none that it could build upon."""

    news: News


class Live(NamedTuple):
    """From here on the state is current. `resumed`: nothing was missed since the last frame."""

    resumed: bool
    transport: str


class Faulty(NamedTuple):
    """What the server told cannot be right: what follows the last frame begins with a snapshot."""

    why: str


class Waiting(NamedTuple):
    """There is no connection because of `why`; the next try is in `delay_s`, by `transport`."""

    delay_s: float
    why: str
    transport: str


Message: TypeAlias = Heard | Stood | Live | Faulty | Waiting
