"""An upstream of JSON, on loopback, that answers as a test tells it to and keeps what was asked."""

import asyncio
import gzip
from collections.abc import Callable
from typing import TypeAlias

from aiohttp import web
from aiohttp.test_utils import TestServer

Told: TypeAlias = bytes | web.StreamResponse | Callable[[], web.StreamResponse] | None
"""A body, a response to give once, what makes one each time, or None: the asker is kept waiting."""


class Upstream:
    """Gives its `answers` by path."""

    def __init__(self) -> None:
        self.answers: dict[str, Told] = {}
        self.etag: str | None = None
        self.modified: str | None = None
        self.requests: list[web.BaseRequest] = []
        self.server: TestServer | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self.server = TestServer(app)
        await self.server.start_server()

    async def stop(self) -> None:
        if self.server is not None:
            await self.server.close()

    def url(self, path: str) -> str:
        assert self.server is not None
        return f"http://127.0.0.1:{self.server.port}{path}"

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        answer = self.answers[request.path_qs]
        if answer is None:
            await asyncio.Event().wait()
        if isinstance(answer, web.StreamResponse):
            return answer
        if callable(answer):
            return answer()
        headers = {}
        if self.etag is not None:
            headers["ETag"] = self.etag
            if request.headers.get("If-None-Match") == self.etag:
                return web.Response(status=304)
        if self.modified is not None:
            headers["Last-Modified"] = self.modified
            if request.headers.get("If-Modified-Since") == self.modified:
                return web.Response(status=304)
        return web.Response(body=answer, headers=headers, content_type="application/json")


def zipped(body: bytes, more: bytes = b"") -> web.Response:
    """An answer that says it is gzip, and is, but for what comes after it."""
    return web.Response(body=gzip.compress(body) + more, headers={"Content-Encoding": "gzip"})
