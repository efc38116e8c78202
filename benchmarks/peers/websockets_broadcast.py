"""websockets, with the function that it has for this: `broadcast`."""

import asyncio
from collections import defaultdict

from pace import Pace, topics_of
from websockets.asyncio.server import ServerConnection, broadcast, serve

subscribers: defaultdict[str, set[ServerConnection]] = defaultdict(set)


async def subscribe(connection: ServerConnection) -> None:
    """Until the client goes."""
    assert connection.request
    topics = topics_of(connection.request.path)
    for topic in topics:
        subscribers[topic].add(connection)
    await connection.wait_closed()
    for topic in topics:
        subscribers[topic].discard(connection)


async def main() -> None:
    """Serve, and send."""
    async with serve(subscribe, "127.0.0.1", 0, backlog=4096) as server:
        print("port", next(iter(server.sockets)).getsockname()[1], flush=True)
        async for topic, text in Pace().messages():
            broadcast(subscribers[topic], text)
            await asyncio.sleep(0)  # it never waits by itself, and new clients want to be served


asyncio.run(main())
