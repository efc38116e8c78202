"""What a client asks for, at any door."""

from collections.abc import Iterator

import msgspec

from feed.model.codec import JsonObject

_TOPICS_IN_A_URL = 80  # of 70 characters at most
_LONGEST_QUERY = 6000  # a server's line of a request holds 8 KiB, and a proxy's no more


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Topics of one server and how they are to be told (protocol section 3).

    `url` without a slash at its end; `topics` are filters in their full form; no `fields` are all.
    """

    url: str
    topics: tuple[str, ...]
    conflate_ms: int = 0
    window_ms: int = 0
    delay_ms: int = 0
    fields: tuple[str, ...] = ()

    @property
    def fits_a_url(self) -> bool:
        """Whether it can be asked for by a query string, as all doors but the WebSocket want it."""
        return sum(len(text) + 1 for text in (*self.topics, *self.fields)) <= _LONGEST_QUERY

    def in_parts(self) -> Iterator["Wanted"]:
        """The same as several, each of which fits a URL."""
        for begin in range(0, len(self.topics), _TOPICS_IN_A_URL):
            topics = self.topics[begin : begin + _TOPICS_IN_A_URL]
            yield msgspec.structs.replace(self, topics=topics)

    def command(self, cursor: str | None) -> JsonObject:
        """As a `subscribe`."""
        command: JsonObject = {"type": "subscribe", "id": 1, "topics": [*self.topics]}
        command |= self._numbers()
        if self.fields:
            command["fields"] = [*self.fields]
        if cursor is not None:
            command["cursor"] = cursor
        return command

    def query(self) -> dict[str, str]:
        """As a query string."""
        query = {"topics": ",".join(self.topics)}
        query |= {name: str(value) for name, value in self._numbers().items()}
        if self.fields:
            query["fields"] = ",".join(self.fields)
        return query

    def _numbers(self) -> dict[str, int]:
        """Those that are not what the server does anyway."""
        numbers = {
            "conflate_ms": self.conflate_ms,
            "window_ms": self.window_ms,
            "delay_ms": self.delay_ms,
        }
        return {name: value for name, value in numbers.items() if value}
