"""`GET /ws` on a socket of loopback, on both loops."""

import os

import pytest

from feed.model.change import Change
from feed.web import keys
from feed.web.connection import Phase
from tests.support.client_frame import (
    closing,
    text,
)
from tests.support.doors import websocket
from tests.support.talk import (
    asked,
    command,
    feed,
    kinds,
    understood,
)
from tests.support.transport import (
    Run,
    handshake,
    on_every_loop,
    turns,
)

DEFLATED = "Sec-WebSocket-Extensions: permessage-deflate"


@on_every_loop
def test_the_door_greets_tells_and_ends(run: Run) -> None:
    async def scene() -> None:
        async with (
            feed() as (app, port),
            asked(port, handshake("/ws?topics=A")) as (reader, writer),
        ):
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101 ")
            heard = understood(await reader.readuntil(b'-0"}'))
            assert kinds(heard) == ["welcome", "subscribed", "snapshot"]
            (stream,) = app[keys.CONNECTIONS].open
            assert isinstance(heard[0], dict)
            assert heard[0]["connection"] == stream.id
            assert 0.8 * 3300 - 5 < heard[0]["ends_in_ms"] / 1000 <= 3300
            await app[keys.INGEST].submit([Change(topic="price:A", patch={"x": 1})])
            assert kinds(understood(await reader.readuntil(b"}]}"))) == ["update"]
            writer.write(closing(1000))
            assert understood(await reader.read()) == [("CLOSE", b"\x03\xe8")]
            assert app[keys.CONNECTIONS].open == {}

    run(scene())


@on_every_loop
def test_all_that_it_begins_with_is_one_write(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []
    write = os.write

    def noted(fd: int, data: bytes) -> int:
        written.append(data)
        return write(fd, data)

    async def scene() -> None:
        async with (
            feed() as (_, port),
            asked(port, handshake("/ws?topics=A")) as (reader, _),
        ):
            await reader.readuntil(b'-0"}')

    monkeypatch.setattr(os, "write", noted)
    run(scene())
    [data] = [each for each in written if b"welcome" in each]
    assert data.startswith(b"HTTP/1.1 101 ")
    assert b'"type":"snapshot"' in data


@on_every_loop
def test_what_comes_right_behind_the_handshake_is_answered_behind_the_greeting(run: Run) -> None:
    async def scene() -> None:
        said = text('{"type":"subscribe","topics":["B"],"id":1}') + command(2)
        async with (
            feed() as (app, port),
            asked(port, handshake("/ws?topics=A") + said) as (reader, _),
        ):
            await reader.readuntil(b"\r\n\r\n")
            heard = understood(await reader.readuntil(b'"retry":false}'))
            assert kinds(heard) == [
                *("welcome", "subscribed", "snapshot"),
                *("subscribed", "snapshot"),
                "error",
            ]
            (stream,) = app[keys.CONNECTIONS].open
            assert [*stream.member.subscription.filters.names()] == ["price:A", "price:B"]

    run(scene())


@on_every_loop
def test_a_close_right_behind_the_handshake_is_answered(run: Run) -> None:
    async def scene() -> None:
        async with (
            feed() as (app, port),
            asked(port, handshake("/ws?topics=A") + closing(1000)) as (reader, _),
        ):
            await reader.readuntil(b"\r\n\r\n")
            assert understood(await reader.read())[-1] == ("CLOSE", b"\x03\xe8")
            await turns()
            assert app[keys.CONNECTIONS].open == {}

    run(scene())


@on_every_loop
def test_who_breaks_the_protocol_right_behind_the_handshake_is_failed(run: Run) -> None:
    async def scene() -> None:
        async with (
            feed() as (app, port),
            asked(port, handshake("/ws?topics=A") + b"\xff" * 9) as (reader, _),
        ):
            await reader.readuntil(b"\r\n\r\n")
            assert understood(await reader.read())[-1] == ("CLOSE", b"\x03\xea")
            (stream,) = app[keys.CONNECTIONS].open
            assert stream.phase is Phase.CLOSING
            assert stream.ends_s <= stream.now_s() + 2, "it will be cut in time"

    run(scene())


@on_every_loop
def test_who_is_failed_can_read_why_although_it_goes_on_sending(run: Run) -> None:
    async def scene() -> None:
        async with (
            feed() as (app, port),
            asked(port, handshake("/ws?topics=A")) as (reader, writer),
        ):
            await reader.readuntil(b'-0"}')
            writer.write(b"\xff" * 300_000)
            await app[keys.INGEST].submit([Change(topic="price:A", patch={"x": 1})])
            await writer.drain()
            assert understood(await reader.read())[-1] == ("CLOSE", b"\x03\xea")
            writer.write(b"\xff" * 300_000)
            writer.close()
            await writer.wait_closed()
            while app[keys.CONNECTIONS].open:
                await turns(1)

    run(scene())


@on_every_loop
@pytest.mark.parametrize(
    ("compress", "header", "first"),
    [(True, DEFLATED, 0xC1), (True, "X: x", 0x81), (False, DEFLATED, 0x81)],
)
def test_frames_are_deflated_where_both_want_it(
    run: Run,
    compress: bool,  # noqa: FBT001
    header: str,
    first: int,
) -> None:
    async def scene() -> None:
        async with (
            feed(compress=compress) as (_, port),
            asked(port, handshake("/ws", header)) as (reader, _),
        ):
            head = await reader.readuntil(b"\r\n\r\n")
            assert (b"\r\nSec-WebSocket-Extensions: " in head) == (first == 0xC1)
            assert (await reader.readexactly(1))[0] == first

    run(scene())


@on_every_loop
@pytest.mark.parametrize("compression", ["deflate", None])
def test_another_implementation_understands_all_of_it(run: Run, compression: str | None) -> None:
    async def scene() -> None:
        async with feed() as (app, port):
            await app[keys.INGEST].submit(
                [Change(topic=f"price:A{n}", patch={"text": str(n) * 9}) for n in range(600)]
            )
            url = f"http://127.0.0.1:{port}"
            async with websocket(url, {"topics": "*"}, compression=compression) as socket:
                assert (await socket.receive())["type"] == "welcome"
                assert (await socket.receive())["topics"] == ["*"]
                parts = [await socket.receive() for _ in range(2)]
                assert [len(part["items"]) for part in parts] == [500, 100]
                await socket.send(type="unsubscribe", topics=["*"], id=1)
                assert (await socket.receive())["topics"] == []
                await socket.raw.send([b'{"type":', b'"ping",', b'"id":2}'], text=True)
                assert (await socket.until("pong"))["id"] == 2
                await (await socket.raw.ping(b"payload"))
                (stream,) = app[keys.CONNECTIONS].open
                stream.close(1012)
                assert await socket.closed() == 1012
                await socket.raw.wait_closed()
            await turns()
            assert app[keys.CONNECTIONS].open == {}

    run(scene())


@pytest.mark.parametrize(
    ("settings", "target", "status"),
    [
        ({}, "/ws?conflate_ms=x", 400),
        ({"max_connections": 1}, "/ws", 503),
        ({"max_connections_per_ip": 1}, "/ws", 429),
    ],
)
async def test_who_is_refused_is_told_so_before_the_handshake(
    settings: dict[str, int], target: str, status: int
) -> None:
    async with (
        feed(**settings) as (app, port),
        asked(port, handshake("/ws")) as (first, _),
    ):
        await first.readuntil(b"\r\n\r\n")
        async with asked(port, handshake(target)) as (reader, _):
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 %d " % status)
        assert len(app[keys.CONNECTIONS].open) == 1
