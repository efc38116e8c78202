"""Streams that are written the same by the hub: past the transport, or behind what waits in it."""

from contextlib import AsyncExitStack

from feed.hub.member import Crowd, write
from feed.model.frame import Frame
from feed.web.connection import FULL_BYTES
from tests.support.transport import House, Line, Run, fill, fill_up, on_every_loop, opened, turns

ROOM = 8192
"""For the kernel, where it is to take little."""


def loud(frame: Frame) -> bytes:
    """Another way to put a frame on a transport."""
    return frame.payload.upper() + b"!"


def crowd_of(*streams: Line) -> Crowd:
    """A crowd of these."""
    crowd = Crowd()
    for stream in streams:
        crowd.add(stream.member)
    return crowd


@on_every_loop
def test_each_is_written_its_crowds_frame_as_its_door_wraps_it(run: Run) -> None:
    async def scene() -> None:
        one, two, three, four = Line(House()), Line(House()), Line(House(), loud), Line(House())
        async with AsyncExitStack() as stack:
            enter = stack.enter_async_context
            clients = [await enter(opened(each)) for each in (one, two, three, four)]
            here, there = crowd_of(one, two, three), crowd_of(four)
            assert write([(here, Frame(b"a")), (there, Frame(b"b"))]) == []
            assert [client.take() for client in clients] == [b"a\n", b"a\n", b"A!", b"b\n"]
            assert list(here) == [one.member, two.member, three.member]

            for stream in (one, two):
                here.remove(stream.member)
            assert here
            here.remove(three.member)
            assert not here
            here.add(three.member)
            write([(here, Frame(b"c"))])
            assert [client.take() for client in clients] == [b"", b"", b"C!", b""]

    run(scene())


@on_every_loop
def test_what_the_kernel_does_not_take_comes_behind_in_order(run: Run) -> None:
    async def scene() -> None:
        stream, other = Line(House()), Line(House())
        async with opened(stream, room=ROOM) as client, opened(other) as quick:
            crowd, frame = crowd_of(stream, other), Frame(b"0123456789" * 50)
            for _ in range(2):
                written = b""
                while not stream.is_waiting:
                    write([(crowd, frame)])
                    written += frame.payload + b"\n"
                write([(crowd, Frame(b"and this"))])
                written += b"and this\n"
                assert quick.take() == written
                assert await client.receive(len(written)) == written
                await turns()
                write([(crowd, Frame(b"straight"))])
                assert (client.take(), quick.take()) == (b"straight\n", b"straight\n")

    run(scene())


@on_every_loop
def test_nothing_goes_past_what_is_gathered_in_this_turn(run: Run) -> None:
    async def scene() -> None:
        stream = Line(House())
        async with opened(stream) as client:
            crowd = crowd_of(stream)
            stream.cork()
            stream.send(b"first,")
            write([(crowd, Frame(b"x" * FULL_BYTES))])
            assert client.take() == b"first," + b"x" * FULL_BYTES + b"\n", "written once it is much"
            await turns()
            write([(crowd, Frame(b"then"))])
            assert client.take() == b"then\n"

    run(scene())


@on_every_loop
def test_who_takes_no_more_is_named_and_not_written_to(run: Run) -> None:
    async def scene() -> None:
        stream, other = Line(House()), Line(House())
        async with opened(stream, room=ROOM) as client, opened(other) as quick:
            crowd = crowd_of(stream, other)
            written = fill_up(stream)
            assert write([(crowd, Frame(b"1"))]) == [(crowd, stream.member)]
            assert quick.take() == b"1\n"
            assert await client.receive(len(written)) == written
            await turns()
            assert write([(crowd, Frame(b"2"))]) == []
            assert (client.take(), quick.take()) == (b"2\n", b"2\n")

    run(scene())


@on_every_loop
def test_whose_client_has_gone_is_cut_and_the_others_are_written_to(run: Run) -> None:
    async def scene() -> None:
        home = House()
        stream, other = Line(home), Line(home)
        async with opened(stream) as client, opened(other) as quick:
            crowd = crowd_of(stream, other)
            client.close()
            assert write([(crowd, Frame(b"1"))]) == []
            await turns()
            assert home.gone == [stream]
            write([(crowd, Frame(b"2"))])
            assert quick.take() == b"1\n2\n"

    run(scene())


@on_every_loop
def test_nothing_is_written_after_the_end(run: Run) -> None:
    async def scene() -> None:
        closing, corked, waiting = Line(House()), Line(House()), Line(House())
        async with (
            opened(closing) as one,
            opened(corked) as two,
            opened(waiting, room=ROOM) as three,
        ):
            crowd = crowd_of(closing, corked, waiting)
            corked.cork()
            written = fill(waiting)
            for stream in (closing, corked, waiting):
                stream.close(7)
            assert write([(crowd, Frame(b"too late"))]) == []
            await turns()
            assert (one.take(), two.take()) == (b"end 7\n", b"end 7\n")
            assert await three.receive(len(written) + 6) == written + b"end 7\n"
            await turns()
            write([(crowd, Frame(b"too late as well"))])
            assert (one.take(), two.take(), three.take()) == (b"", b"", b"")

    run(scene())


@on_every_loop
def test_one_that_is_lost_while_it_gathers_has_no_line(run: Run) -> None:
    async def scene() -> None:
        stream = Line(House())
        async with opened(stream) as client:
            crowd = crowd_of(stream)
            stream.cork()
            stream.send(b"never")
            stream.connection_lost(None)
            await turns()
            write([(crowd, Frame(b"nor this"))])
            assert client.take() == b""
            assert stream.member.line is None

    run(scene())
