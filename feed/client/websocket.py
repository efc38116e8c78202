"""The feed over a WebSocket."""

import aiohttp

from feed.client.fault import Blocked, Cut, Ended
from feed.client.transport import MOST_BYTES, broken, refused
from feed.client.wanted import Wanted
from feed.model.codec import encode

_CLOSE_S = 2.0
_FINAL = (1003, 1009, 4400, 4401, 4403, 4429)
"""Close codes after which the same client would fare the same again (protocol section 5)."""

_NO_HANDSHAKE = (400, 426)
"""Answers of the feed itself to one that something in between has changed: it asks for nothing yet,
so that nothing else in it can be wrong."""

_CLOSED = {
    1001: "the server is shutting down",
    1006: "the connection broke",
    1012: "the server is restarting",
    1013: "the server is full",
}


class WebSocket:
    """See Transport. Whoever has been welcomed knows that frames come through."""

    name = "WebSocket"

    def __init__(self, session: aiohttp.ClientSession, wanted: Wanted) -> None:
        self._session = session
        self._wanted = wanted
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._welcome = ""

    async def open(self) -> None:
        """See Transport."""
        url = f"{self._wanted.url}/ws"
        try:
            self._socket = await self._session.ws_connect(
                url, max_msg_size=MOST_BYTES, timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_S)
            )
        except aiohttp.WSServerHandshakeError as error:
            if error.status in _NO_HANDSHAKE:
                raise Blocked(f"{url} answers {error.status}", is_refusal=True) from error
            raise refused(url, error.status, error.headers) from error
        except (aiohttp.ClientError, OSError) as error:
            raise broken(error) from error
        self._welcome = await self._heard(self._socket)

    async def begin(self, cursor: str | None) -> None:
        """See Transport."""
        if self._socket is None:
            raise Cut("it was not opened")
        try:
            await self._socket.send_str(encode(self._wanted.command(cursor)).decode())
        except OSError as error:
            raise broken(error) from error

    async def receive(self) -> str:
        """See Transport."""
        if self._socket is None:
            raise Cut("it was not opened")
        if self._welcome:
            welcome, self._welcome = self._welcome, ""
            return welcome
        return await self._heard(self._socket)

    async def close(self) -> None:
        """See Transport."""
        if self._socket is not None:
            await self._socket.close()

    async def _heard(self, socket: aiohttp.ClientWebSocketResponse) -> str:
        message = await socket.receive()
        if message.type is aiohttp.WSMsgType.TEXT:
            text: str = message.data
            return text
        if message.type is aiohttp.WSMsgType.BINARY:
            raise Cut("a binary message")
        code = socket.close_code or aiohttp.WSCloseCode.ABNORMAL_CLOSURE
        why = _CLOSED.get(code, f"the server closed with {code}")
        raise Ended(why) if code in _FINAL else Cut(why)
