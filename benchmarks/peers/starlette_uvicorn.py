"""Starlette on uvicorn, with all that `uvicorn[standard]` brings: uvloop, httptools, websockets."""

import asyncio
import socket
from collections import defaultdict

import uvicorn
import uvloop
from pace import Pace, topics_of
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

subscribers: defaultdict[str, set[WebSocket]] = defaultdict(set)


async def subscribe(client: WebSocket) -> None:
    """Until the client goes."""
    await client.accept()
    topics = topics_of(str(client.url))
    for topic in topics:
        subscribers[topic].add(client)
    try:
        while True:
            await client.receive_text()
    except WebSocketDisconnect:
        for topic in topics:
            subscribers[topic].discard(client)


async def send() -> None:
    """To one after another."""
    async for topic, text in Pace().messages():
        for client in list(subscribers[topic]):
            await client.send_text(text)


async def main() -> None:
    """Serve, and send."""
    app = Starlette(routes=[WebSocketRoute("/", subscribe)])
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", backlog=4096))
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    print("port", listener.getsockname()[1], flush=True)
    sending = asyncio.create_task(send())
    await server.serve([listener])
    sending.cancel()


uvloop.run(main())
