"""A WebSocket from its handshake to its end: what is heard when, and how either side closes."""

import asyncio
import zlib

import pytest

from feed.model.frame import Frame
from feed.web.connection import Phase
from tests.support.client_frame import (
    BINARY,
    CLOSE,
    FIN,
    MORE,
    PONG,
    RSV1,
    TEXT,
    client_frame,
    closing,
    fragments,
    text,
)
from tests.support.clock import run_virtual
from tests.support.inbound import steps
from tests.support.talk import (
    CURSOR,
    WELCOME,
    Said,
    SlowLog,
    answer,
    command,
    ping,
    talking,
)
from tests.support.transport import (
    fill_up,
    server_frames,
    turns,
)


@pytest.mark.parametrize(
    ("said", "echoed"),
    [
        (closing(1000), b"\x03\xe8"),
        (closing(4999, "das wär's".encode()), b"\x13\x87"),
        (client_frame(FIN | CLOSE), b""),
    ],
)
def test_a_client_s_close_is_answered_with_its_code_and_ends_the_connection(
    said: bytes, echoed: bytes
) -> None:
    async def scene() -> None:
        async with talking() as talk:
            assert await talk.heard() == [WELCOME]
            talk.send(said + command(1))
            assert await talk.heard() == [("CLOSE", echoed)]
            assert talk.client.has_ended
            assert talk.home.open == {}

    run_virtual(scene())


def test_what_was_said_before_a_close_is_not_waited_for() -> None:
    async def scene() -> None:
        async with talking() as talk:
            await talk.heard()
            talk.send(command(1) + closing(1000))
            assert await talk.heard() == [("CLOSE", b"\x03\xe8")]
            assert talk.client.has_ended

    run_virtual(scene())


def test_after_our_close_the_client_s_ends_the_connection() -> None:
    async def scene() -> None:
        async with talking("A") as talk:
            await talk.heard()
            talk.stream.close(4400)
            assert await talk.heard() == [("CLOSE", b"\x11\x30")]
            for said in (command(1) + ping(), command(2), client_frame(FIN | BINARY, b"x")):
                talk.send(said)
                talk.stream.write(Frame(b'{"type":"update"}'))
                assert await talk.heard() == [], "nothing else is heard or said"
            assert talk.stream.phase is Phase.CLOSING
            talk.send(closing(4400))
            assert await talk.heard() == []
            assert talk.client.has_ended
            assert talk.home.open == {}

    run_virtual(scene())


@pytest.mark.parametrize("is_full", [False, True])
def test_a_close_while_commands_wait_is_answered_as_well(is_full: bool) -> None:  # noqa: FBT001
    """They are not read any more, but the client's close must be."""

    async def scene() -> None:
        log = SlowLog()
        async with talking(log=log, room=8192) as talk:
            await talk.heard()
            log.gate.clear()
            talk.say(type="subscribe", topics=["A"], cursor=CURSOR)
            await turns()
            talk.send(command(1))
            await turns()
            talk.send(command(2))
            filler = b""
            if is_full:
                filler = fill_up(talk.stream)
            talk.stream.close(1012)
            talk.send(closing(1012))
            assert await talk.client.rest() == filler + b"\x88\x02\x03\xf4"
            assert talk.stream.now_s() < 1, "not only when it is cut"

    run_virtual(scene())


BROKEN = {
    "no mask": (b"\x81\x01a", 1002),
    "a reserved bit": (client_frame(FIN | RSV1 | TEXT, b"a"), 1002),
    "a continuation of nothing": (client_frame(FIN | MORE, b"a"), 1002),
    "not UTF-8": (text(b"\xff"), 1007),
    "too big": (text(b"x" * 65_537), 1009),
    "too big, in fragments": (fragments(b"x" * 65_000, b"x" * 537), 1009),
}


@pytest.mark.parametrize("case", BROKEN)
def test_who_breaks_the_protocol_is_told_why_and_heard_no_more(case: str) -> None:
    """It can read our close frame although it goes on sending: nothing is cut before its time."""

    async def scene() -> None:
        said, code = BROKEN[case]
        async with talking("A") as talk:
            await talk.heard()
            talk.send(ping(b"before") + said + ping(b"after"))
            talk.send(b"x" * 100_000)
            await turns(99)  # it is read in pieces
            talk.stream.write(Frame(b'{"type":"update"}'))
            for _ in range(9):
                await asyncio.sleep(0.1)
                talk.send(ping() + closing(1000))
            assert await talk.heard() == [("PONG", b"before"), ("CLOSE", code.to_bytes(2, "big"))]
            assert talk.client.has_ended
            assert list(talk.home.open) == [talk.stream]
            talk.client.close()
            await turns()
            assert talk.home.open == {}

    run_virtual(scene())


def test_who_breaks_it_and_stays_is_cut_after_2_s() -> None:
    async def scene() -> None:
        async with talking() as talk:
            await talk.heard()
            talk.send(b"\xff")
            talk.send(b"\xff" * 100)
            assert await talk.heard() == [("CLOSE", b"\x03\xea")]
            await asyncio.sleep(1.9)
            assert list(talk.home.open) == [talk.stream]
            await asyncio.sleep(0.5)
            assert talk.home.open == {}

    run_virtual(scene())


def test_a_binary_message_is_refused() -> None:
    async def scene() -> None:
        async with talking() as talk:
            await talk.heard()
            talk.send(client_frame(FIN | BINARY, b"\x00\xff") + ping())
            assert await talk.heard() == [("CLOSE", b"\x03\xeb")]
            assert not talk.client.has_ended
            talk.send(closing(1003))
            assert await talk.ends()

    run_virtual(scene())


def test_65536_bytes_are_heard() -> None:
    async def scene() -> None:
        async with talking() as talk:
            await talk.heard()
            talk.send(text(b'{"type":"auth","id":1}'.ljust(65_536)))
            assert await talk.heard() == [answer(1)]

    run_virtual(scene())


@pytest.mark.parametrize("size", [1, 2, 7, 64, 4096])
def test_commands_are_answered_in_order_however_they_are_cut(size: int) -> None:
    one, two, *rest = b'{"type":', b'"auth",', b'"id":2}'
    said = (
        command(1)
        + client_frame(TEXT, one)
        + ping(b"between")
        + client_frame(MORE, two)
        + client_frame(FIN | PONG, b"unasked")
        + client_frame(FIN | MORE, *rest)
        + ping()
        + command(3)
        + ping(b"x" * 125)
        + command(4)
    )
    wanted: list[Said] = [answer(n) for n in (1, 2, 3, 4)]

    async def scene() -> None:
        async with talking() as talk:
            await talk.heard()
            heard: list[Said] = []
            for piece in steps(said, size):
                talk.send(piece)
                heard += await talk.heard()
            assert [each for each in heard if isinstance(each, dict)] == wanted
            assert [each for each in heard if isinstance(each, tuple)] == [
                ("PONG", b"between"),
                ("PONG", b""),
                ("PONG", b"x" * 125),
            ]
            assert heard.index(("PONG", b"between")) < heard.index(answer(2))

    run_virtual(scene())


def test_what_is_long_is_deflated_where_that_was_agreed() -> None:
    async def scene() -> None:
        long = Frame(b'{"type":"long","text":"%b"}' % (b"x" * 200))
        async with talking("A", is_deflated=True) as talk:
            await talk.heard_raw()
            talk.stream.write(long)
            talk.stream.write(Frame(b'{"type":"short"}'))
            (first, deflated), short = server_frames(talk.client.take())
            assert first == FIN | RSV1 | TEXT
            inflate = zlib.decompressobj(-15)
            assert inflate.decompress(deflated + b"\x00\x00\xff\xff") == long.payload
            assert short == (FIN | TEXT, b'{"type":"short"}')
            deflate = zlib.compressobj(wbits=-15)
            said = deflate.compress(b'{"type":"auth","id":1}') + deflate.flush(zlib.Z_SYNC_FLUSH)
            talk.send(client_frame(FIN | RSV1 | TEXT, said[:-4]) + command(2))
            assert await talk.heard() == [answer(1), answer(2)]
        async with talking("A") as talk:
            await talk.heard()
            talk.stream.write(long)
            assert talk.client.take() == b"\x81\x7e\x00\xe1" + long.payload

    run_virtual(scene())
