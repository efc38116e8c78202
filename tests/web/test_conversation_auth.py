"""Tokens on a WebSocket: before the first, at its end, and renewed."""

import asyncio
import json
from typing import Any

from feed.hub.subscription import Options
from feed.model.entry import Record
from feed.web.grant import Grants
from tests.support.client_frame import text
from tests.support.clock import START_MS, LoopClock, run_virtual
from tests.support.log import appended
from tests.support.talk import WELCOME, AwayLog, Said, Talk, kinds, talking
from tests.support.token import SECRET, token

NOW_S = START_MS // 1000
GRANTS = Grants(SECRET, LoopClock())
UNAUTHORIZED = ("CLOSE", (4401).to_bytes(2))


def frame(heard: list[Said], kind: str) -> dict[str, Any]:
    """The only frame of a type."""
    (found,) = (each for each in heard if isinstance(each, dict) and each["type"] == kind)
    return found


async def authorized(talk: Talk, *topics: str, left_s: float = 3600) -> list[Said]:
    """What the client is told that shows a token."""
    now_s = NOW_S + asyncio.get_running_loop().time()
    return await talk.answers(type="auth", id=7, token=token(*topics, exp_s=now_s + left_s))


def test_before_a_token_only_pings_are_answered() -> None:
    async def scene() -> None:
        async with talking(grants=GRANTS) as talk:
            assert await talk.heard() == [WELCOME]
            heard = await talk.answers(type="subscribe", id=1, topics=["A"])
            error = frame(heard, "error")
            assert (error["id"], error["code"], error["retry"]) == (1, "unauthorized", False)
            assert kinds(await talk.answers(type="ping")) == ["pong"]
            assert not talk.stream.has_subscribed

    run_virtual(scene())


def test_what_the_url_asks_for_waits_for_it() -> None:
    async def scene() -> None:
        async with talking("A", "B", grants=GRANTS) as talk:
            assert await talk.heard() == [WELCOME]
            heard = await authorized(talk, "A")
            assert kinds(heard) == ["subscribed", "snapshot", "subscribed"]
            first, last = heard[0], heard[2]
            assert isinstance(first, dict) and isinstance(last, dict)  # noqa: PT018
            assert first["topics"] == ["price:A"]
            assert [(each["topic"], each["code"]) for each in first["rejected"]] == [
                ("price:B", "forbidden")
            ]
            assert (last["id"], last["topics"], last["rejected"]) == (7, ["price:A"], [])

    run_virtual(scene())


def test_a_topic_outside_it_is_rejected() -> None:
    async def scene() -> None:
        async with talking(grants=GRANTS) as talk:
            await talk.heard()
            assert frame(await authorized(talk, "score:EPL.*"), "subscribed")["topics"] == []
            heard = await talk.answers(
                type="subscribe", topics=["score:EPL.A", "score:*"], cursor="0-1"
            )
            told = frame(heard, "subscribed")
            assert told["topics"] == ["score:EPL.A"]
            assert [each["topic"] for each in told["rejected"]] == ["score:*"]

    run_virtual(scene())


def test_a_bad_one_closes() -> None:
    async def scene(said: dict[str, Any]) -> list[Said]:
        async with talking(grants=GRANTS) as talk:
            await talk.heard()
            return await talk.answers(type="auth", **said)

    for said in ({"token": "x"}, {"token": 1}, {}):
        heard = run_virtual(scene(said))
        assert frame(heard, "error")["code"] == "unauthorized"
        assert heard[-1] == UNAUTHORIZED


def test_who_shows_none_in_ten_seconds_is_closed() -> None:
    async def scene() -> None:
        async with talking("A", grants=GRANTS) as talk:
            await talk.heard()
            await asyncio.sleep(9.5)
            assert await talk.heard() == []
            await asyncio.sleep(1)
            assert await talk.heard() == [UNAUTHORIZED]

    run_virtual(scene())


def test_its_end_is_told_half_a_minute_before() -> None:
    async def scene() -> None:
        async with talking("A", grants=GRANTS) as talk:
            await authorized(talk, "A", left_s=50)
            await talk.heard()
            await asyncio.sleep(19)
            assert "bye" not in kinds(await talk.heard())
            await asyncio.sleep(2)
            bye = frame(await talk.heard(), "bye")
            assert (bye["reason"], bye["reconnect"], bye["after_ms"]) == ("token", True, 0)
            assert 28_000 < bye["grace_ms"] <= 30_000
            assert bye["cursor"].endswith("-0")
            await asyncio.sleep(28)
            assert UNAUTHORIZED not in await talk.heard()
            await asyncio.sleep(2)
            assert (await talk.heard())[-1] == UNAUTHORIZED

    run_virtual(scene())


def test_a_new_one_renews_it() -> None:
    async def scene() -> None:
        async with talking("A", grants=GRANTS) as talk:
            await authorized(talk, "A", left_s=40)
            await asyncio.sleep(12)
            assert frame(await talk.heard(), "bye")["reason"] == "token"
            await authorized(talk, "A", left_s=500)
            await asyncio.sleep(900)
            heard = await talk.heard()
            assert "bye" not in kinds(heard)
            assert UNAUTHORIZED not in heard

    run_virtual(scene())


def test_a_new_one_may_grant_less() -> None:
    async def scene() -> None:
        async with talking("A", "score:*", grants=GRANTS) as talk:
            await authorized(talk, "*")
            told = frame(await authorized(talk, "score:*"), "subscribed")
            assert told["topics"] == ["score:*"]
            assert [each["topic"] for each in told["rejected"]] == ["price:A"]

    run_virtual(scene())


def test_what_waits_for_a_token_is_kept_as_long() -> None:
    """The conversation of a quiet client is let go of otherwise."""

    async def scene() -> None:
        async with talking("A", grants=GRANTS) as talk:
            await talk.heard()
            await asyncio.sleep(8)
            talk.send(text(json.dumps({"type": "auth", "token": token("A", exp_s=NOW_S + 99)})))
            assert "snapshot" in kinds(await talk.heard())

    run_virtual(scene())


def test_what_the_url_asks_for_is_kept_until_it_could_be_done() -> None:
    async def scene() -> None:
        log = AwayLog()
        await appended(log, Record(topic="price:A", v=1, ts=START_MS, item=b"{}", data=b"{}"))
        log.is_away = True
        options = Options(delay_ms=1000)
        async with talking("A", grants=GRANTS, log=log, options=options) as talk:
            assert await talk.heard() == [WELCOME]
            assert frame(await authorized(talk, "A"), "error")["code"] == "unavailable"
            log.is_away = False
            assert kinds(await authorized(talk, "A"))[:1] == ["subscribed"]
            assert talk.stream.has_subscribed

    run_virtual(scene())
