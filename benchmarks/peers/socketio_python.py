"""python-socketio on aiohttp: a room for each topic, one `emit` for each message."""

import asyncio
import json
from typing import Any

import socketio
from aiohttp import web
from pace import Pace, topics_of

server = socketio.AsyncServer(async_mode="aiohttp")


@server.event
async def connect(client: str, environ: dict[str, Any]) -> None:
    """Into the rooms of its topics."""
    for topic in topics_of("?" + environ["QUERY_STRING"]):
        await server.enter_room(client, topic)


async def main() -> None:
    """Serve, and send."""
    app = web.Application()
    server.attach(app)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=4096).start()
    print("port", runner.addresses[0][1], flush=True)
    async for topic, text in Pace().messages():
        await server.emit("change", json.loads(text), room=topic)


asyncio.run(main())
