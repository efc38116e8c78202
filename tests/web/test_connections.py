"""What a stream has been written, who is let in, and who must go. Time is virtual."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

import pytest
from aiohttp import web

from feed.hub.hub import Hub
from feed.log.memory import MemoryLog
from feed.model.frame import Frame
from feed.web.connections import FULL_BYTES, Connection, Connections
from tests.support.clock import LoopClock, run_virtual
from tests.support.transport import Unread

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"
SWEEP_S = 0.25
END_S = 3300.0


def payload(frame: Frame) -> bytes:
    return frame.payload + b"\n"


class Peer:
    """A connection, its transport, and the codes that it was closed with."""

    def __init__(self, *, is_deaf: bool = False) -> None:
        self.transport = Unread()
        self.codes: list[int] = []
        self.is_deaf = is_deaf
        self.connection = Connection("ws", self.transport, payload, HERE, self._close)

    async def _close(self, code: int) -> None:
        if self.is_deaf:
            await asyncio.Event().wait()
        self.codes.append(code)
        self.connection.went()

    def frames(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.transport.written.splitlines()]


@asynccontextmanager
async def connections(
    *, max_age_s: float = 3300, most: int = 100, most_per_address: int = 0
) -> AsyncIterator[Connections]:
    """Those of a hub that runs."""
    hub = Hub(MemoryLog(), LoopClock(), heartbeat_s=15)
    await hub.start()
    opened = Connections(
        hub, max_age_s=max_age_s, drain_s=5, most=most, most_per_address=most_per_address
    )
    try:
        yield opened
    finally:
        await opened.drain()
        await hub.stop()


def opens(opened: Connections) -> Peer:
    """A peer whose stream is open."""
    peer = Peer()
    opened.add(peer.connection)
    return peer


async def test_writing_stops_once_it_is_closing_or_cut() -> None:
    peer = Peer()
    peer.connection.write(Frame(b"1"))
    peer.connection.is_closing = True
    peer.connection.write(Frame(b"2"))
    peer.connection.is_closing = False
    peer.connection.abort()
    peer.connection.write(Frame(b"3"))
    assert peer.transport.written == b"1\n"


async def test_it_is_full_above_64_kib() -> None:
    peer = Peer()
    peer.transport.waiting = FULL_BYTES
    assert not peer.connection.is_full
    peer.transport.waiting += 1
    assert peer.connection.is_full


def test_it_is_drained_once_the_peer_has_read() -> None:
    async def scene() -> None:
        peer = Peer()
        await peer.connection.drained()
        peer.transport.waiting = FULL_BYTES + 1
        waiting = asyncio.create_task(peer.connection.drained())
        await asyncio.sleep(60)
        assert not waiting.done()
        peer.transport.read(1)
        async with asyncio.timeout(1):
            await waiting

    run_virtual(scene())


def test_who_waits_is_told_when_it_is_cut() -> None:
    async def scene() -> None:
        peer = Peer()
        peer.transport.waiting = FULL_BYTES + 1
        waiting = asyncio.create_task(peer.connection.drained())
        await asyncio.sleep(1)
        peer.connection.abort()
        with pytest.raises(ConnectionResetError):
            await waiting
        peer.transport.read()
        with pytest.raises(ConnectionResetError):
            await peer.connection.drained()

    run_virtual(scene())


@pytest.mark.parametrize(
    ("steps", "stalled"),
    [
        ([(0, 10, 0), (30, 0, 0)], [False, False]),
        ([(0, 10, 0), (30.5, 0, 0)], [False, True]),
        ([(0, 10, 0), (29, 0, 1), (59, 0, 0), (59.5, 0, 0)], [False, False, False, True]),
        ([(0, 0, 0), (100, 0, 0), (100, 10, 0), (130, 0, 0)], [False] * 4),
        ([(0, 10, 10), (100, 0, 0), (200, 0, 0)], [False] * 3),
        ([(0, 10, 0), (20, 10, 0), (30.5, 10, 0)], [False, False, True]),  # written is not read
        ([(0, 10, 0), (20, 10, 5), (30.5, 10, 0)], [False, False, False]),
    ],
)
async def test_stalled_is_who_has_bytes_and_reads_none_for_30_s(
    steps: list[tuple[float, int, int]], stalled: list[bool]
) -> None:
    """A step: seconds since the opening, bytes that are written then, and bytes that are read."""
    peer, found = Peer(), []
    for after_s, written, read in steps:
        if written:
            peer.connection.write(Frame(b"x" * (written - len(b"\n"))))
        peer.transport.read(read)
        found.append(peer.connection.is_stalled(peer.connection.opened_s + after_s))
    assert found == stalled


async def test_who_takes_part_is_closed_with_the_code() -> None:
    peer = Peer()
    await peer.connection.close(4400)
    assert (peer.codes, peer.transport.is_aborted) == ([4400], False)


def test_who_takes_no_part_in_the_close_is_cut() -> None:
    async def scene() -> None:
        peer = Peer(is_deaf=True)
        closing = asyncio.create_task(peer.connection.close(1012))
        await asyncio.sleep(1.9)
        assert not peer.transport.is_aborted
        await closing
        assert peer.transport.is_aborted

    run_virtual(scene())


@pytest.mark.parametrize(
    ("most", "per_address", "inside", "comes", "status"),
    [
        (2, 0, [], HERE, 200),
        (2, 0, [HERE], HERE, 200),
        (2, 0, [HERE, ELSEWHERE], HERE, 503),
        (9, 2, [HERE, ELSEWHERE], HERE, 200),
        (9, 2, [HERE, HERE], HERE, 429),
        (9, 2, [HERE, HERE], ELSEWHERE, 200),
        (2, 2, [HERE, HERE], HERE, 503),
        (99, 0, [HERE] * 98, HERE, 200),
    ],
)
async def test_so_many_are_let_in(
    most: int, per_address: int, inside: list[str], comes: str, status: int
) -> None:
    def answer(opened: Connections) -> int:
        try:
            with opened.admitted(comes):
                return 200
        except web.HTTPException as error:
            return error.status if error.headers["Retry-After"] in "12345" else 0

    async with connections(most=most, most_per_address=per_address) as opened:
        with ExitStack() as served:
            for address in inside:
                served.enter_context(opened.admitted(address))
            assert [answer(opened) for _ in range(3)] == [status] * 3  # who is refused leaves none
        assert answer(opened) == 200


async def test_who_fails_inside_is_counted_out() -> None:
    async with connections(most=1) as opened:
        for _ in range(2):
            with pytest.raises(ConnectionError), opened.admitted(HERE):
                raise ConnectionError
        with opened.admitted(HERE):
            pass


async def test_nobody_is_let_in_while_it_drains() -> None:
    async with connections() as opened:
        await opened.drain()
        with pytest.raises(web.HTTPServiceUnavailable), opened.admitted(HERE):
            pass


def test_who_never_subscribed_is_closed_after_30_s() -> None:
    async def scene() -> None:
        async with connections() as opened:
            opened.start()
            idle, busy = opens(opened), opens(opened)
            busy.connection.has_subscribed = True
            await asyncio.sleep(30 - SWEEP_S)
            assert idle.codes == []
            await asyncio.sleep(3 * SWEEP_S)
            assert (idle.codes, busy.codes) == ([4408], [])

    run_virtual(scene())


def test_who_reads_nothing_for_30_s_is_cut() -> None:
    async def scene() -> None:
        async with connections() as opened:
            opened.start()
            stalled, slow = opens(opened), opens(opened)
            for peer in (stalled, slow):
                peer.connection.has_subscribed = True
                peer.connection.write(Frame(b"x" * 99))
            for _ in range(2):
                await asyncio.sleep(20)
                slow.transport.read(1)
            assert (stalled.transport.is_aborted, slow.transport.is_aborted) == (True, False)

    run_virtual(scene())


def test_one_that_cannot_be_looked_at_is_cut_alone() -> None:
    async def scene() -> None:
        async with connections() as opened:
            opened.start()
            odd, other = opens(opened), opens(opened)
            del odd.transport.waiting  # whatever it is that fails
            await asyncio.sleep(3 * SWEEP_S)
            assert (odd.transport.is_aborted, other.transport.is_aborted) == (True, False)
            odd.transport.waiting = 0

    run_virtual(scene())


def test_the_end_comes_in_the_last_fifth_of_the_age_and_is_told_before() -> None:
    async def scene() -> None:
        async with connections(max_age_s=END_S) as opened:
            opened.start()
            peers = [opens(opened) for _ in range(20)]
            for peer in peers:
                peer.connection.has_subscribed = True
            await asyncio.sleep(0.8 * END_S - 5 - SWEEP_S)
            assert {len(peer.frames()) for peer in peers} == {0}
            await asyncio.sleep(0.2 * END_S + 5 + 3 * SWEEP_S)
            for peer in peers:
                (bye,) = peer.frames()
                assert bye["type"] == "bye"
                assert (bye["reason"], bye["reconnect"]) == ("rotate", True)
                assert bye["grace_ms"] == 5000
                assert peer.codes == [1012]
            assert len({peer.connection.ends_s for peer in peers}) == 20

    run_virtual(scene())


def test_a_drain_takes_leave_of_everybody_within_its_time() -> None:
    async def scene() -> None:
        async with connections() as opened:
            peers = [opens(opened) for _ in range(5)]
            async with asyncio.timeout(5):
                await opened.drain()
            assert [peer.codes for peer in peers] == [[1012]] * 5
            assert {peer.frames()[0]["reason"] for peer in peers} == {"shutdown"}
            for peer in peers:
                await opened.remove(peer.connection)
            assert opened.open == {}

    run_virtual(scene())
