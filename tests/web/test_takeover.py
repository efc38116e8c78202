"""What must hold of aiohttp for a stream to take its transport over (decision 0010).

On both loops, on a socket of loopback, with aiohttp's own server in between.
"""

import asyncio
import gc
import hashlib
import logging
import socket

import pytest
from aiohttp import web

from feed.web.connection import Phase
from tests.support.clock import run_virtual
from tests.support.place import BIG, Place, place
from tests.support.transport import (
    Client,
    Line,
    Run,
    handshake,
    on_every_loop,
    serving,
    turns,
)

PLAIN = b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"


def alive() -> int:
    """How many protocols and requests of aiohttp anything holds that were made since the freeze."""
    gc.collect()
    kinds = (web.RequestHandler, web.Request)
    return sum(issubclass(type(each), kinds) for each in gc.get_objects())


@on_every_loop
def test_nothing_that_is_written_waits_for_more(run: Run) -> None:
    """One loop sees to that by itself; on asyncio's it is aiohttp, where the listener is ours."""

    async def delayed(request: web.Request) -> web.Response:
        assert request.transport
        its = request.transport.get_extra_info("socket")
        is_off = its.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        return web.Response(text="off" if is_off else "on")

    async def scene() -> None:
        app = web.Application()
        app.router.add_get("/", delayed)
        async with serving(app) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert (await reader.read()).endswith(b"off")
            writer.close()

    run(scene())


@on_every_loop
@pytest.mark.parametrize("target", ["/ws", "/stream"])
def test_nothing_of_aiohttp_s_is_left_but_the_transport(
    run: Run, target: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither protocol, parser, request, task, nor the timer that would hold the protocol."""

    async def scene() -> None:
        gc.freeze()  # what is there is of other tests, and too much to look at
        async with place() as here:
            reader, writer = await here.switched(handshake(target))
            writer.write(b"still there")
            await reader.readuntil(b"still there")
            assert alive() == 0
            assert [each() for each in here.requests] == [None]
            assert [each() for each in here.tasks] == [None]
            assert here.streams[0].phase is Phase.OPEN

    caplog.set_level(logging.DEBUG, "aiohttp")
    run(scene())
    assert caplog.records == []


@on_every_loop
def test_the_client_sees_the_head_and_then_the_stream_s_bytes_only(run: Run) -> None:
    """Not even the end of the chunked body that aiohttp began."""

    async def scene() -> None:
        async with place() as here:
            reader, writer = await here.switched(handshake("/stream"))
            writer.write(b"1")
            await reader.readexactly(1)
            here.streams[0].send(b"2")
            here.streams[0].transport.close()
            assert await reader.read() == b"2"

    run(scene())


@on_every_loop
def test_aiohttp_s_own_end_does_not_touch_the_transport(run: Run) -> None:
    async def scene() -> None:
        here = Place()
        async with asyncio.timeout(5):
            async with serving(here.app) as here.port:
                idle = await here.dial()
                reader, writer = await here.switched(handshake("/ws"))
            assert await idle[0].read() == b"", "the server has ended"
            idle[1].close()
            writer.write(b"still there")
            assert await reader.readexactly(11) == b"still there"
            writer.close()
            assert await reader.read() == b""
            await turns()
            assert here.house.gone == here.streams

    run(scene())


@on_every_loop
def test_a_protocol_that_is_kept_is_as_one_that_lost_its_connection(run: Run) -> None:
    """Whatever it is told later does not touch the transport."""

    async def scene() -> None:
        async with place() as here:
            reader, writer = await here.switched(handshake("/keep"))
            (protocol,) = here.kept
            assert protocol.transport is None
            protocol.keep_alive(True)  # noqa: FBT003  (the method's one argument)
            protocol.close()
            protocol.force_close()
            protocol.connection_lost(None)
            await protocol.shutdown()
            await turns()
            writer.write(b"still there")
            assert await reader.readexactly(11) == b"still there"

    run(scene())


def test_no_timer_of_aiohttp_s_ends_the_stream() -> None:
    async def scene() -> None:
        here = Place()
        runner = web.AppRunner(here.app, access_log=None, keepalive_timeout=75)
        await runner.setup()
        assert runner.server is not None
        ours, theirs = socket.socketpair()
        client = Client(theirs)
        await asyncio.get_running_loop().create_connection(runner.server, sock=ours)
        client.write(handshake("/ws"))
        while not here.streams:
            await turns(1)
        client.take()
        await asyncio.sleep(24 * 3600)
        client.write(b"still there")
        assert await client.receive(11) == b"still there"
        client.close()
        await turns()
        assert here.house.gone == here.streams
        await runner.cleanup()

    run_virtual(scene())


@on_every_loop
@pytest.mark.parametrize("early", [b"", b"early ", BIG], ids=["nothing", "a little", "much"])
@pytest.mark.parametrize("held", [b"", b"held ", BIG[:200_000]], ids=["none", "little", "much"])
def test_what_comes_behind_the_head_reaches_the_stream_in_order(
    run: Run, early: bytes, held: bytes
) -> None:
    """`early` comes in the same segment, `held` while the handler has yet to answer."""

    async def scene() -> None:
        async with place() as here:
            here.gate.clear()
            reader, writer = await here.dial()
            writer.write(handshake("/ws") + early)
            await here.came.wait()
            writer.write(held)
            await turns(9)
            here.gate.set()
            writer.write(b"late")
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101 ")
            expected = early + held + b"late"
            assert digest(await reader.readexactly(len(expected))) == digest(expected)

    run(scene())


def digest(data: bytes) -> tuple[int, str]:
    """For what is too long to be shown where it differs."""
    return len(data), hashlib.sha256(data).hexdigest()


@on_every_loop
@pytest.mark.parametrize("is_paused", [False, True])
def test_what_waits_in_the_transport_already_comes_first(run: Run, is_paused: bool) -> None:  # noqa: FBT001
    """As answers do that their client has yet to read. `is_paused`: aiohttp was told so."""

    async def scene() -> None:
        async with place() as here:
            here.is_paused = is_paused
            reader, _ = await here.switched(handshake("/waiting"))
            (stream,) = here.streams
            assert stream.is_waiting
            stream.send(b"first word")
            assert digest(await reader.readexactly(here.before)) == digest(
                BIG * (here.before // len(BIG))
            )
            assert await reader.readexactly(10) == b"first word"

    run(scene())


@on_every_loop
def test_requests_before_it_are_answered_on_the_same_connection(run: Run) -> None:
    async def scene() -> None:
        gc.freeze()  # as above
        async with place() as here:
            small = b"GET /small HTTP/1.1\r\nHost: x\r\n\r\n"
            reader, writer = await here.dial()
            for _ in range(3):
                writer.write(small)
                assert (await reader.readuntil(b"small")).startswith(b"HTTP/1.1 200 ")
            writer.write(small + small + handshake("/ws") + b"early")
            for _ in range(2):
                assert (await reader.readuntil(b"small")).startswith(b"HTTP/1.1 200 ")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
            assert await reader.readexactly(5) == b"early"
            writer.write(b"later")
            assert await reader.readexactly(5) == b"later"
            assert alive() == 0
            assert len(here.streams) == 1

    run(scene())


@on_every_loop
def test_who_asks_for_more_behind_a_stream_is_not_answered(run: Run) -> None:
    """A stream without an upgrade: aiohttp has read the requests behind it already."""

    async def scene() -> None:
        async with place() as here:
            small = b"GET /small HTTP/1.1\r\nHost: x\r\n\r\n"
            reader, _ = await here.switched(PLAIN + small)
            here.streams[0].send(b"word")
            here.streams[0].transport.close()
            assert await reader.read() == b"word"
            assert here.streams[0].heard == b""

    run(scene())


@on_every_loop
def test_a_stream_is_read_though_aiohttp_had_stopped_for_a_body(run: Run) -> None:
    """Else nobody would see its client leave."""

    async def scene() -> None:
        async with place() as here:
            head = b"GET /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n"
            here.gate.clear()
            here.kind = Line
            reader, writer = await here.dial()
            writer.write(head + BIG * 4)
            await here.came.wait()
            await turns(9)
            here.gate.set()
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"the end")
            writer.close()
            while not here.house.gone:
                await turns(1)
            assert here.streams[0].heard.endswith(b"the end")

    run(scene())


@on_every_loop
@pytest.mark.parametrize("when", ["now", "before"])
def test_who_has_left_is_no_stream(run: Run, when: str) -> None:
    """`now`: nobody was told yet. `before`: aiohttp was, and let the handler go on."""

    async def scene() -> None:
        async with place(cancels=False) as here:
            reader, writer = await here.dial()
            writer.write(handshake(f"/left?{when}"))
            await reader.read()
            await turns()
            assert here.errors == ["the client is gone"]
            assert (here.streams, here.house.gone) == ([], [])

    run(scene())
