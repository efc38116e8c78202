"""A stream of events from its greeting to its end."""

import json
from typing import Any

import aiohttp
import pytest

from feed.hub.subscription import Options, Subscription
from feed.model.change import Change
from feed.model.frame import Frame, Wrap, plain
from feed.model.topic import Filters
from feed.web import keys
from feed.web.sse import EventStream
from feed.web.wire import chunked_event, event
from tests.support.clock import run_virtual
from tests.support.doors import sse_events, sse_frame
from tests.support.talk import asked, feed
from tests.support.transport import (
    House,
    Packets,
    Run,
    fill,
    fill_up,
    on_every_loop,
    opened,
    turns,
)

WANTED = Subscription(Filters.of(["price:A"]))
LAST = b"0\r\n\r\n"

WRAPS = pytest.mark.parametrize(("wrap", "last"), [(chunked_event, LAST), (event, b"")])


def chunks(body: bytes) -> list[bytes]:
    """Those of a chunked body (RFC 9112 section 7.1), all of them whole."""
    found = []
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        assert body[length : length + 2] == b"\r\n"
        found.append(body[:length])
        body = body[length + 2 :]
    return found


def frames(events: bytes) -> list[dict[str, Any]]:
    """The frames of some events."""
    return [
        json.loads(line.removeprefix(b"data: "))
        for line in events.splitlines()
        if line.startswith(b"data: ")
    ]


async def streaming(house: House, wrap: Wrap = chunked_event) -> EventStream:
    """A stream of a hub that runs."""
    await house.hub.start()
    return EventStream("192.0.2.1", wrap, house)


async def test_the_greeting_is_one_write_and_each_frame_one_more() -> None:
    house = House()
    stream = await streaming(house)
    with Packets(stream) as packets:
        stream.run(stream.begin(plain("welcome"), WANTED, None))
        await turns()
        (greeting,) = packets.writes()
        told = [frames(chunk) for chunk in chunks(greeting)]
        assert [frame["type"] for (frame,) in told] == ["welcome", "subscribed", "snapshot"]
        stream.write(plain("update"))
        stream.write(Frame(b"{}", "e-7"))
        assert packets.writes() == [
            b'19\r\ndata: {"type":"update"}\n\n\r\n',
            b"12\r\nid: e-7\ndata: {}\n\n\r\n",
        ]
    await house.hub.stop()


async def test_where_there_are_no_chunks_events_are_bare() -> None:
    house = House()
    stream = await streaming(house, event)
    with Packets(stream) as packets:
        stream.run(stream.begin(plain("welcome"), WANTED, None))
        await turns()
        (greeting,) = packets.writes()
        assert greeting.startswith(b'data: {"type":"welcome"}\n\ndata: {"type":"subscribed",')
        stream.write(Frame(b"{}", "e-7"))
        assert packets.writes() == [b"id: e-7\ndata: {}\n\n"]
    await house.hub.stop()


@on_every_loop
@WRAPS
def test_a_close_ends_the_body_and_the_connection(run: Run, wrap: Wrap, last: bytes) -> None:
    async def scene() -> None:
        house = House()
        stream = EventStream("192.0.2.1", wrap, house)
        async with opened(stream) as client:
            stream.close(1012)
            stream.write(plain("too late"))
            assert await client.rest() == last
            assert house.gone == [stream]

    run(scene())


@on_every_loop
@WRAPS
def test_what_waits_is_read_before_the_end(run: Run, wrap: Wrap, last: bytes) -> None:
    async def scene() -> None:
        house = House()
        stream = EventStream("192.0.2.1", wrap, house)
        async with opened(stream, room=8192) as client:
            written = fill(stream)
            stream.close(1012)
            await turns()
            assert house.gone == []
            assert await client.rest() == written + last
            await turns()
            assert house.gone == [stream]

    run(scene())


@on_every_loop
@WRAPS
def test_what_is_corked_is_read_before_the_end(run: Run, wrap: Wrap, last: bytes) -> None:
    async def scene() -> None:
        stream = EventStream("192.0.2.1", wrap, House())
        async with opened(stream, room=8192) as client:
            stream.cork()
            stream.send(b"." * 60_000)
            stream.close(1012)
            assert await client.rest() == b"." * 60_000 + last

    run(scene())


@on_every_loop
def test_who_has_more_to_read_than_64_kib_is_cut(run: Run) -> None:
    async def scene() -> None:
        house = House()
        stream = EventStream("192.0.2.1", chunked_event, house)
        async with opened(stream, room=8192) as client:
            written = fill_up(stream)
            stream.close(1012)
            await turns()
            assert house.gone == [stream]
            had = await client.rest()
            assert len(had) < len(written)
            assert written.startswith(had)

    run(scene())


@on_every_loop
def test_what_its_client_says_is_not_heard(run: Run) -> None:
    async def scene() -> None:
        house = House()
        stream = EventStream("192.0.2.1", event, house)
        async with opened(stream) as client:
            client.write(b"GET / HTTP/1.1\r\n\r\n")
            await turns()
            assert client.take() == b""
            client.close()
            await turns()
            assert house.gone == [stream]

    run(scene())


@on_every_loop
def test_the_door_greets_tells_and_ends(run: Run) -> None:
    async def scene() -> None:
        request = b"GET /sse?topics=A HTTP/1.1\r\nHost: x\r\n\r\n"
        async with feed() as (app, port), asked(port, request) as (reader, _):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            assert head.startswith("HTTP/1.1 200 OK\r\n")
            assert {
                "Content-Type: text/event-stream",
                "Transfer-Encoding: chunked",
                "Cache-Control: no-cache, no-transform",
                "X-Accel-Buffering: no",
            } <= set(head.split("\r\n"))
            body = await reader.readuntil(b'"more":false,"cursor":')
            body += await reader.readuntil(b"\n\n\r\n")
            (stream,) = app[keys.CONNECTIONS].open
            await app[keys.INGEST].submit([Change(topic="price:A", patch={"x": 1})])
            body += await reader.readuntil(b"\n\n\r\n")
            stream.close(1012)
            body += await reader.read()
            retry, welcome, *told, last = chunks(body)
            name, _, delay_ms = retry.partition(b": ")
            assert name == b"retry"
            assert 1000 <= int(delay_ms) <= 5000
            assert frames(welcome)[0]["connection"] == stream.id
            assert [frame["type"] for chunk in told for frame in frames(chunk)] == [
                *("subscribed", "snapshot", "update")
            ]
            assert last == b""

    run(scene())


@on_every_loop
def test_the_door_has_no_chunks_for_http_1_0(run: Run) -> None:
    async def scene() -> None:
        request = b"GET /sse?topics=A HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n"
        async with feed() as (app, port), asked(port, request) as (reader, _):
            head = await reader.readuntil(b"\r\n\r\n")
            assert b"chunked" not in head
            body = await reader.readuntil(b'"more":false,"cursor":')
            body += await reader.readuntil(b"\n\n")
            (stream,) = app[keys.CONNECTIONS].open
            stream.close(1012)
            assert await reader.read() == b"", "the end of the connection is that of the body"
            assert body.startswith(b"retry: ")
            assert [frame["type"] for frame in frames(body)] == [
                *("welcome", "subscribed", "snapshot")
            ]
            assert not any(line[:1].isdigit() for line in body.splitlines())

    run(scene())


@on_every_loop
def test_another_implementation_understands_all_of_it(run: Run) -> None:
    async def scene() -> None:
        async with feed() as (app, port), aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{port}/sse?topics=*"
            async with session.get(url) as answer:
                told = []
                async for each in sse_events(answer.content):
                    if "data" not in each:
                        continue
                    told.append(sse_frame(each)["type"])
                    if told[-1] == "snapshot":
                        await app[keys.INGEST].submit([Change(topic="price:A", patch={"x": 1})])
                    if told[-1] == "update":
                        (stream,) = app[keys.CONNECTIONS].open
                        stream.close(1012)
            assert told == ["welcome", "subscribed", "snapshot", "update"]
            await turns()
            assert app[keys.CONNECTIONS].open == {}

    run(scene())


@pytest.mark.parametrize(
    ("query", "headers", "told"),
    [
        ("", {}, ["snapshot"]),
        ("&cursor={}-1", {}, ["update"]),
        ("&cursor=bad", {"Last-Event-ID": "{}-1"}, ["update"]),
        ("&cursor={}-1", {"Last-Event-ID": ""}, ["update"]),
        ("&cursor=", {}, ["snapshot"]),
        ("&cursor={}-1", {"Last-Event-ID": "0-1"}, ["reset", "snapshot"]),
    ],
)
async def test_the_last_event_id_wins_over_the_cursor(
    query: str, headers: dict[str, str], told: list[str]
) -> None:
    async with feed() as (app, port), aiohttp.ClientSession() as session:
        epoch = app[keys.HUB].epoch
        for n in range(2):
            await app[keys.INGEST].submit([Change(topic="price:A", patch={"x": n})])
        url = f"http://127.0.0.1:{port}/sse?topics=A{query.format(epoch)}"
        given = {name: value.format(epoch) for name, value in headers.items()}
        async with session.get(url, headers=given) as answer:
            heard: list[str] = []
            async for each in sse_events(answer.content):
                heard += [sse_frame(each)["type"]] if "data" in each else []
                if heard[2:] == told:
                    break
            assert heard[:2] == ["welcome", "subscribed"]


@pytest.mark.parametrize(
    ("settings", "target", "status"),
    [
        ({}, "/sse", 400),
        ({}, "/sse?topics=a+b", 400),
        ({}, "/sse?topics=A&cursor=bad", 400),
        ({}, "/sse?topics=A&window_ms=1001", 400),
        ({"max_connections": 1}, "/sse?topics=A", 503),
        ({"max_connections_per_ip": 1}, "/sse?topics=A", 429),
    ],
)
async def test_who_is_refused_is_told_so_before_the_stream(
    settings: dict[str, int], target: str, status: int
) -> None:
    async with feed(**settings) as (app, port), aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{port}"
        async with session.get(f"{url}/sse?topics=B"), session.get(url + target) as answer:
            assert answer.status == status
            assert answer.content_type == "application/problem+json"
            assert len(app[keys.CONNECTIONS].open) == 1


def test_who_cannot_be_told_the_state_now_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        house = House()
        stream = await streaming(house)
        await house.hub.log.aclose()
        async with opened(stream) as client:
            delayed = Subscription(WANTED.filters, Options(delay_ms=1000))
            stream.run(stream.begin(plain("welcome"), delayed, None))
            assert chunks(await client.rest()) == [b'data: {"type":"welcome"}\n\n']
            assert house.gone == [stream]
        await house.hub.stop()

    run_virtual(scene())
    assert "could not be served" not in caplog.text
