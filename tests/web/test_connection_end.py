"""How a stream ends: in order, cut, or lost; and what becomes of what is done for it."""

import asyncio
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from feed.errors import LogUnavailable
from feed.model.frame import Frame
from feed.web.connection import CLOSE_S, Phase
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


@on_every_loop
def test_a_write_never_raises_between_the_loss_and_the_end_of_its_task(run: Run) -> None:
    """A graceful end that had to wait for the client to read is told from within the transport."""

    async def scene() -> None:
        home = House()
        stream = Line(home)
        async with opened(stream, room=8192) as client:

            async def work() -> None:
                try:
                    await asyncio.Event().wait()
                finally:
                    stream.write(Frame(b"too late"))
                    stream.abort()
                    ended.set()

            ended = asyncio.Event()
            stream.run(work())
            await turns()
            written = fill(stream)
            stream.transport.close()
            assert await client.rest() == written
            async with asyncio.timeout(5):
                await ended.wait()
            await turns()
            assert home.gone == [stream]

    run(scene())


@on_every_loop
@pytest.mark.parametrize(
    ("error", "logged"),
    [
        (ValueError("a fault"), ["could not be served and is cut"]),
        (ConnectionResetError("the client is gone"), []),
        (LogUnavailable("the disk is away"), []),
    ],
)
def test_who_cannot_be_served_is_cut(
    run: Run, error: Exception, logged: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        home = House()
        stream = Line(home)

        async def work() -> None:
            raise error

        async with opened(stream) as client:
            stream.run(work())
            assert await client.rest() == b""
            assert home.gone == [stream]
            assert [record.getMessage() for record in caplog.records] == [
                f"{stream.id} {words}" for words in logged
            ]
            assert [record.exc_info and record.exc_info[1] for record in caplog.records] == [
                error for _ in logged
            ]

    caplog.set_level(logging.INFO, "feed")
    run(scene())


@on_every_loop
def test_a_task_that_fails_after_the_end_spoils_no_farewell(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        stream = Line(House())

        async def work() -> None:
            stream.close(4400)
            raise ValueError("a fault")

        async with opened(stream) as client:
            stream.run(work())
            await turns()
            assert (client.take(), client.has_ended) == (b"end 4400\n", False)

    run(scene())
    assert [record.levelname for record in caplog.records] == ["ERROR"]


@on_every_loop
def test_a_task_under_way_ends_before_the_home_is_told(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        home, seen = House(), []
        stream = Line(home)

        async def work() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                seen.append((stream.phase, list(home.gone)))

        async with opened(stream) as client:
            stream.run(work())
            await turns()
            client.close()
            await turns(8)
            assert seen == [(Phase.CLOSED, [])]
            assert home.gone == [stream]

    run(scene())
    assert caplog.records == []


@on_every_loop
def test_what_is_begun_at_the_end_of_a_task_takes_its_place(run: Run) -> None:
    async def scene() -> None:
        home, seen = House(), []
        stream = Line(home)

        async def first() -> None:
            seen.append("first")
            stream.run(second())

        async def second() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                seen.append("second ends")

        async with opened(stream):
            stream.run(first())
            await turns()
            stream.abort()
            await turns(8)
            assert seen == ["first", "second ends"]
            assert home.gone == [stream]

    run(scene())
