"""Who is let in, and what the sweep sees to. Time is virtual."""

import asyncio
import logging
from contextlib import ExitStack

import pytest

from feed.hub.subscription import Subscription
from feed.model.topic import Filters
from feed.web.connection import FULL_BYTES
from feed.web.sse import EventStream
from feed.web.wire import event
from tests.support.client_frame import FIN, PONG, client_frame, text
from tests.support.clock import run_virtual
from tests.support.guests import LATE_S, status, sweeping
from tests.support.transport import (
    Line,
    fill,
    opened,
    server_frames,
    turns,
)

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"

PING = (0x89, b"")
RESTART, IDLE = (0x88, b"\x03\xf4"), (0x88, b"\x11\x38")


@pytest.mark.parametrize(
    ("most", "per_address", "inside", "comes", "answer"),
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
def test_so_many_are_let_in(
    most: int, per_address: int, inside: list[str], comes: str, answer: int
) -> None:
    async def scene() -> None:
        async with sweeping(most=most, most_per_address=per_address) as (home, _):
            with ExitStack() as served:
                for address in inside:
                    served.enter_context(home.admitted(address))
                # who is refused leaves none
                assert [status(home, comes) for _ in range(3)] == [answer] * 3
            assert status(home, comes) == 200

    run_virtual(scene())


def test_open_streams_count_until_their_transport_is_gone() -> None:
    async def scene() -> None:
        async with sweeping(most=9, most_per_address=2) as (home, guests):
            (first, _), (second, _) = await guests.line(), await guests.ws()
            assert list(home.open) == [first, second]
            assert (status(home, HERE), status(home, ELSEWHERE)) == (429, 200)
            second.close(1012)
            await turns()
            assert status(home, HERE) == 429
            second.abort()
            await turns()
            assert list(home.open) == [first]
            assert status(home, HERE) == 200

    run_virtual(scene())


def test_who_is_gone_has_left_the_hub() -> None:
    async def scene() -> None:
        async with sweeping() as (home, guests):
            stream, client = await guests.line()
            wanted = Subscription(Filters.of(["price:A"]))
            await home.hub.subscribe(stream.member, wanted, lambda _: None)
            assert home.hub.watching(["price:A"]) == 1
            client.close()
            await turns()
            assert (home.hub.watching(["price:A"]), home.hub.live.groups) == (0, {})

    run_virtual(scene())


def test_who_fails_inside_is_counted_out() -> None:
    async def scene() -> None:
        async with sweeping(most=1) as (home, _):
            for _ in range(2):
                with pytest.raises(ConnectionError), home.admitted(HERE):
                    raise ConnectionError
            assert status(home, HERE) == 200

    run_virtual(scene())


def test_who_never_subscribed_is_closed_after_30_s() -> None:
    async def scene() -> None:
        async with sweeping() as (home, guests):
            _, idle = await guests.ws(has_subscribed=False)
            _, busy = await guests.ws()
            events = EventStream(HERE, event, home)
            reader = await guests.enter_async_context(opened(events))
            home.add(events)
            await asyncio.sleep(30)
            assert server_frames(idle.take()) == [PING]
            assert server_frames(busy.take()) == [PING]
            await asyncio.sleep(LATE_S)
            assert server_frames(idle.take()) == [IDLE]
            assert busy.take() == b""
            assert (reader.take(), reader.has_ended) == (b"", False)

    run_virtual(scene())


@pytest.mark.parametrize("word", [client_frame(FIN | PONG), text('{"type":"ping"}')[:3]])
def test_who_is_silent_is_pinged_after_20_s_and_cut_45_s_later(
    word: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Any byte is a sign of life, as a pong is."""

    async def scene() -> None:
        async with sweeping() as (_, guests):
            _, dead = await guests.ws()
            _, alive = await guests.ws()
            await asyncio.sleep(20)
            assert dead.take() == alive.take() == b""
            await asyncio.sleep(LATE_S)
            assert server_frames(dead.take()) == server_frames(alive.take()) == [PING]
            await asyncio.sleep(40)
            alive.write(word)
            await asyncio.sleep(65 - 61.5)
            assert (dead.take(), dead.has_ended) == (b"", False)
            await asyncio.sleep(LATE_S + LATE_S)
            assert (dead.take(), dead.has_ended) == (b"", True)
            assert (alive.take(), alive.has_ended) == (b"", False)
            await asyncio.sleep(20)
            assert server_frames(alive.take()) == [PING]

    caplog.set_level(logging.INFO)
    run_virtual(scene())
    assert caplog.text.count("answered no ping for 45 s and is cut") == 1


def test_who_has_bytes_to_read_is_not_pinged_but_cut_where_it_reads_none_for_30_s(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scene() -> None:
        async with sweeping() as (_, guests):
            stream, client = await guests.ws()
            stalled, its_client = await guests.ws()
            stream.send(sent := b"." * FULL_BYTES * 9)
            assert stream.is_waiting
            fill(stalled)
            had = b""
            while len(had) < len(sent) and not client.has_ended:
                await asyncio.sleep(10)
                had += client.take(FULL_BYTES)
            assert had == sent
            its_client.take()
            assert its_client.has_ended

    caplog.set_level(logging.INFO)
    run_virtual(scene())
    assert caplog.text.count("read nothing for 30 s and is cut") == 1


class Odd(Line):
    """One with a fault of ours."""

    __slots__ = ()

    def look(self, now_s: float) -> str | None:
        raise ValueError("a fault")


def test_one_that_cannot_be_looked_after_is_cut_alone(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        async with sweeping() as (home, guests):
            odd, its_client = await guests.line(Odd(home))
            other, client = await guests.line()
            await asyncio.sleep(LATE_S)
            its_client.take()
            assert its_client.has_ended
            assert list(home.open) == [other]
            assert f"{odd.id} could not be looked after and is cut" in caplog.text
            other.close(1012)
            await asyncio.sleep(2 + LATE_S)
            client.take()
            assert client.has_ended, "the sweep goes on"

    run_virtual(scene())
