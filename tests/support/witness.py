"""A viewer that goes from door to door, and knows which entries of the log it must have been told.

It stands on its own: what it was told is held against the log's own entries.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from feed.hub.subscription import Options
from feed.model.entry import Entry
from feed.model.topic import Filters
from tests.support.client import Frame, offset
from tests.support.clock import START_MS
from tests.support.polls import Polls, told
from tests.support.viewer import Viewer


class Truth:
    """Every entry that was acknowledged, by offset; `trimmed` is what the log let go of."""

    def __init__(self) -> None:
        self.entries: dict[int, Entry] = {}
        self.trimmed = 0
        self._changes: dict[tuple[str, int], Entry] = {}
        self._events: dict[tuple[str, str, str], Entry] = {}

    @property
    def head(self) -> int:
        """The last offset."""
        return max(self.entries, default=0)

    def add(self, entry: Entry) -> None:
        """The next entry of the log."""
        assert entry.offset == self.head + 1
        self.entries[entry.offset] = entry
        if entry.item is not None:
            self._changes[entry.topic, entry.v] = entry
        if entry.event is not None:
            self._events.setdefault(_event(entry.event), entry)

    def events(self, spans: "list[Span]", filters: Filters) -> list[Frame]:
        """What a viewer of these spans of the log must have been told, in order."""
        return [
            json.loads(entry.event)
            for span in spans
            for place in range(span.after + 1, span.upto + 1)
            if (entry := self.entries[place]).event and filters.matches(entry.topic)
        ]

    def told_at(self, frame: Frame) -> int:
        """When the newest that a frame tells was appended; 0 where all is trimmed by now."""
        items = [self._changes.get((item["topic"], item["v"])) for item in frame.get("items", ())]
        events = [
            self._events.get((event["topic"], event["id"], event["op"]))
            for event in frame.get("events", ())
        ]
        known = [entry for entry in (*items, *events) if entry and entry.offset > self.trimmed]
        return max((entry.at for entry in known), default=0)


def _event(encoded: bytes) -> tuple[str, str, str]:
    event = json.loads(encoded)
    return event["topic"], event["id"], event["op"]


class Span(NamedTuple):
    """A part of the log of which a viewer must have been told everything."""

    after: int
    upto: int


class Witness(Viewer):
    """One viewer, on a stream or polling; `door` says which, and None that it is away."""

    def __init__(
        self, place: Polls, truth: Truth, topics: tuple[str, ...], wanted: Options
    ) -> None:
        super().__init__(place.hub, *topics, options=wanted)
        self.door: str | None = None
        self.spans: list[Span] = []
        self._truth = truth
        self._polls = place
        self._begins = True

    def moved(self, place: Polls) -> None:
        """The instance that it was at is gone; another one is there."""
        self.hub, self._polls, self.door = place.hub, place, None

    async def stream(self) -> None:
        """Come, or come back, by a connection that stays."""
        await self.go()
        self.flow()
        self.door = "stream"
        await self.come(resume=self.reader.cursor is not None)

    async def go(self) -> None:
        """Leave the connection, if there is one."""
        if self.door == "stream":
            await self.leave()
        self.door = None

    async def poll(self, wait_s: int) -> None:
        """Leave the connection, and poll once."""
        await self.go()
        options, cursor = self.wanted.options, self.reader.cursor
        query: dict[str, Any] = {
            "topics": ",".join(self.wanted.filters.names()),
            "conflate_ms": options.conflate_ms,
            "window_ms": options.window_ms,
            "delay_ms": options.delay_ms,
            "wait": wait_s,
        }
        if options.fields is not None:
            query["fields"] = ",".join(options.fields)
        if cursor is not None:
            query["cursor"] = cursor
        answer = told(await self._polls.poll(_encoded(query)))
        self.reader.opened("poll")
        for frame in answer["frames"]:
            self._take(frame)
        self.reader.move(answer["cursor"])

    def _take(self, frame: Frame) -> None:
        if frame["type"] == "reset":
            assert self.reader.cursor is not None
            self._close_span()
            self._begins = True
        elif frame["type"] in ("update", "snapshot"):
            at, now_ms = self._truth.told_at(frame), _now_ms()
            early = at + self.wanted.options.delay_ms - now_ms
            assert early <= 0, f"told {early} ms before its delay is over: {frame}"
        super()._take(frame)
        if frame["type"] == "snapshot" and self._begins and not frame["more"]:
            self._begins = False
            self.spans.append(Span(offset(frame["cursor"]), -1))

    def _close_span(self) -> None:
        if self.spans and self.reader.cursor is not None:
            self.spans[-1] = Span(self.spans[-1].after, offset(self.reader.cursor))

    def check(self) -> None:
        """Every event once and in order, in each span that was not announced to be broken."""
        self._close_span()
        expected = self._truth.events(self.spans, self.wanted.filters)
        assert [_named(event) for event in self.reader.events] == [_named(e) for e in expected]


def _named(event: Mapping[str, Any]) -> tuple[Any, ...]:
    return event["topic"], event["id"], event["op"], event["data"]


def _encoded(query: Mapping[str, Any]) -> str:
    return "&".join(f"{name}={value}" for name, value in query.items())


def _now_ms() -> int:
    return START_MS + round(asyncio.get_running_loop().time() * 1000)
