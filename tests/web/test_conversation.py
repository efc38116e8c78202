"""What is answered to commands on a WebSocket, and what they change."""

import asyncio

import pytest

from feed.hub.subscription import NOTHING, Options
from feed.log.memory import MemoryLog
from feed.model.codec import Json, JsonObject
from feed.model.entry import Record
from tests.support.client_frame import text
from tests.support.clock import START_MS, run_virtual
from tests.support.log import appended
from tests.support.talk import WELCOME, AwayLog, Said, answer, kinds, talking

OPTIONS: JsonObject = {"conflate_ms": 0, "window_ms": 0, "delay_ms": 0, "fields": None}


def subscribed(*topics: str, **more: Json) -> JsonObject:
    """The answer to a command that was done."""
    head: JsonObject = {"type": "subscribed", "topics": [*topics], "resumed": False, "rejected": []}
    return head | OPTIONS | more


def record(topic: str = "price:A", v: int = 1) -> Record:
    return Record(topic=topic, v=v, ts=START_MS, item=b'{"v":%d}' % v, data=b"{}")


def error(code: str, message: str, **more: Json) -> JsonObject:
    """An error."""
    head: JsonObject = {"type": "error", "code": code, "message": message, "retry": False}
    return head | more


def test_topics_of_the_url_are_subscribed_to_behind_the_greeting() -> None:
    async def scene() -> None:
        async with talking("A", "score:*", "a b", options=Options(window_ms=9)) as talk:
            heard = await talk.heard()
            assert heard[0] == WELCOME
            (acknowledged,) = (each for each in heard[1:2] if isinstance(each, dict))
            (rejected,) = acknowledged.pop("rejected")
            assert (rejected["topic"], rejected["code"]) == ("a b", "bad_topic")
            assert acknowledged == {
                "type": "subscribed",
                "topics": ["price:A", "score:*"],
                **OPTIONS,
                "window_ms": 9,
                "resumed": False,
            }
            assert kinds(heard[2:]) == ["snapshot"]
            assert talk.stream.has_subscribed

    run_virtual(scene())


def test_without_topics_there_is_nothing_but_the_greeting() -> None:
    async def scene() -> None:
        async with talking(options=Options(conflate_ms=250)) as talk:
            assert await talk.heard() == [WELCOME]
            assert not talk.stream.has_subscribed
            heard = await talk.answers(type="subscribe", topics=["A"], id="x")
            assert heard[0] == subscribed("price:A", conflate_ms=250, id="x")
            assert kinds(heard[1:]) == ["snapshot"]
            assert talk.stream.has_subscribed

    run_virtual(scene())


def test_commands_change_what_is_in_force() -> None:
    async def scene() -> None:
        async with talking("A") as talk:
            await talk.heard()
            heard = await talk.answers(type="subscribe", topics=["score:*", "A"], fields=["x"])
            assert heard[0] == subscribed("price:A", "score:*", fields=["x"])
            assert kinds(heard[1:]) == ["snapshot"]
            heard = await talk.answers(type="set", conflate_ms=100, fields=["x", "y"], id=3)
            assert heard[0] == subscribed(
                "price:A", "score:*", conflate_ms=100, fields=["x", "y"], id=3
            )
            heard = await talk.answers(type="unsubscribe", topics=["score:*", "B"])
            assert heard == [subscribed("price:A", conflate_ms=100, fields=["x", "y"])]
            heard = await talk.answers(type="unsubscribe", topics=["*"])
            assert heard == [subscribed("price:A", conflate_ms=100, fields=["x", "y"])]
            (rejected,) = await talk.answers(type="unsubscribe", topics=["a b"])
            assert isinstance(rejected, dict)
            assert [each["topic"] for each in rejected["rejected"]] == ["a b"]
            assert rejected["topics"] == ["price:A"]

    run_virtual(scene())


def test_the_limits_count_what_it_has_already() -> None:
    async def scene() -> None:
        async with talking(*(f"T{n}.*" for n in range(15))) as talk:
            await talk.heard()
            heard = await talk.answers(type="subscribe", topics=["X.*", "Y.*"])
            assert isinstance(heard[0], dict)
            assert len(heard[0]["topics"]) == 16
            assert [each["code"] for each in heard[0]["rejected"]] == ["too_many_topics"]

    run_virtual(scene())


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        (
            '{"type":"ping","id":1,"at":1790000000123}',
            {"type": "pong", "id": 1, "at": 1790000000123},
        ),
        ('{"type":"ping"}', {"type": "pong"}),
        (
            '{"type":"auth","token":"secret","id":1}',
            answer(1),
        ),
        ("no JSON", error("bad_message", "the message is not JSON")),
        (
            '{"type":"dance","id":7}',
            error(
                "unknown_type",
                "`type` must be one of subscribe, unsubscribe, set, ping, auth",
                id=7,
            ),
        ),
        (
            '{"type":"set","conflate_ms":60001,"id":8}',
            error("bad_option", "conflate_ms: expected an integer from 0 to 60000", id=8),
        ),
    ],
)
def test_what_is_answered_and_changes_nothing(said: str, answered: JsonObject) -> None:
    async def scene() -> None:
        async with talking("A") as talk:
            await talk.heard()
            talk.send(text(said))
            (heard,) = await talk.heard()
            assert isinstance(heard, dict)
            assert 0 <= heard.pop("now", START_MS) - START_MS < 10
            assert heard == answered
            assert await talk.answers(type="set") == [subscribed("price:A")]

    run_virtual(scene())


@pytest.mark.parametrize("cursor", ["", "e-", "e-01", "E-1", 7, True, ["e-1"], {}])
def test_an_unusable_cursor_closes(cursor: Json) -> None:
    async def scene() -> None:
        wanted: list[Said] = []
        async with talking() as talk:
            await talk.heard()
            heard = await talk.answers(type="subscribe", topics=["A"], cursor=cursor, id=1)
            if cursor == "":
                assert kinds(heard) == ["subscribed", "snapshot"], "empty is absent"
                return
            (said, end) = heard
            assert isinstance(said, dict)
            assert (said["code"], said["id"], said["retry"]) == ("bad_cursor", 1, False)
            assert end == ("CLOSE", b"\x11\x30")
        if isinstance(cursor, str):
            async with talking("A", cursor=cursor) as talk:
                wanted = await talk.heard()
                assert kinds(wanted) == ["welcome", "error", "CLOSE"]
                assert wanted[2] == ("CLOSE", b"\x11\x30")
                assert talk.stream.member.subscription == NOTHING

    run_virtual(scene())


async def logged(*topics: str) -> tuple[MemoryLog, str]:
    """A log with a change of each topic, and its epoch."""
    log = MemoryLog()
    await appended(log, *(record(topic) for topic in topics))
    return log, (await log.bounds()).epoch


def test_who_comes_with_a_cursor_resumes_there() -> None:
    async def scene() -> None:
        log, epoch = await logged("price:A", "price:B")
        async with talking("*", log=log, cursor=f"{epoch}-1") as talk:
            welcome, acknowledged, update = await talk.heard()
            assert acknowledged == subscribed("*", resumed=True)
            assert isinstance(update, dict)
            assert (update["cursor"], update["items"]) == (f"{epoch}-2", [{"v": 1}])
            assert welcome == WELCOME

    run_virtual(scene())


def test_the_url_s_cursor_waits_for_the_first_topics() -> None:
    async def scene() -> None:
        log, epoch = await logged("price:A", "price:B")
        async with talking(log=log, cursor=f"{epoch}-1") as talk:
            assert await talk.heard() == [WELCOME]
            assert kinds(await talk.answers(type="set", window_ms=0)) == ["subscribed"]
            refused = await talk.answers(type="subscribe", topics=["a b"])
            assert kinds(refused) == ["subscribed"], "and no snapshot: it has no topics yet"
            heard = await talk.answers(type="subscribe", topics=["*"])
            assert heard[0] == subscribed("*", resumed=True)
            assert kinds(heard[1:]) == ["update"]
            heard = await talk.answers(type="subscribe", topics=["C"], cursor=f"{epoch}-0")
            assert kinds(heard) == ["subscribed", "snapshot"], "only the first is honoured"

    run_virtual(scene())


def test_a_command_s_own_cursor_is_taken_before_the_url_s() -> None:
    async def scene() -> None:
        log, epoch = await logged("price:A", "price:B")
        async with talking(log=log, cursor=f"{epoch}-1") as talk:
            await talk.heard()
            heard = await talk.answers(type="subscribe", topics=["*"], cursor=f"{epoch}-0")
            assert kinds(heard) == ["subscribed", "update"]
            assert isinstance(heard[1], dict)
            assert len(heard[1]["items"]) == 2

    run_virtual(scene())


def test_what_cannot_be_had_now_is_said_and_nothing_changes() -> None:
    async def scene() -> None:
        log = AwayLog()
        await appended(log, record())
        async with talking("A", log=log) as talk:
            await talk.heard()
            log.is_away = True
            assert await talk.answers(type="set", delay_ms=1000, id=1) == [
                {
                    "type": "error",
                    "id": 1,
                    "code": "unavailable",
                    "message": "not now: the disk is away",
                    "retry": True,
                    "retry_after_ms": 1000,
                }
            ]
            log.is_away = False
            assert await talk.answers(type="set") == [subscribed("price:A")]

    run_virtual(scene())


def test_who_cannot_be_served_now_is_told_so_and_may_come_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scene() -> None:
        log = AwayLog()
        await appended(log, record())
        log.is_away = True
        async with talking("A", log=log, options=Options(delay_ms=1000)) as talk:
            await asyncio.sleep(0.001)
            greeting, refusal, end = await talk.heard()
            assert greeting == WELCOME
            assert isinstance(refusal, dict)
            assert (refusal["code"], refusal["retry"]) == ("unavailable", True)
            assert end == ("CLOSE", (1012).to_bytes(2))
            assert talk.stream.ended_by == "unavailable"

    run_virtual(scene())
    assert "could not be served" not in caplog.text
