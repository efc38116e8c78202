"""Both documents and the page that shows them: made once, and the same until the next start."""

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from feed.model.codec import encode
from feed.web.answer import Shared, fresh
from feed.web.api import view
from feed.web.api.asyncapi import asyncapi
from feed.web.api.doors import HERE
from feed.web.api.limit import Running
from feed.web.api.openapi import openapi
from feed.web.api.schema import Schema

Render: TypeAlias = Callable[[dict[str, Any]], str]
"""What makes HTML of what a page shows."""

_FRESH_S = 60


class Made(NamedTuple):
    """All three, as they are answered."""

    openapi: Shared
    asyncapi: Shared
    page: bytes


class Documents:
    """Of a server that runs so."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._making = asyncio.Lock()
        self._made: Made | None = None

    async def made(self, render: Render) -> Made:
        """All of them. Who asks first waits longest: they are made in a thread, beside the loop."""
        async with self._making:
            if self._made is None:
                self._made = await asyncio.to_thread(_make, self._running, render)
            return self._made


def _make(running: Running, render: Render) -> Made:
    http, streams = openapi(running), asyncapi(running)
    return Made(_shared(http), _shared(streams), render(_shown(http, streams)).encode())


def _shared(document: Schema) -> Shared:
    body = encode(document)
    return Shared(body, fresh(_FRESH_S, f'"{hashlib.sha256(body).hexdigest()[:16]}"'))


def _shown(http: Schema, streams: Schema) -> dict[str, Any]:
    """What the template shows of both."""
    return {
        "about": http["info"]["description"].split("\n\n"),
        "here": HERE,
        "version": http["info"]["version"],
        "calls": view.calls(http),
        "frames": view.said(streams, "say"),
        "commands": view.said(streams, "hear"),
        "frames_about": streams["info"]["description"],
        "closings": streams["channels"]["ws"]["x-close-codes"],
        "limits": http["x-limits"],
        "schemes": http["components"]["securitySchemes"],
        "types": view.types(http),
    }
