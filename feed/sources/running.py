"""One source at work: it is asked, what it says is published, and how that went is remembered."""

import random
from asyncio import CancelledError
from collections.abc import Awaitable, Callable
from typing import Literal, TypeAlias

import msgspec

from feed.clock import Clock
from feed.errors import FeedError, LogUnavailable
from feed.sources.backoff import BACKOFF_S, backoff_s
from feed.sources.base import PartlyFailed, Poll, Polled, Source, SourceFailed
from feed.sources.condition import Condition

Publish: TypeAlias = Callable[[Poll], Awaitable[int]]
"""Appends what came of a poll; how many changes that were. Raises LogUnavailable."""

_LOG_BACKOFF_S = 5.0  # the longest silence where only the log fails: it is nobody else's server


class Status(msgspec.Struct, frozen=True):
    """How a source does. Times in milliseconds; `changes` counts what was appended.

    `refused`: elements of answers that made no sense, and parts that could not be had while others
    could. `quota_left`: requests that may still be made now; None: nothing limits them.
    `last_success`: the end of the newest run that had an answer, if only in part.
    """

    name: str
    kind: str
    state: Literal["running", "paused", "failing", "ended"]
    last_run: int | None
    last_change: int | None
    last_error: str | None
    runs: int
    changes: int
    errors: int
    missed: int
    next_run: int | None
    refused: int = 0
    quota_left: int | None = None
    last_success: int | None = None


class Running:
    """A source and its record. `paused` is said by the schedule.

    What the log could not take is kept, and published before the source is asked again.
    """

    def __init__(
        self, source: Source, publish: Publish, clock: Clock, chance: random.Random
    ) -> None:
        self.source = source
        self.paused = False
        self._publish = publish
        self._clock = clock
        self._chance = chance
        self._kept: Poll | None = None
        self._failures = 0  # in a row
        self._condition = Condition(source.name)
        self._refused = 0
        self._last_run: int | None = None
        self._last_change: int | None = None
        self._last_success: int | None = None
        self._last_error: str | None = None
        self._runs = self._changes = self._errors = self._missed = 0

    @property
    def ended(self) -> bool:
        """Whether the source has nothing more, and the log has all of it."""
        return self.source.ended and self._kept is None

    async def tick(self) -> float | None:
        """Ask once. After how many seconds to ask again; None: as planned."""
        self._last_run = self._clock.now_ms()
        self._runs += 1
        failure: FeedError | None = None
        try:
            await self._publish_kept()
            try:
                if not self.source.ended:
                    changes = await self.source.poll(self._last_run)
                    self._kept = Poll(self.source.name, self._last_run, changes)
            except SourceFailed as failed:
                failure = failed
                self._kept = Poll(
                    self.source.name,
                    self._last_run,
                    failed.changes,
                    _in_words(failed),
                    failed.topics,
                )
            await self._publish_kept()
        except LogUnavailable as unavailable:
            failure = unavailable
        if isinstance(failure, PartlyFailed):
            self._refused += failure.faults
            self._last_error = str(failure)
        elif failure is not None:
            return self.fail(failure)
        self._failures = 0
        self._last_success = self._clock.now_ms()
        self._condition.becomes("partly" if failure else "well", str(failure), self._last_run)
        return None

    def fail(self, error: BaseException) -> float:
        """Note a failure; after how many seconds to try again: a period at the least."""
        self._errors += 1
        self._last_error = _in_words(error)
        self._condition.becomes("failing", self._last_error, self._clock.now_ms())
        self._failures += 1
        longest_s = _LOG_BACKOFF_S if isinstance(error, LogUnavailable) else BACKOFF_S
        period_s = self.source.every_s
        silence_s = backoff_s(self._failures, self._chance, period_s, longest_s)
        retry_after_s = error.retry_after_s if isinstance(error, SourceFailed) else None
        return max(silence_s, period_s, retry_after_s or 0.0)

    def hurry(self) -> None:
        """Have the next tick ask, though its source may think that it is not time yet."""
        if isinstance(self.source, Polled):
            self.source.hurry()

    def miss(self) -> None:
        """Note that it was not asked in time: the machine was late, or the last tick still ran."""
        self._missed += 1

    def status(self, next_run_ms: int | None) -> Status:
        """How it does now."""
        return Status(
            name=self.source.name,
            kind=self.source.kind,
            state=self._state(),
            last_run=self._last_run,
            last_change=self._last_change,
            last_error=self._last_error,
            runs=self._runs,
            changes=self._changes,
            errors=self._errors,
            missed=self._missed,
            next_run=next_run_ms,
            refused=self._refused,
            quota_left=self._quota_left(),
            last_success=self._last_success,
        )

    def _quota_left(self) -> int | None:
        source = self.source
        return source.quota_left(self._clock.now_ms()) if isinstance(source, Polled) else None

    def _state(self) -> Literal["running", "paused", "failing", "ended"]:
        if self.ended:
            return "ended"
        if self.paused:
            return "paused"
        return "failing" if self._failures else "running"

    async def _publish_kept(self) -> None:
        """Publish what was found; it is kept where the log could not write or this was cut off."""
        poll, self._kept = self._kept, None
        if poll is None:
            return
        try:
            appended = await self._publish(poll)
        except (LogUnavailable, CancelledError):
            self._kept = poll
            raise
        if appended:
            self._changes += appended
            self._last_change = self._clock.now_ms()


def _in_words(error: BaseException) -> str:
    return str(error) or type(error).__name__
