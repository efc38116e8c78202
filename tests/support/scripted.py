"""A server that says at each connection what a test wrote down, and hears what the client says."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from feed.client.backoff import Pace

QUICK = Pace(retry_s=0.001, longest_retry_s=0.001)

WELCOME = {"type": "welcome", "protocol": 1, "now": 1_790_000_000_000, "heartbeat_ms": 15000}


def subscribed(*, resumed: bool = False, **more: Any) -> dict[str, Any]:
    """The answer to a subscribe to everything."""
    return {"type": "subscribed", "topics": ["*"], "resumed": resumed, "rejected": []} | more


def snapshot(cursor: str, *items: dict[str, Any]) -> dict[str, Any]:
    """The only part of a snapshot."""
    return {"type": "snapshot", "items": list(items), "more": False, "cursor": cursor}


def update(cursor: str, *items: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An update with these items."""
    return {"type": "update", "cursor": cursor, "pt": 1, "items": list(items)} | more


class ScriptedServer:
    """Each connection plays the next script: frames, raw text or bytes, and a number to close with.

    Without a number at its end a connection stays open until the client leaves it. The first
    command of each, for which it waits after the first step, is put into `commands`; `left` gets
    the place of each script that is over.
    """

    def __init__(self, *scripts: Sequence[dict[str, Any] | str | bytes | int]) -> None:
        self.commands: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.left: asyncio.Queue[int] = asyncio.Queue()
        self.app = web.Application()
        self.app.router.add_get("/ws", self._serve)
        self._scripts = scripts
        self._next = 0

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        place = self._next
        self._next += 1
        script = self._scripts[place]
        if script and isinstance(script[0], int) and script[0] < 1000:
            return web.Response(status=script[0])
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for number, step in enumerate(script):
            if number == 1:
                self.commands.put_nowait(json.loads(await socket.receive_str()))
            match step:
                case dict():
                    await socket.send_json(step)
                case str():
                    await socket.send_str(step)
                case bytes():
                    await socket.send_bytes(step)
                case int():
                    await socket.close(code=step)
        await socket.receive()
        self.left.put_nowait(place)
        return socket
