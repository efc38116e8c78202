"""What a stream is written, in which order, and how it ends; on real sockets."""

import asyncio
import re

import pytest

from feed.model.frame import Frame
from feed.web.connection import FULL_BYTES
from tests.support.clock import run_virtual
from tests.support.transport import (
    House,
    Line,
    Packets,
    Run,
    fill,
    fill_up,
    on_every_loop,
    opened,
    turns,
)

ROOM = 8192
"""For the kernel, where it is to take little."""


@on_every_loop
def test_what_nothing_waits_before_is_with_the_client_at_once(run: Run) -> None:
    async def scene() -> None:
        stream = Line(House())
        async with opened(stream) as client:
            stream.write(Frame(b"1"))
            assert client.take() == b"1\n"
            stream.send(b"2")
            stream.write(Frame(b"3"))
            assert client.take() == b"23\n"
            assert not stream.is_waiting

    run(scene())


@on_every_loop
@pytest.mark.parametrize("piece", [1, 1000, 100_000])
def test_what_the_kernel_does_not_take_comes_behind_in_order(run: Run, piece: int) -> None:
    """Of a single byte it takes nothing, of many a part."""

    async def scene() -> None:
        stream = Line(House())
        async with opened(stream, room=ROOM) as client:
            for _ in range(2):
                written = fill(stream, piece)
                stream.write(Frame(b"and this"))
                stream.send(b"and that")
                written += b"and this\nand that"
                assert await client.receive(len(written)) == written
                await turns()
                assert not stream.is_waiting
                stream.send(b"straight")
                assert client.take() == b"straight"

    run(scene())


@on_every_loop
def test_the_first_byte_that_waits_is_known(run: Run) -> None:
    async def scene() -> None:
        stream = Line(House())
        async with opened(stream, room=ROOM):
            fill(stream, 1)
            assert (stream.waiting, stream.is_waiting) == (1, True)

    run(scene())


@on_every_loop
def test_what_waited_before_it_had_the_transport_comes_first(run: Run) -> None:
    async def scene() -> None:
        before, stream = Line(House()), Line(House())
        async with opened(before, room=ROOM) as client:
            transport = before.transport
            transport.set_write_buffer_limits(high=FULL_BYTES)
            transport.write(b"x" * 30_000)
            assert not before.is_waiting
            transport.set_protocol(stream)
            stream.connection_made(transport)
            assert stream.is_waiting
            stream.send(b"behind")
            assert await client.receive(30_006) == b"x" * 30_000 + b"behind"

    run(scene())


@on_every_loop
def test_it_is_full_above_64_kib_until_all_is_read(run: Run) -> None:
    async def scene() -> None:
        stream = Line(House())
        async with opened(stream, room=ROOM) as client:
            written = fill(stream)
            rest = b"x" * (FULL_BYTES - stream.waiting)
            stream.send(rest)
            assert (stream.waiting, stream.is_full) == (65_536, False)
            stream.send(b".")
            assert stream.is_full
            written += rest + b"."
            assert await client.receive(len(written)) == written
            await turns()
            assert (stream.waiting, stream.is_full) == (0, False)

    run(scene())


@on_every_loop
def test_all_who_wait_go_on_once_it_is_drained(run: Run) -> None:
    async def scene() -> None:
        stream, went_on = Line(House()), []

        async def wait(name: str) -> None:
            await stream.drained()
            went_on.append((name, stream.waiting))

        async with opened(stream, room=ROOM) as client, asyncio.timeout(5):
            await wait("empty")
            written = len(fill(stream))
            waiting = stream.waiting
            await wait("not full")
            stream.send(b"x" * FULL_BYTES)
            tasks = [asyncio.create_task(wait(name)) for name in ("a", "b")]
            await turns()
            assert went_on == [("empty", 0), ("not full", waiting)]
            await client.receive(written + FULL_BYTES)
            await asyncio.gather(*tasks)
            assert went_on[2:] == [("a", 0), ("b", 0)]

    run(scene())


@on_every_loop
def test_who_waits_goes_on_waiting_where_another_has_filled_it_again(run: Run) -> None:
    async def scene() -> None:
        stream, went_on = Line(House()), []

        async def wait(name: str) -> None:
            await stream.drained()
            went_on.append((name, stream.is_full))
            fill_up(stream)

        async with opened(stream, room=ROOM) as client, asyncio.timeout(5):
            written = len(fill_up(stream))
            tasks = [asyncio.create_task(wait(name)) for name in ("a", "b")]
            await turns()
            await client.receive(written)
            await turns()
            assert went_on == [("a", False)]
            while len(went_on) == 1:
                client.take()
                await turns(1)
            assert went_on == [("a", False), ("b", False)]
            await asyncio.gather(*tasks)

    run(scene())


@on_every_loop
@pytest.mark.parametrize("end", ["close", "abort", "leave"])
def test_who_waits_for_it_is_told_that_the_client_is_gone(run: Run, end: str) -> None:
    async def scene() -> None:
        stream = Line(House())
        async with opened(stream, room=ROOM) as client, asyncio.timeout(5):
            fill(stream)
            stream.send(b"x" * FULL_BYTES)
            tasks = [asyncio.create_task(stream.drained()) for _ in range(2)]
            await turns()
            match end:
                case "close":
                    stream.close(1012)
                case "abort":
                    stream.abort()
                case _:
                    client.close()
            for task in (*tasks, stream.drained()):
                with pytest.raises(ConnectionResetError):
                    await task

    run(scene())


def test_stalled_is_who_reads_nothing_of_what_waits_for_30_s() -> None:
    async def scene() -> None:
        stream = Line(House())

        async def after(seconds: float) -> str | None:
            await asyncio.sleep(seconds)
            return stream.look(stream.now_s())

        async with opened(stream, room=ROOM) as client:
            assert await after(100) is None, "nothing waits"
            fill(stream)
            stream.send(b"x" * FULL_BYTES)
            assert await after(29) is None
            client.take()
            assert await after(29) is None, "it has read a little"
            for _ in range(3):
                assert await after(7) is None
                stream.send(b"what is written is not read")
            assert await after(9) is None
            assert await after(0.25) == "read nothing for 30 s"
            client.take()
            assert await after(0.25) is None, "it has read again"
            while stream.is_waiting:
                client.take()
                await turns()
            assert await after(100) is None, "it has read all"
            fill(stream)
            assert await after(30) is None, "the time begins anew"
            assert await after(0.25) == "read nothing for 30 s"

    run_virtual(scene())


async def test_what_is_corked_goes_out_as_one_at_the_end_of_the_turn() -> None:
    stream = Line(House())
    with Packets(stream) as packets:
        stream.cork()
        stream.cork()
        for name in (b"1", b"2", b"3"):
            stream.write(Frame(name))
        assert packets.writes() == []
        await turns(1)
        assert packets.writes() == [b"1\n2\n3\n"]
        stream.write(Frame(b"4"))
        stream.write(Frame(b"5"))
        assert packets.writes() == [b"4\n", b"5\n"], "the next are not"


async def test_more_than_64_kib_is_not_held_by_a_cork() -> None:
    stream, half = Line(House()), b"x" * (FULL_BYTES // 2)
    with Packets(stream) as packets:
        stream.cork()
        stream.send(half)
        stream.send(half)
        assert packets.writes() == []
        stream.send(b".")
        assert packets.writes() == [half + half + b"."]
        stream.send(b"more")
        assert packets.writes() == [b"more"]
        await turns(1)
        assert packets.writes() == []


async def test_an_end_does_not_wait_for_the_cork() -> None:
    stream = Line(House())
    with Packets(stream) as packets:
        stream.cork()
        stream.write(Frame(b"1"))
        stream.close(1012)
        assert packets.writes() == [b"1\nend 1012\n"]
        await turns(1)
        assert packets.writes() == []


@on_every_loop
def test_a_cork_changes_nothing_where_bytes_wait(run: Run) -> None:
    async def scene() -> None:
        stream = Line(House())
        async with opened(stream, room=ROOM) as client:
            written = fill(stream)
            stream.cork()
            stream.send(b"behind")
            assert await client.receive(len(written) + 6) == written + b"behind"

    run(scene())


@on_every_loop
def test_nothing_is_read_while_the_client_is_held_back(run: Run) -> None:
    async def scene() -> None:
        stream = Line(House())
        async with opened(stream) as client:
            stream.hold_back(held=True)
            stream.hold_back(held=True)
            client.write(b"1")
            await turns()
            assert stream.heard == b""
            stream.hold_back(held=False)
            stream.hold_back(held=False)
            client.write(b"2")
            await turns()
            assert stream.heard == b"12"

    run(scene())


async def test_each_has_a_name_of_its_own() -> None:
    home = House()
    names = {Line(home).id for _ in range(100)}
    assert len(names) == 100
    assert all(re.fullmatch("c-[0-9a-f]{8}", name) for name in names)
