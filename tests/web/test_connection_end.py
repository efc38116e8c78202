"""How a stream ends: in order, cut, or lost."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from feed.model.frame import Frame
from feed.web.connection import CLOSE_S, Phase
from tests.support.clock import run_virtual
from tests.support.transport import House, Line, Run, fill, on_every_loop, opened, turns


@on_every_loop
def test_a_close_writes_the_end_once_and_then_nothing(run: Run) -> None:
    async def scene() -> None:
        stream = Line(House())
        async with opened(stream) as client:
            assert (stream.phase, stream.is_ending) == (Phase.OPEN, False)
            stream.write(Frame(b"1"))
            stream.close(1012)
            assert (stream.phase, stream.is_ending) == (Phase.CLOSING, True)
            assert CLOSE_S == 2
            assert stream.now_s() < stream.ends_s <= stream.now_s() + 2
            assert stream.due_s == stream.ends_s
            stream.close(4400)
            assert client.take() == b"1\nend 1012\n"

    run(scene())


def test_who_is_told_the_end_again_gets_no_more_time() -> None:
    async def scene() -> None:
        stream = Line(House())
        async with opened(stream):
            stream.close(1012)
            ends_s = stream.ends_s
            await asyncio.sleep(1)
            stream.close(1012)
            assert stream.ends_s == ends_s == 2

    run_virtual(scene())


@on_every_loop
def test_an_end_comes_behind_what_waits(run: Run) -> None:
    async def scene() -> None:
        stream = Line(House())
        async with opened(stream, room=8192) as client:
            written = fill(stream) + b"end 1012\n"
            stream.close(1012)
            stream.write(Frame(b"too late"))
            assert await client.receive(len(written)) == written
            await turns()
            assert (client.take(), stream.is_waiting) == (b"", False)

    run(scene())


@on_every_loop
def test_a_frame_after_the_end_is_dropped_and_cuts_nobody(run: Run) -> None:
    """The hub goes on telling its member until the transport is gone."""

    async def scene() -> None:
        home = House()
        stream = Line(home)
        async with opened(stream) as client:
            stream.close(1012)
            stream.write(Frame(b"too late"))
            stream.cork()
            stream.write(Frame(b"too late as well"))
            await turns()
            assert (client.take(), client.has_ended) == (b"end 1012\n", False)
            assert (stream.phase, home.gone) == (Phase.CLOSING, [])
            client.write(b"farewell")
            await turns()
            assert stream.heard == b"farewell"

    run(scene())


@on_every_loop
def test_a_cut_ends_the_connection_and_is_told_once(run: Run) -> None:
    async def scene() -> None:
        home = House()
        stream = Line(home)
        async with opened(stream) as client:
            stream.abort()
            stream.abort()
            assert await client.rest() == b""
            assert (stream.phase, home.gone) == (Phase.CLOSED, [stream])
            stream.abort()
            stream.close(1012)
            stream.hold_back(held=True)
            stream.hold_back(held=False)
            await turns()
            assert home.gone == [stream]

    run(scene())


@on_every_loop
def test_who_has_left_is_found_out_by_the_next_write(run: Run) -> None:
    async def scene() -> None:
        home = House()
        stream = Line(home)
        async with opened(stream) as client:
            stream.hold_back(held=True)  # so that nothing else tells
            client.close()
            stream.write(Frame(b"1"))
            assert (stream.phase, home.gone) == (Phase.OPEN, [])
            await turns()
            assert (stream.phase, home.gone) == (Phase.CLOSED, [stream])

    run(scene())


@contextmanager
def next_with(number: int) -> Iterator[socket.socket]:
    """Open sockets until one gets a descriptor's number; gives the other end of that."""
    with ExitStack() as opened:
        while True:
            ends = [opened.enter_context(end) for end in socket.socketpair()]
            assert min(end.fileno() for end in ends) <= number, "it is still in use"
            for one, other in (ends, ends[::-1]):
                if one.fileno() == number:
                    yield other
                    return


@on_every_loop
@pytest.mark.parametrize("end", ["close", "abort", "leave"])
def test_nothing_goes_to_whoever_has_its_number_next(run: Run, end: str) -> None:
    async def scene() -> None:
        stream = Line(House())
        async with opened(stream) as client:
            number = stream.transport.get_extra_info("socket").fileno()
            stream.cork()
            stream.write(Frame(b"corked"))
            if end == "close":
                stream.close(1012)
                stream.transport.close()
            elif end == "abort":
                stream.abort()
            else:
                client.close()
            stream.write(Frame(b"in the same turn"))
            await turns()
            assert stream.phase is Phase.CLOSED
            with next_with(number) as reader:
                stream.write(Frame(b"1"))
                stream.send(b"2")
                stream.cork()
                stream.write(Frame(b"3"))
                stream.close(1012)
                await turns()
                os.write(number, b"only this")
                assert reader.recv(99) == b"only this"

    run(scene())
