"""How fast a client on a WebSocket is heard, and in which order it is answered."""

import asyncio

import pytest

from feed.hub.subscription import Options
from feed.model.frame import Frame
from feed.web.websocket import WebSocket
from tests.support.client_frame import (
    FIN,
    PONG,
    client_frame,
    closing,
    text,
)
from tests.support.clock import run_virtual
from tests.support.talk import (
    CURSOR,
    WELCOME,
    SlowLog,
    Talk,
    answer,
    command,
    kinds,
    ping,
    talking,
    understood,
)
from tests.support.transport import (
    House,
    Packets,
    fill_up,
    turns,
)


def test_pings_are_answered_while_a_command_is_under_way() -> None:
    async def scene() -> None:
        log = SlowLog()
        async with talking(log=log) as talk:
            await talk.heard()
            log.gate.clear()
            assert await talk.answers(type="subscribe", topics=["A"], cursor=CURSOR) == []
            talk.send(ping(b"1"))
            talk.send(ping(b"2"))
            assert await talk.heard() == [("PONG", b"1"), ("PONG", b"2")]
            log.gate.set()
            assert kinds(await talk.heard()) == ["subscribed", "reset", "snapshot"]

    run_virtual(scene())


def test_no_more_is_read_while_a_command_waits_for_another() -> None:
    async def scene() -> None:
        log = SlowLog()
        async with talking(log=log) as talk:
            await talk.heard()
            log.gate.clear()
            assert await talk.answers(type="subscribe", topics=["A"], cursor=CURSOR) == []
            talk.send(command(1) + command(2))
            assert await talk.heard() == []
            talk.send(ping(b"unread"))
            talk.send(command(3))
            assert await talk.heard() == []
            log.gate.set()
            heard = await talk.heard()
            assert kinds(heard[:3]) == ["subscribed", "reset", "snapshot"]
            assert heard[3:5] == [answer(1), answer(2)]
            assert sorted(heard[5:], key=str) == [("PONG", b"unread"), answer(3)]
            talk.send(command(4))
            assert await talk.heard() == [answer(4)]

    run_virtual(scene())


def test_who_reads_no_answers_is_asked_for_no_more() -> None:
    async def scene() -> None:
        async with talking(room=8192) as talk:
            await talk.heard()
            filler = fill_up(talk.stream)
            waiting = talk.client.unsent
            for n in range(5):
                talk.send(command(n))
                await turns()
            talk.send(ping())
            await asyncio.sleep(0.001)
            assert talk.client.unsent == waiting
            assert await talk.client.receive(len(filler)) == filler
            heard = await talk.heard()
            assert [each for each in heard if isinstance(each, dict)] == [
                answer(n) for n in range(5)
            ]
            assert ("PONG", b"") in heard

    run_virtual(scene())


def test_pings_of_who_reads_nothing_are_answered_once_it_does() -> None:
    async def scene() -> None:
        async with talking(room=8192) as talk:
            await talk.heard()
            filler = fill_up(talk.stream)
            waiting = talk.client.unsent
            for n in range(5):
                talk.send(ping(b"%d" % n))
                await turns()
            assert talk.client.unsent == waiting
            assert await talk.client.receive(len(filler)) == filler
            assert await talk.heard() == [("PONG", b"%d" % n) for n in range(5)]

    run_virtual(scene())


@pytest.mark.parametrize("later", range(12))
def test_what_comes_in_the_very_turn_in_which_the_last_answer_ends_is_answered(later: int) -> None:
    async def scene() -> None:
        async with talking() as talk:
            await talk.heard()
            talk.stream.data_received(command(1))
            await turns(later)
            talk.stream.data_received(command(2))
            talk.stream.data_received(command(3))
            await turns(later)
            talk.stream.data_received(command(4))
            assert await talk.heard() == [answer(n) for n in (1, 2, 3, 4)]
            talk.send(command(5))
            assert await talk.heard() == [answer(5)], "it is read again"

    run_virtual(scene())


def test_what_is_said_before_the_greeting_waits_for_all_of_it() -> None:
    async def scene() -> None:
        log = SlowLog()
        async with talking("A", cursor=CURSOR, log=log) as talk:
            log.gate.clear()
            talk.stream.data_received(command(1))
            assert await talk.heard() == [WELCOME]
            talk.stream.data_received(command(2))
            assert await talk.heard() == []
            log.gate.set()
            heard = await talk.heard()
            assert kinds(heard[:3]) == ["subscribed", "reset", "snapshot"]
            assert heard[3:] == [answer(1), answer(2)]

    run_virtual(scene())


async def test_the_greeting_is_one_write_and_each_answer_one_more() -> None:
    house = House()
    await house.hub.start()
    stream = WebSocket("192.0.2.1", house, is_deflated=False)
    with Packets(stream) as packets:
        stream.conversation.start(Frame(b'{"type":"welcome"}'), ["A"], Options(), None)
        await turns()
        (greeting,) = packets.writes()
        assert kinds(understood(greeting)) == ["welcome", "subscribed", "snapshot"]
        stream.data_received(command(1) + ping())
        await turns()
        pong, answered = packets.writes()
        assert understood(pong + answered) == [("PONG", b""), answer(1)]
    await house.hub.stop()


@pytest.mark.parametrize("later", range(4))
def test_what_is_said_before_the_greeting_is_answered_behind_it(later: int) -> None:
    async def scene() -> None:
        async with talking("A") as talk:
            talk.stream.data_received(command(1))
            await turns(later)
            talk.stream.data_received(command(2))
            heard = await talk.heard()
            assert kinds(heard[:3]) == ["welcome", "subscribed", "snapshot"]
            assert heard[3:] == [answer(1), answer(2)]

    run_virtual(scene())


def test_100_at_once_and_then_20_a_second_are_answered_pings_too() -> None:
    async def scene() -> None:
        async with talking() as talk:
            await talk.heard()
            malformed = text("")
            for data in (ping(), command(1), malformed, client_frame(FIN | PONG)):
                talk.send(data * 33)
                assert len(await talk.heard()) == (0 if data[0] == FIN | PONG else 33)
            talk.send(ping() * 5)
            heard = await talk.heard()
            assert heard[0] == ("PONG", b"")
            for refused in heard[1:]:
                assert isinstance(refused, dict)
                assert 40 <= refused.pop("retry_after_ms") <= 51
                assert refused == {
                    "type": "error",
                    "code": "rate_limited",
                    "message": "more than 20 commands a second",
                    "retry": True,
                }
            assert len(heard) == 5
            await asyncio.sleep(1)
            talk.send(command(1) * 22)
            assert kinds(await talk.heard()) == ["error"] * 22
            talk.send(ping())
            assert kinds(await talk.heard()) == ["error"]
            await asyncio.sleep(5)
            talk.send(ping() * 100)
            assert kinds(await talk.heard()) == ["PONG"] * 100

    run_virtual(scene())


def test_who_goes_on_above_the_rate_for_5_s_is_closed() -> None:
    async def scene() -> None:
        async with talking() as talk:
            await talk.heard()
            talk.send(ping() * 100)
            await talk.heard()
            for _ in range(49):
                talk.send(ping() * 9)
                assert ("CLOSE", b"\x11\x4d") not in await talk.heard()
                await asyncio.sleep(0.1)
            await asyncio.sleep(0.2)
            talk.send(command(1) * 9)
            assert (await talk.heard())[-1] == ("CLOSE", b"\x11\x4d")
            talk.send(closing(4429))
            assert await talk.ends()

    run_virtual(scene())


def test_a_second_within_the_rate_is_forgiven() -> None:
    async def scene() -> None:
        async with talking() as talk:
            await talk.heard()
            talk.send(ping() * 100)
            for _ in range(20):
                talk.send(ping() * 30)
                assert ("CLOSE", b"\x11\x4d") not in await talk.heard()
                await asyncio.sleep(1.1)

    run_virtual(scene())


def goes_on(talk: Talk, seconds: float) -> bool:
    """Whether what is known of a client is kept for so long."""
    before = talk.stream.conversation
    talk.stream.look(talk.stream.now_s() + seconds)
    return talk.stream.conversation is before


def test_what_is_known_of_a_quiet_client_is_let_go_of() -> None:
    """It costs memory that most connections need only once."""

    async def scene() -> None:
        async with talking("A") as talk:
            await talk.heard()
            assert not goes_on(talk, 0.1)
            talk.send(ping() * 100)
            await talk.heard()
            assert goes_on(talk, 4.9), "it may not yet ask for 100 at once"
            assert not goes_on(talk, 5.1)
            talk.send(command(1))
            assert await talk.heard() == [answer(1)]

    run_virtual(scene())


def test_what_is_known_is_kept_while_it_is_needed() -> None:
    async def scene() -> None:
        log = SlowLog()
        async with talking(log=log, cursor=CURSOR) as talk:
            await talk.heard()
            assert goes_on(talk, 10), "it may still come with its cursor"
            assert kinds(await talk.answers(type="subscribe", topics=["A"]))[1] == "reset"
            assert not goes_on(talk, 10)
        log = SlowLog()
        async with talking(log=log) as talk:
            await talk.heard()
            log.gate.clear()
            assert await talk.answers(type="subscribe", topics=["A"], cursor=CURSOR) == []
            assert goes_on(talk, 10), "a command is under way"
            log.gate.set()
            assert kinds(await talk.heard()) == ["subscribed", "reset", "snapshot"]
            assert not goes_on(talk, 10)

    run_virtual(scene())
