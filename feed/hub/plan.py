"""What a cursor needs next: one pure decision, tested as a table."""

from enum import Enum

from feed.log.base import Bounds
from feed.model.cursor import Cursor


class Step(Enum):
    """How a subscriber goes on from its cursor. The last three begin with a reset."""

    WAIT = "wait"
    """Nothing is newer here. Also for a cursor beyond what this instance has read so far."""
    TAIL = "tail"
    """What is newer is all in memory."""
    REPLAY = "replay"
    """What is newer must be read from the log."""
    EXPIRED = "expired"
    """Older than the log holds."""
    EPOCH = "epoch"
    """Of another log."""
    AHEAD = "ahead"
    """Beyond the end of the log itself."""

    @property
    def is_reset(self) -> bool:
        """Whether what came after the cursor can no longer be told one by one."""
        return self in (Step.EXPIRED, Step.EPOCH, Step.AHEAD)


def plan(cursor: Cursor, log: Bounds, tail_first: int, head: int) -> Step:
    """The next step of a subscriber that comes with a cursor.

    `tail_first` is the oldest offset in memory, `head` the newest that this subscriber may see.
    With a delay the log may be trimmed beyond `head`: who comes from the future of that waits
    all the same, since a snapshot from before its cursor would tell it events twice.
    """
    if cursor.epoch != log.epoch:
        return Step.EPOCH
    if cursor.offset > log.head:
        return Step.AHEAD
    if cursor.offset < head and cursor.offset + 1 < log.first:
        return Step.EXPIRED
    return go_on(cursor.offset, tail_first, head)


def go_on(offset: int, tail_first: int, head: int) -> Step:
    """The next step from a place that the log is known to tell: WAIT, TAIL or REPLAY."""
    if offset >= head:
        return Step.WAIT
    if offset + 1 >= tail_first:
        return Step.TAIL
    return Step.REPLAY
