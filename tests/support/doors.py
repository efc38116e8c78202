"""The three streaming doors from the outside: each gives the frames of one connection in order."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import urlencode

import aiohttp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from tests.support.client import Frame, Reader, parse

Query: TypeAlias = Mapping[str, str | int]

FUSE_S = 20.0
PAUSE_S = 0.05
"""After a connection that brought nothing, before a client would try again."""

NOT_NOW = (502, 503, 504)
"""What a server, or a proxy before it, says when the same may be asked again."""

CUTS = (ConnectionClosed, InvalidMessage, aiohttp.ClientError, OSError, EOFError)


def encoded(query: Query, cursor: str | None = None) -> str:
    """The query string; a cursor of None is left out."""
    place: Query = {} if cursor is None else {"cursor": cursor}
    return urlencode({**query, **place})


class Socket:
    """One WebSocket connection: commands out, frames in. The reader, if any, sees every frame."""

    def __init__(self, raw: ClientConnection, reader: Reader | None = None) -> None:
        self.raw = raw
        self._reader = reader

    async def send(self, **command: Any) -> None:
        """Send one command as JSON."""
        await self.raw.send(json.dumps(command))

    async def receive(self) -> Frame:
        """The next frame."""
        async with asyncio.timeout(FUSE_S):
            text = await self.raw.recv()
        assert isinstance(text, str), "frames are text messages"
        frame = parse(text)
        if self._reader is not None:
            self._reader.apply(frame)
        return frame

    async def until(self, kind: str, **fields: Any) -> Frame:
        """The next frame of a type and with these fields; those before it are passed over."""
        while True:
            frame = await self.receive()
            if frame["type"] == kind and fields.items() <= frame.items():
                return frame

    async def closed(self) -> int:
        """Read to the end; the close code."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self.receive()
        code = self.raw.close_code
        assert code is not None
        return code


@contextlib.asynccontextmanager
async def websocket(
    url: str, query: Query | None = None, *, reader: Reader | None = None, **options: Any
) -> AsyncIterator[Socket]:
    """Open `/ws`, and close it at the end. Options are those of websockets' connect."""
    place = reader.cursor if reader is not None else None
    settings = {"ping_interval": None, "max_size": None, "proxy": None, "close_timeout": 1}
    address = f"{url.replace('http', 'ws', 1)}/ws?{encoded(query or {}, place)}"
    async with connect(address, **(settings | options)) as raw:
        if reader is not None:
            reader.opened("ws")
        yield Socket(raw, reader)


def _come_later(status: int) -> None:
    """What a server or a proxy cannot serve now is a cut, to a client."""
    if status in NOT_NOW:
        raise ConnectionResetError(f"it answers {status}")


async def ws_frames(_: aiohttp.ClientSession, url: str, query: Query) -> AsyncGenerator[Frame]:
    """The frames of `/ws` until it closes or breaks."""
    address = f"{url.replace('http', 'ws', 1)}/ws?{encoded(query)}"
    try:
        async with connect(address, ping_interval=None, proxy=None, close_timeout=1) as raw:
            async for text in raw:
                yield parse(text)
    except InvalidStatus as refused:
        _come_later(refused.response.status_code)
        raise


async def sse_frames(
    session: aiohttp.ClientSession, url: str, query: Query
) -> AsyncGenerator[Frame]:
    """The frames of `/sse`; the place goes by `Last-Event-ID`, as EventSource sends it."""
    given = dict(query)
    cursor = given.pop("cursor", None)
    headers = {} if cursor is None else {"Last-Event-ID": str(cursor)}
    async with session.get(f"{url}/sse?{encoded(given)}", headers=headers) as answer:
        _come_later(answer.status)
        assert answer.status == 200, await answer.text()
        assert answer.content_type == "text/event-stream"
        async for event in sse_events(answer.content):
            if "data" in event:
                yield sse_frame(event)


async def sse_events(content: aiohttp.StreamReader) -> AsyncIterator[dict[str, str]]:
    """Whole events by their fields; what a cut left unfinished is no event (WHATWG 9.2.6)."""
    event: dict[str, str] = {}
    pending = b""
    async for chunk in content.iter_any():
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            text = line.removesuffix(b"\r").decode()
            if not text:
                if event:
                    yield event
                event = {}
            elif not text.startswith(":"):
                name, _, value = text.partition(":")
                assert name in {"data", "id", "retry"}, f"a field that nobody told of: {text}"
                assert name not in event, f"{name} twice in one event"
                event[name] = value.removeprefix(" ")


def sse_frame(event: Mapping[str, str]) -> Frame:
    """The frame of an event; its id is the frame's cursor, on frames that have one and no other."""
    frame = parse(event["data"])
    assert event.get("id") == frame.get("cursor"), f"id and cursor differ: {event}"
    return frame


async def poll_frames(
    session: aiohttp.ClientSession, url: str, query: Query
) -> AsyncGenerator[Frame]:
    """The frames of one answer of `/poll`, and last its outer cursor as a frame `place`."""
    async with session.get(f"{url}/poll?{encoded({'wait': 1, **query})}") as answer:
        _come_later(answer.status)
        assert answer.status == 200, await answer.text()
        body = parse(await answer.read())
    assert type(body["more"]) is bool
    for frame in body["frames"]:
        yield frame
    yield {"type": "place", "cursor": body["cursor"]}


Door: TypeAlias = Callable[[aiohttp.ClientSession, str, Query], AsyncGenerator[Frame]]
DOORS: dict[str, Door] = {"ws": ws_frames, "sse": sse_frames, "poll": poll_frames}


async def visit(
    session: aiohttp.ClientSession,
    door: str,
    url: str,
    query: Query,
    reader: Reader,
    enough: Callable[[], bool],
) -> None:
    """One connection from the reader's place until it is cut, or the reader has enough."""
    place: Query = {} if reader.cursor is None else {"cursor": reader.cursor}
    frames = DOORS[door](session, url, {**query, **place})
    reader.opened(door)
    heard = False
    try:
        async for frame in frames:
            heard = True
            if frame["type"] == "place":
                reader.move(frame["cursor"])
            else:
                reader.apply(frame)
            if enough():
                return
    except CUTS:  # what was applied stays, and the cursor says where to go on
        await asyncio.sleep(0 if heard else PAUSE_S)
    finally:
        await frames.aclose()
