"""What can go wrong, as one tree.

FeedError
├── SettingsError       the configuration is wrong; the start stops with one line
├── BadInput            something from outside is wrong; carries where
│   ├── BadTopic
│   ├── BadCursor
│   └── Faulty          one fault or more, each with its path
│       ├── BadQuery    of a query string or a command
│       ├── Forbidden   topics that are not this subscriber's
│       └── BadChange   of a change
│           └── TooManyTopics  it would create one that the log has no room for
├── Refused             a change that the current state does not allow
│   ├── VersionDiffers  `if_v` is not the item's version
│   ├── EventExists     `add` of an id in use
│   ├── EventUnknown    `amend` or `void` of an id that the log does not hold
│   ├── TopicUnknown    `gone` of a topic that is not there
│   ├── NotToUndo       what was done is undone already, or overtaken by something newer
│   └── KeyReused       an idempotency key came again with another body
├── Conflict            a batch was planned on an older state: plan it again
├── LogUnavailable      the log cannot promise durability now
│   ├── LogAway         its server does not answer: it may have done what it was told
│   ├── LogReplaced     its epoch has ended: what was read of it may not be so any longer
│   ├── LogLost         its file is corrupt, or holds less than was acknowledged: the process ends
│   └── Fenced          a source's change, after another instance has begun to lead
├── LogTrimmed          what was asked for is older than what the log holds
└── LogInUse            another process owns the file
"""

from collections.abc import Sequence
from typing import NamedTuple


class FeedError(Exception):
    """Base of all errors that Feed raises on purpose."""


class SettingsError(FeedError):
    """Settings are unknown or have bad values; the message is one line that names the first.

    `mistakes`: a line for each.
    """

    def __init__(self, *mistakes: str) -> None:
        first, *more = mistakes
        tail = f" (and {len(more)} more; `python -m feed check` says all)" if more else ""
        super().__init__(first + tail)
        self.mistakes = mistakes


class BadInput(FeedError):
    """Something from outside is wrong; the message may be shown to who sent it."""

    code = "bad_input"


class BadTopic(BadInput):
    """A topic or filter is not of the form that protocol section 1 gives."""

    code = "bad_topic"


class BadCursor(BadInput):
    """A cursor that no server of this protocol can have written."""

    code = "bad_cursor"


class Fault(NamedTuple):
    """One thing wrong: `path` in JSONPath (`$[0].set.price`), `message` a short sentence."""

    path: str
    message: str


class Faulty(BadInput):
    """One thing wrong or more, each with its place."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.path}: {fault.message}" for fault in faults))
        self.faults = tuple(faults)


class BadQuery(Faulty):
    """A query string, or the members of a command, that no door can serve."""

    def __init__(self, faults: Sequence[Fault], code: str = "bad_option") -> None:
        super().__init__(faults)
        self.code = code


class Forbidden(Faulty):
    """Topics that a subscriber's token does not name."""

    code = "forbidden"


class BadChange(Faulty):
    """A change, or a batch of them, that must not reach the log."""

    code = "invalid"


class TooManyTopics(BadChange):
    """A change of a topic that there is not, where there are as many as there may be."""

    code = "topics_full"


class Refused(FeedError):
    """The current state does not allow the change; `index` is its place in the batch."""

    code = "refused"

    def __init__(self, message: str, index: int = 0) -> None:
        super().__init__(message)
        self.index = index


class VersionDiffers(Refused):
    """`if_v` named another version than the current one, which is `v`."""

    code = "version_differs"

    def __init__(self, topic: str, v: int, index: int = 0) -> None:
        super().__init__(f"{topic} is at version {v}", index)
        self.v = v


class EventExists(Refused):
    """`add` of an event id that the log already holds for the topic."""

    code = "event_exists"


class EventUnknown(Refused):
    """`amend` or `void` of an event id that the log does not hold for the topic."""

    code = "event_unknown"


class TopicUnknown(Refused):
    """`gone` of a topic that does not exist."""

    code = "topic_unknown"


class NotToUndo(Refused):
    """What an admin did cannot be taken back any more."""

    code = "not_to_undo"


class KeyReused(Refused):
    """An idempotency key came again with another body."""

    code = "key_reused"


class Conflict(FeedError):
    """A batch was planned on a state that is no longer current; plan it again and retry."""


class LogUnavailable(FeedError):
    """The log is out of reach or cannot write."""


class LogAway(LogUnavailable):
    """The server that keeps the log does not answer; it may come back by itself."""


class LogReplaced(LogUnavailable):
    """The log has to be opened anew, mostly since it begins again under another epoch."""


class LogLost(LogUnavailable):
    """The log's file is corrupt or does not hold what was acknowledged: nothing may go on here."""


class Fenced(LogUnavailable):
    """Another instance runs the sources by now; the batch was not appended."""


class LogTrimmed(FeedError):
    """Entries after the offset asked for are no longer held; only a snapshot can help."""


class LogInUse(FeedError):
    """Another process owns this log."""
