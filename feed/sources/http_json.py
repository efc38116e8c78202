"""Polls somebody's JSON and maps it to items and events."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

import msgspec
from yarl import URL

from feed.errors import BadInput
from feed.model.change import Change, EventChange
from feed.model.codec import Json, decode
from feed.model.topic import parse_topic
from feed.sources.base import Config, Current, SourceFailed
from feed.sources.fetch import Fetch, Seen
from feed.sources.mapping import Kind, Mapping

_MAX_TIMEOUT_S = 10.0
_AT_ONCE = 4
_PLACES = ("{ticker}", "{key}")
_SHOWN_FAULTS = 3


class HttpJsonConfig(Config, frozen=True, kw_only=True, tag="http_json"):
    """Where to ask, and what of the answer is meant.

    `url` may have `{ticker}` (or `{key}`): it is then asked once for each of `tickers`, which are
    the keys of topics. `items` and `events`: JMESPath, see `mapping.Mapping`. `kind`: of topics
    that come without one. `timeout_s`: for one whole answer.
    """

    url: str
    items: str
    every_s: float = 5.0
    kind: Kind = "price"
    tickers: tuple[str, ...] = ()
    events: str | None = None
    timeout_s: float = _MAX_TIMEOUT_S

    def check(self) -> None:
        """Raise SettingsError."""
        super().check()
        if not 0 < self.timeout_s <= _MAX_TIMEOUT_S:
            raise self.wrong("timeout_s", f"expected more than 0 and at most {_MAX_TIMEOUT_S:g}")
        if any(place in self.url for place in _PLACES) != bool(self.tickers):
            raise self.wrong("tickers", "go with a url that has {ticker} in it, and only with one")
        for index, ticker in enumerate(self.tickers):
            try:
                parse_topic(f"{self.kind}:{ticker}")
            except BadInput as bad:
                raise self.wrong(f"tickers[{index}]", str(bad)) from bad
        for target in self.targets():
            if target.url.scheme not in ("http", "https") or not target.url.host:
                raise self.wrong("url", "expected http://… or https://…")

    def targets(self) -> tuple["Target", ...]:
        """What to ask for. Raises SettingsError."""
        try:
            if not self.tickers:
                return (Target(URL(self.url), None),)
            return tuple(
                Target(URL(_filled(self.url, ticker)), f"{self.kind}:{ticker}")
                for ticker in self.tickers
            )
        except ValueError as error:
            raise self.wrong("url", str(error)) from error

    def mapping(self) -> Mapping:
        """The expressions, compiled. Raises SettingsError."""
        for field, expression in (("items", self.items), ("events", self.events)):
            try:
                Mapping(self.kind, expression or "@")
            except BadInput as error:
                raise self.wrong(field, str(error)) from error
        return Mapping(self.kind, self.items, self.events)


class Target(msgspec.Struct, frozen=True):
    """One URL, and the topic that its answer is about unless it names others."""

    url: URL
    topic: str | None


class HttpJson:
    """A source that asks a URL, or one for each ticker. An unchanged answer gives no changes."""

    def __init__(self, config: HttpJsonConfig, *, allow_private: bool = False) -> None:
        config.check()
        self.name = config.name
        self.kind = config.type_name
        self.every_s = config.every_s
        self._targets = config.targets()
        self._mapping = config.mapping()
        self._fetch = Fetch(timeout_s=config.timeout_s, allow_private=allow_private)
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._seen: dict[Target, Seen] = {}
        self._told: dict[Target, dict[tuple[str, str | None], EventChange]] = {}

    @property
    def ended(self) -> bool:
        """Never: it may be asked again."""
        return False

    def resume(self, current: Current) -> None:
        """The first answer says where things stand; what the log knows of it, it drops."""

    async def poll(self, now_ms: int) -> Sequence[Change]:
        """Ask. Raises SourceFailed with what the others said, when some cannot be asked."""
        results = await asyncio.gather(*(self._ask(target, now_ms) for target in self._targets))
        changes = [change for result in results for change in result.changes]
        failed = [result.failure for result in results if result.failure is not None]
        if not failed:
            return changes
        message = str(failed[0])
        if len(failed) > 1:
            message += f" (and {len(failed) - 1} more of {len(results)})"
        waits = [failure.retry_after_s for failure in failed if failure.retry_after_s is not None]
        raise SourceFailed(message, max(waits, default=None), changes)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._fetch.aclose()

    async def _ask(self, target: Target, now_ms: int) -> "_Result":
        try:
            async with self._at_once:
                answer = await self._fetch.get(target.url, self._seen.get(target), now_ms)
            if answer is None:
                return _Result()
            changes, faults = self._mapping.changes(_decoded(answer.body, target), target.topic)
        except SourceFailed as failure:
            return _Result(failure=failure)
        told = [change for change in changes if change.event is None]
        told += self._new_events(target, changes)
        if faults:  # not seen: what is wrong is asked for again, and goes on being said
            shown = "; ".join(faults[:_SHOWN_FAULTS])
            return _Result(told, SourceFailed(f"{target.url.host}: {len(faults)} bad: {shown}"))
        self._seen[target] = answer.seen
        return _Result(told)

    def _new_events(self, target: Target, changes: Sequence[Change]) -> list[Change]:
        """The events that the answer before did not have, or had otherwise."""
        before = self._told.get(target, {})
        now: dict[tuple[str, str | None], EventChange] = {}
        new = []
        for change in changes:
            event = change.event
            if event is None:
                continue
            key = change.topic, event.id
            now[key] = event
            if key not in before:
                new.append(change)
            elif before[key] != event:
                new.append(
                    msgspec.structs.replace(
                        change, event=msgspec.structs.replace(event, op="amend")
                    )
                )
        self._told[target] = now
        return new


class _Result(NamedTuple):
    """What one URL gave, and why not more."""

    changes: Sequence[Change] = ()
    failure: SourceFailed | None = None


def _decoded(body: bytes, target: Target) -> Json:
    try:
        return decode(body)
    except (msgspec.DecodeError, RecursionError):
        raise SourceFailed(f"{target.url.host} answered with what is not JSON") from None


def _filled(url: str, ticker: str) -> str:
    for place in _PLACES:
        url = url.replace(place, quote(ticker, safe=""))
    return url
