"""aiohttp, as its documentation shows it: `send_str` to one after another."""

import asyncio
from collections import defaultdict

from aiohttp import web
from pace import Pace, topics_of

subscribers: defaultdict[str, set[web.WebSocketResponse]] = defaultdict(set)


async def subscribe(request: web.Request) -> web.WebSocketResponse:
    """Until the client goes."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    topics = topics_of(request.path_qs)
    for topic in topics:
        subscribers[topic].add(socket)
    async for _ in socket:
        pass
    for topic in topics:
        subscribers[topic].discard(socket)
    return socket


async def main() -> None:
    """Serve, and send."""
    app = web.Application()
    app.add_routes([web.get("/", subscribe)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=4096)
    await site.start()
    print("port", runner.addresses[0][1], flush=True)
    async for topic, text in Pace().messages():
        for socket in list(subscribers[topic]):
            await socket.send_str(text)


asyncio.run(main())
