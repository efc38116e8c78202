"""What is done for a stream in a task of its own, and how that ends."""

import asyncio
import logging

import pytest

from feed.errors import LogUnavailable
from feed.model.frame import Frame
from feed.web.connection import Phase
from tests.support.transport import House, Line, Run, fill, on_every_loop, opened, turns


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
    ("error", "logged", "why"),
    [
        (ValueError("a fault"), ["could not be served and is cut"], "fault"),
        (ConnectionResetError("the client is gone"), [], "client"),
        (LogUnavailable("the disk is away"), [], "unavailable"),
    ],
)
def test_who_cannot_be_served_is_cut(
    run: Run, error: Exception, logged: list[str], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        home = House()
        stream = Line(home)

        async def work() -> None:
            raise error

        async with opened(stream) as client:
            stream.run(work())
            assert await client.rest() == b""
            assert (home.gone, stream.ended_by) == ([stream], why)
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
