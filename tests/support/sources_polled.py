"""An API with a URL for each topic, and the source that asks it."""

from typing import Any

from aiohttp import web

from feed.model.codec import JsonObject
from feed.sources.polled.http_json import HttpJsonConfig
from feed.sources.polled.polling import Polling
from tests.support.sources_upstream import Upstream


class Api:
    """A source with a URL for each of its topics, which are single letters."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.opened: list[Polling] = []
        self.watched: set[str] = set()
        self.items: dict[str, JsonObject] = {}
        self.claims: set[str] = set()

    def source(self, topics: str, **more: Any) -> Polling:
        for topic in topics:
            self.upstream.answers.setdefault(f"/{topic}", b'{"price":1.5}')
        settings = {"name": "api", "url": self.upstream.url("/{ticker}"), "items": "@"}
        config = HttpJsonConfig(**(settings | {"tickers": tuple(topics)} | more))
        source = Polling(config, config.upstream(), allow_private=True)
        source.resume(self.items.get)
        source.limit(self.watched.__contains__, self.claim)
        self.opened.append(source)
        return source

    async def claim(self, name: str) -> bool:
        is_free = name not in self.claims
        self.claims.add(name)
        return is_free

    def asked(self) -> str:
        """Which were asked since the last time."""
        paths = sorted(request.path[1:] for request in self.upstream.requests)
        self.upstream.requests.clear()
        return "".join(paths)

    def fail(self, topic: str, status: int = 500, **headers: str) -> None:
        self.upstream.answers[f"/{topic}"] = lambda: web.Response(status=status, headers=headers)
