"""`GET /ws`: commands in, frames out (protocol sections 3 to 5)."""

import asyncio

from aiohttp import HttpVersion11, WSMsgType, web

from feed.errors import BadCursor, LogUnavailable
from feed.hub.subscription import Options
from feed.web import keys
from feed.web.close_code import CloseCode
from feed.web.connections import Connection
from feed.web.conversation import Conversation
from feed.web.greeting import welcome
from feed.web.limits import MESSAGE_BYTES
from feed.web.query import read_options, read_topics
from feed.web.wire import websocket_message

_CLOSE_S = 2.0

_UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}


async def websocket(request: web.Request) -> web.StreamResponse:
    """Serve one WebSocket from its handshake to its close."""
    if not _is_handshake(request):
        raise web.HTTPUpgradeRequired(headers=_UPGRADE)
    options = read_options(request.query)  # a value out of range is a 400, before the handshake
    connections = request.app[keys.CONNECTIONS]
    address = request.app[keys.PEERS].address(request)
    ws: web.WebSocketResponse = web.WebSocketResponse(
        compress=False,
        autoping=False,
        timeout=_CLOSE_S,
        max_msg_size=MESSAGE_BYTES + 1,  # aiohttp refuses a message of exactly the limit
    )
    with connections.admitted(address):
        await ws.prepare(request)
        transport = request.transport
        if transport is None:
            return ws
        connection = Connection(
            "ws",
            transport,
            websocket_message,
            address,
            close=lambda code: ws.close(code=code),
            ping=ws.ping,
        )
        connections.add(connection)
        try:
            connection.write(welcome(request.app, connection))
            conversation = Conversation(request.app[keys.HUB], request.app[keys.CLOCK], connection)
            if await _begin(request, conversation, options):
                await _converse(ws, conversation)
        except (ConnectionError, LogUnavailable):
            connection.abort()  # it left, or cannot be brought up to date now: it comes back
        finally:
            await connections.remove(connection)
    return ws


def _is_handshake(request: web.Request) -> bool:
    """What RFC 6455 section 4.2.1 asks for; aiohttp takes HTTP/1.0 and older drafts as well."""
    headers = request.headers
    return (
        request.version >= HttpVersion11
        and headers.get("Upgrade", "").strip().lower() == "websocket"
        and headers.get("Sec-WebSocket-Version") == _UPGRADE["Sec-WebSocket-Version"]
    )


async def _begin(request: web.Request, conversation: Conversation, options: Options) -> bool:
    """Do what the URL asks for; False when it has closed the connection."""
    try:
        await conversation.begin(read_topics(request), options, request.query.get("cursor"))
    except BadCursor as error:
        await conversation.close_unusable(error)
        return False
    return True


async def _converse(ws: web.WebSocketResponse, conversation: Conversation) -> None:
    loop = asyncio.get_running_loop()
    while True:
        message = await ws.receive()
        conversation.connection.heard(loop.time())
        if message.type is WSMsgType.PONG:
            continue
        if message.type is WSMsgType.BINARY:
            await conversation.connection.close(CloseCode.NOT_TEXT)
            return
        if message.type not in (WSMsgType.TEXT, WSMsgType.PING):
            return  # closing, closed, or broken: aiohttp has answered with the code
        if not await conversation.is_allowed(loop.time()):
            continue
        if message.type is WSMsgType.PING:
            await ws.pong(message.data)
        else:
            await conversation.hear(message.data)
