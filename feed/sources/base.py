"""What every source is: something that is asked at an interval and answers with changes."""

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import ClassVar, Protocol, TypeAlias, runtime_checkable

import msgspec

from feed.errors import Fault, FeedError, SettingsError
from feed.model.change import Change
from feed.model.codec import JsonObject
from feed.sources.market import Market
from feed.sources.policy import Policy, Trust

Current: TypeAlias = Callable[[str], JsonObject | None]
"""The current state of a topic in the log, None where there is none. Never changed in place."""

Watched: TypeAlias = Callable[[str], bool]
"""Whether somebody follows a topic now. Cheap: asked for each topic at each poll."""

Claim: TypeAlias = Callable[[str], Awaitable[bool]]
"""Takes a name for a day or longer, whoever asks and over restarts; whether it was free until now.

Raises LogUnavailable.
"""

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_DAY_S = 86_400
_STALE_S = 7 * _DAY_S


class SourceFailed(FeedError):
    """A tick could not be made, or not wholly; the message says why. The next one is tried later.

    `retry_after_s`: not before so long. `changes`: what could be had all the same, to be published.
    `topics`: those that could not; None: all that `changes` do not name.
    """

    def __init__(
        self,
        message: str,
        retry_after_s: float | None = None,
        changes: Sequence[Change] = (),
        topics: Sequence[str] | None = None,
    ) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.changes = tuple(changes)
        self.topics = topics


class Unwelcome(SourceFailed):
    """The other side asks to be left alone for a while: whatever else it could be asked, waits."""


class PartlyFailed(SourceFailed):
    """Some of what was asked for could not be had, or made no sense: `faults`, how many.

    The rest is `changes`. It is no reason to ask for that less often.
    """

    def __init__(
        self,
        message: str,
        faults: int,
        changes: Sequence[Change],
        topics: Sequence[str] | None = None,
    ) -> None:
        super().__init__(message, changes=changes, topics=topics)
        self.faults = faults


class SourceUnknown(FeedError):
    """No source of that name runs here."""


class Poll(msgspec.Struct, frozen=True):
    """What came of asking a source once, at `at_ms`: what it said, and why that is not all.

    `failed`: the topics that `failure` is about; None: all that `changes` do not name.
    """

    source: str
    at_ms: int
    changes: Sequence[Change] = ()
    failure: str | None = None
    failed: Sequence[str] | None = None


def as_before(topic: str) -> Change:
    """What a source says of a topic of which it said the same when it was last asked."""
    return Change(topic=topic, patch={})


class Config(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"
):
    """What the settings of every source share. `name` is unique; `every_s`: from poll to poll.

    `stale_after_s`: the silence after which its items are stale; `market`: when they trade, always
    unless given.
    """

    trust: ClassVar[Trust] = "checked"

    name: str
    every_s: float = 1.0
    stale_after_s: float | None = None
    market: Market | None = None

    @property
    def type_name(self) -> str:
        """The word that `type` has in the settings."""
        return str(self.__struct_config__.tag)

    def wrong(self, field: str, message: str) -> SettingsError:
        """The error that names a field of this source."""
        return SettingsError(f"[source.{self.name}].{field}: {message}")

    def check(self) -> None:
        """Raise SettingsError where a value cannot be, though its type is right."""
        for fault in self.faults():
            raise self.wrong(*fault)

    def faults(self) -> Iterator[Fault]:
        """Every value that cannot be, though its type is right, by its field."""
        if not _NAME.fullmatch(self.name):
            yield Fault("name", "expected 1 to 64 characters of A-Z a-z 0-9 . _ -")
        if not 0 < self.every_s <= _DAY_S:
            yield Fault("every_s", f"expected more than 0 and at most {_DAY_S} seconds")
        if self.stale_after_s is not None and not self.every_s < self.stale_after_s <= _STALE_S:
            yield Fault("stale_after_s", f"expected more than every_s and at most {_STALE_S}")
        if self.trust == "recorded":
            for field in ("stale_after_s", "market"):
                if getattr(self, field) is not None:
                    yield Fault(field, f"means nothing for {self.type_name}")
        if self.market is not None:
            for field, message in self.market.faults():
                yield Fault(f"market.{field}", message)

    @property
    def policy(self) -> Policy:
        """How far the source is believed."""
        return Policy(
            name=self.name,
            trust=self.trust,
            every_s=self.every_s,
            stale_after_s=self.stale_after_s,
            market=self.market,
        )


class Source(Protocol):
    """A generator, a poller or a replay. One job of the scheduler calls `poll` every `every_s`.

    `kind` is the word that `type` has in the settings.
    """

    name: str
    kind: str
    every_s: float

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to come; the job is then taken away."""
        ...

    def resume(self, current: Current) -> None:
        """Go on from what the log holds, not from the start. Called once, before the first poll."""
        ...

    async def poll(self, now_ms: int) -> Sequence[Change]:
        """What is new at `now_ms`, in order. Raises SourceFailed. Safe to cancel between polls.

        A change that would leave an item as it is may be given: it is not appended, and says that
        the item is still so. `as_before` says it for short.
        """
        ...

    async def aclose(self) -> None:
        """Let go of connections and files."""
        ...


@runtime_checkable
class Polled(Protocol):
    """What a source can do besides, whose other side limits how often it may be asked."""

    def limit(self, watched: Watched, claim: Claim) -> None:
        """Ask by what is watched, and keep the quota by claims. Called before the first poll."""
        ...

    def hurry(self) -> None:
        """Ask at the next poll, though it may not be time yet; the quota is kept all the same."""
        ...

    def quota_left(self, now_ms: int) -> int | None:
        """How many requests may still be made now; None where nothing limits them."""
        ...
