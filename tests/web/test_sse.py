"""A stream of events from its greeting to its end."""

import pytest

from feed.hub.subscription import Options, Subscription
from feed.model.frame import Frame, Wrap
from feed.model.topic import Filters
from feed.web.sse import EventStream
from feed.web.wire import chunked_event, event
from tests.support.clock import run_virtual
from tests.support.events import chunks, frames
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


async def streaming(house: House, wrap: Wrap = chunked_event) -> EventStream:
    """A stream of a hub that runs."""
    await house.hub.start()
    return EventStream("192.0.2.1", wrap, house)


async def test_the_greeting_is_one_write_and_each_frame_one_more() -> None:
    house = House()
    stream = await streaming(house)
    with Packets(stream) as packets:
        stream.run(stream.begin(Frame(b'{"type":"welcome"}'), WANTED, None))
        await turns()
        (greeting,) = packets.writes()
        told = [frames(chunk) for chunk in chunks(greeting)]
        assert [frame["type"] for (frame,) in told] == ["welcome", "subscribed", "snapshot"]
        stream.write(Frame(b'{"type":"update"}'))
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
        stream.run(stream.begin(Frame(b'{"type":"welcome"}'), WANTED, None))
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
            stream.write(Frame(b'{"type":"too late"}'))
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


def test_who_cannot_be_told_the_state_now_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        house = House()
        stream = await streaming(house)
        await house.hub.log.aclose()
        async with opened(stream) as client:
            delayed = Subscription(WANTED.filters, Options(delay_ms=1000))
            stream.run(stream.begin(Frame(b'{"type":"welcome"}'), delayed, None))
            assert chunks(await client.rest()) == [b'data: {"type":"welcome"}\n\n']
            assert house.gone == [stream]
        await house.hub.stop()

    run_virtual(scene())
    assert "could not be served" not in caplog.text
