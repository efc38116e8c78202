"""A client that says far more than it may costs others little time, and the server no memory."""

import asyncio

import pytest

from feed.web.connection import Home
from feed.web.websocket import WebSocket
from tests.support.client_frame import FIN, MORE, PONG, TEXT, client_frame, text
from tests.support.clock import run_virtual
from tests.support.talk import Talk, command, kinds, ping, talking
from tests.support.transport import fill_up, turns

MANY = 40_000
"""As many as one read brings at the most."""

A_LITTLE = 1000


async def exhausted(talk: Talk) -> None:
    """Say all that may be said at once."""
    await talk.heard()
    talk.send(ping() * 100)
    heard: list[str] = []
    while len(heard) < 100:
        heard += kinds(await talk.heard())
    assert heard == ["PONG"] * 100


class Swift(WebSocket):
    """Whatever it is written is with its client at once; how much is counted."""

    __slots__ = ("sent",)

    def __init__(self, address: str, home: Home, *, is_deflated: bool) -> None:
        super().__init__(address, home, is_deflated=is_deflated)
        self.sent = 0

    def send(self, data: bytes) -> None:
        self.sent += 1

    @property
    def unread_bytes(self) -> int:
        """What has come and is not read yet."""
        return len(self._unread or b"")


@pytest.mark.parametrize("said", [ping(), command(1)], ids=["pings", "texts"])
def test_others_have_a_turn_before_all_of_it_is_refused(said: bytes) -> None:
    async def scene() -> None:
        async with talking(kind=Swift) as talk:
            await turns()
            stream = talk.stream
            assert isinstance(stream, Swift)
            stream.data_received(said * MANY)
            for turn in range(1, 9):
                assert 0 < stream.sent <= turn * A_LITTLE
                await turns(1)

    run_virtual(scene())


@pytest.mark.parametrize("said", [ping(), command(1)], ids=["pings", "texts"])
def test_who_reads_none_of_it_is_not_owed_ever_more(said: bytes) -> None:
    async def scene() -> None:
        async with talking(room=8192) as talk:
            await exhausted(talk)
            fill_up(talk.stream)
            owed = talk.client.unsent
            for _ in range(9):
                talk.stream.data_received(said * A_LITTLE)
                await asyncio.sleep(0.1)
            assert talk.client.unsent <= owed + A_LITTLE

    run_virtual(scene())


@pytest.mark.parametrize("said", [ping(), command(1)], ids=["pings", "texts"])
def test_who_goes_on_so_for_5_s_is_closed(said: bytes) -> None:
    async def scene() -> None:
        async with talking() as talk:
            await exhausted(talk)
            heard: list[str] = []
            while "CLOSE" not in heard:
                assert talk.stream.now_s() < 7
                talk.send(said * 20)
                heard = kinds(await talk.heard())
                await asyncio.sleep(0.05)
            assert talk.stream.now_s() >= 5

    run_virtual(scene())


NOTHING = {"pongs": client_frame(FIN | PONG), "fragments": client_frame(MORE)}


@pytest.mark.parametrize("kind", NOTHING)
def test_who_says_nothing_so_often_is_closed_as_well(kind: str) -> None:
    async def scene() -> None:
        async with talking() as talk:
            await talk.heard()
            talk.send(client_frame(TEXT) if kind == "fragments" else b"")
            heard: list[str] = []
            while "CLOSE" not in heard:
                assert talk.stream.now_s() < 7
                talk.send(NOTHING[kind] * 200)
                heard += kinds(await talk.heard())
                await asyncio.sleep(0.1)
            assert talk.stream.now_s() >= 5
            assert set(heard) == {"error", "CLOSE"}

    run_virtual(scene())


@pytest.mark.parametrize("said", [ping(), command(1), *NOTHING.values()])
def test_who_says_too_much_is_read_slowly(said: bytes) -> None:
    """Some hundreds of the smallest frames a second are read, whoever sends more."""

    async def scene() -> None:
        async with talking(kind=Swift) as talk:
            await turns()
            stream = talk.stream
            assert isinstance(stream, Swift)
            stream.data_received(client_frame(TEXT) if said == NOTHING["fragments"] else b"")
            stream.data_received(said * MANY)
            await asyncio.sleep(2)
            read_bytes = len(said) * MANY - stream.unread_bytes
            assert 2048 < read_bytes < 3 * 2048 + 2.1 * 5 * 1024

    run_virtual(scene())


def test_within_the_rate_nobody_waits() -> None:
    async def scene() -> None:
        async with talking() as talk:
            await talk.heard()
            talk.send(command(1) * 60 + ping() * 20 + text(b'{"type":"auth","id":2}'.ljust(65_536)))
            heard: list[str] = []
            while len(heard) < 81:
                heard += kinds(await talk.heard())
            assert sorted(set(heard)) == ["PONG", "error"]
            assert talk.stream.now_s() < 0.1

    run_virtual(scene())
