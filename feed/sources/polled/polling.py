"""What all sources share that ask an HTTP API: pace, quota, and what to do where it fails."""

import asyncio
import random
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from feed.model.change import Change
from feed.model.codec import JsonObject, decode
from feed.sources.backoff import backoff_s
from feed.sources.base import (
    Claim,
    Current,
    PartlyFailed,
    SourceFailed,
    Unwelcome,
    Watched,
    as_before,
)
from feed.sources.polled.fetch import Fetch
from feed.sources.polled.listed import Listed
from feed.sources.polled.mapping import Mapped
from feed.sources.polled.pace import Part
from feed.sources.polled.quota import Quota
from feed.sources.polled.upstream import PollingConfig, Target, Upstream

_AT_ONCE = 4
_SHOWN_FAULTS = 3
_LARGE_BYTES = 64 * 1024  # some 5 ms of mapping: what is larger must not hold everybody up


class _Rest(NamedTuple):
    """A target that failed while others did not is left alone from then until then."""

    failures: int
    since_ms: int
    until_ms: float


class _Result(NamedTuple):
    """What one URL gave, what of it is bad, and why not more; `asked`: whether it was at all."""

    target: Target
    changes: Sequence[Change] = ()
    faults: Sequence[str] = ()
    failure: SourceFailed | None = None
    asked: bool = True


class Polling:
    """A source that asks an API, those parts first that it has not asked for the longest.

    What has not changed, and what it is not time to ask for, is said to be `as_before`.
    """

    def __init__(
        self,
        config: PollingConfig,
        upstream: Upstream,
        *,
        allow_private: bool = False,
    ) -> None:
        self.name = config.name
        self.kind = config.type_name
        self.every_s = config.every_s
        self._upstream = upstream
        self._pace = config.pace()
        self._quota = Quota(config.name, config.per_minute, config.per_day)
        self._timeout_s = config.timeout_s
        self._fetch = Fetch(
            timeout_s=config.timeout_s, allow_private=allow_private, headers=config.headers()
        )
        self._chance = random.Random()
        self._current: Current = _nothing
        self._watched: Watched = _everything
        self._hurries = False
        self._unwelcome = False
        self._failure = ""  # of all of it, the last time that anything was asked
        self._parts: dict[Target, Part] = {}
        self._rests: dict[Target, _Rest] = {}
        self._listed: dict[Target, Listed] = {}

    @property
    def ended(self) -> bool:
        """Never: it may be asked again."""
        return False

    def resume(self, current: Current) -> None:
        """The first answer says where things stand; what the log knows of it, it drops."""
        self._current = current

    def limit(self, watched: Watched, claim: Claim) -> None:
        """See Polled."""
        self._watched = watched
        self._quota.keep(claim)

    def hurry(self) -> None:
        """See Polled."""
        self._hurries = True

    def quota_left(self, now_ms: int) -> int | None:
        """See Polled."""
        return self._quota.left(now_ms)

    async def poll(self, now_ms: int) -> Sequence[Change]:
        """Ask for what is due and may be asked for.

        Raises PartlyFailed and SourceFailed, each with what could be had.
        """
        due = self._due(now_ms)
        if due:
            due = due[: await self._quota.take(len(due), now_ms)]
        if not due and self._failure:
            raise SourceFailed(self._failure, topics=())
        self._hurries = self._unwelcome = False
        at_once = asyncio.Semaphore(_AT_ONCE)
        end_s = asyncio.get_running_loop().time() + self._timeout_s
        results = await asyncio.gather(
            *(self._ask(target, now_ms, at_once, end_s) for target in due)
        )
        return self._settled([result for result in results if result.asked], now_ms)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._fetch.aclose()

    def _due(self, now_ms: int) -> list[Target]:
        """What to ask for now; who was asked the longest ago comes first."""
        targets = self._upstream.targets(now_ms)
        if set(self._parts) != set(targets):
            self._keep_only(targets)
        due = []
        for target in targets:
            rest, part = self._rests.get(target), self._parts[target]
            rests = rest is not None and rest.since_ms <= now_ms < rest.until_ms
            is_due = part.is_due(self._pace, self._current, self._watched, now_ms)
            if self._hurries or (is_due and not rests):
                due.append(target)
        return sorted(due, key=lambda target: self._parts[target].asked_ms or 0)

    def _keep_only(self, targets: Sequence[Target]) -> None:
        """Forget what is not asked for any more, such as yesterday."""
        self._parts = {target: self._parts.get(target) or Part(target.topics) for target in targets}
        for table in (self._rests, self._listed):
            for gone in set(table) - set(targets):
                del table[gone]

    async def _ask(
        self, target: Target, now_ms: int, at_once: asyncio.Semaphore, end_s: float
    ) -> _Result:
        part, asked = self._parts[target], False
        try:
            async with asyncio.timeout_at(end_s), at_once:
                if self._unwelcome:
                    return _Result(target, asked=False)
                part.asked_ms, asked = now_ms, True
                last, part.told, part.seen = (part.told, part.seen), (), None
                answer = await self._fetch.get(target.url, last[1], now_ms)
                if answer is None:
                    part.told, part.seen = last
                    return _Result(target, [as_before(topic) for topic in part.told])
                mapped = await self._mapped(answer.body, target, now_ms)
        except TimeoutError:
            message = f"{target.url.host} did not answer within {self._timeout_s:g} s"
            return _Result(target, failure=SourceFailed(message), asked=asked)
        except SourceFailed as failure:
            self._unwelcome |= isinstance(failure, Unwelcome)
            return _Result(target, failure=failure)
        changes, faults = mapped
        part.topics = target.topics or tuple({change.topic: None for change in changes})
        items = [change for change in changes if change.event is None]
        part.told = tuple({change.topic: None for change in items})
        news = self._listed_before(target).news(changes, is_all=not faults)
        if not faults:  # else it is not seen: what is wrong is asked for again, and said again
            part.seen = answer.seen
        return _Result(target, [*items, *news], faults)

    def _listed_before(self, target: Target) -> Listed:
        return self._listed.setdefault(target, Listed(is_whole=self._upstream.lists_whole))

    async def _mapped(self, body: bytes, target: Target, now_ms: int) -> Mapped:
        if len(body) < _LARGE_BYTES:
            return self._read(body, target, now_ms)
        return await asyncio.to_thread(self._read, body, target, now_ms)

    def _read(self, body: bytes, target: Target, now_ms: int) -> Mapped:
        try:
            answer = decode(body)
        except (msgspec.DecodeError, RecursionError):
            raise SourceFailed(f"{target.url.host} answered with what is not JSON") from None
        return self._upstream.changes(answer, target, now_ms)

    def _settled(self, results: Sequence[_Result], now_ms: int) -> Sequence[Change]:
        """What all of them said. Raises PartlyFailed and SourceFailed."""
        changes = [change for result in results for change in result.changes]
        failures = [result.failure for result in results if result.failure is not None]
        faults = sum(len(result.faults) for result in results)
        for result in results:
            self._note(result)
        if (failures and _are_all(failures, results)) or (faults and not changes):
            self._rests.clear()  # how long to wait, the schedule says
            waits = [each.retry_after_s for each in failures if each.retry_after_s is not None]
            self._failure = _message([_wrong(result) for result in results])
            if any(isinstance(failure, Unwelcome) for failure in failures):
                raise SourceFailed(self._failure, max(waits, default=None), changes)
            changes += self._rested(results)
            raise SourceFailed(
                self._failure, max(waits, default=None), changes, self._topics_of_wrong(results)
            )
        self._failure = ""
        changes += self._rested(results)
        for result in results:
            if result.failure is not None:
                self._rest(result.target, now_ms)
        if failed := [part for part in self._parts.values() if part.wrong]:
            message = _message([part.wrong for part in failed])
            topics = self._topics_of_wrong(results)
            raise PartlyFailed(message, faults + len(failures), changes, topics)
        return changes

    def _rested(self, asked: Sequence[_Result]) -> list[Change]:
        """What it was not time to ask for, and did well when it was asked last."""
        targets = {result.target for result in asked}
        parts = [part for target, part in self._parts.items() if target not in targets]
        return [as_before(topic) for part in parts for topic in part.told]

    def _topics_of_wrong(self, results: Sequence[_Result]) -> list[str]:
        wrong = [result for result in results if result.failure or result.faults]
        return [topic for result in wrong for topic in self._parts[result.target].topics]

    def _note(self, result: _Result) -> None:
        part = self._parts[result.target]
        part.has_failed, part.wrong = result.failure is not None, _wrong(result)
        if not part.has_failed:
            self._rests.pop(result.target, None)

    def _rest(self, target: Target, now_ms: int) -> None:
        before = self._rests.get(target)
        failures = 1 + (before.failures if before else 0)
        until_ms = now_ms + backoff_s(failures, self._chance, self.every_s) * 1000
        self._rests[target] = _Rest(failures, now_ms, until_ms)


def _are_all(failures: Sequence[SourceFailed], results: Sequence[_Result]) -> bool:
    """Whether there is no use in going on."""
    return len(failures) == len(results) or any(isinstance(f, Unwelcome) for f in failures)


def _wrong(result: _Result) -> str:
    """What is wrong with one answer, empty where nothing is."""
    if result.failure is not None:
        return str(result.failure)
    if not result.faults:
        return ""
    topics = result.target.topics
    of = f" {topics[0]}" if len(topics) == 1 else ""
    shown = "; ".join(result.faults[:_SHOWN_FAULTS])
    return f"{result.target.url.host}{of}: {len(result.faults)} bad: {shown}"


def _message(wrong: Sequence[str]) -> str:
    """The first of what is wrong, and how much more there is."""
    first, *more = [each for each in wrong if each]
    return f"{first} (and {len(more)} more)" if more else first


def _nothing(topic: str) -> JsonObject | None:
    """The log of who knows none."""
    return None


def _everything(topic: str) -> bool:
    """Who follows what, where nobody can say: it is as if somebody followed everything."""
    return True
