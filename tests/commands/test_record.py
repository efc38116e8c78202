import signal
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from feed.client.admin import Admin
from feed.client.stream import Stream
from feed.client.wanted import Wanted
from feed.commands.notes import Notes
from feed.commands.record import Recorder
from feed.commands.tape import Tape
from feed.model.codec import encode
from tests.support.recordings import lines, tape, url_of
from tests.support.scripted import QUICK, WELCOME, ScriptedServer, snapshot, subscribed, update
from tests.support.server import TOKEN
from tests.support.terminal import command, piped, terminal

NOW = 1_790_000_000_000


async def change(url: str, topic: str, **fields: Any) -> None:
    body = encode({"topic": topic, **fields})
    async with ClientSession() as session:
        await Admin(session, url, TOKEN, lambda *_: None).inject(body, token_hex(8))


async def record(place: Path, *scripts: Any, until: str) -> list[Any]:
    """Record what a server says until the price of A is that; the lines, without the first."""
    double = ScriptedServer(*scripts)
    to = Tape(place, ["*"], 1 << 20)
    with (place.parent / "notes").open("a") as output:
        recorder = Recorder(to, ["*"], Notes(output))
        async with TestServer(double.app) as server, ClientSession() as session:
            wanted = Wanted(url=url_of(server), topics=("*",))
            async with Stream(session, wanted, to.reader, QUICK) as stream:
                async for message in stream:
                    recorder.hear(message, NOW)
                    item = to.reader.items.get("price:A")
                    if item and item.data["price"] == until:
                        break
    to.close()
    return lines(place)


def price(v: int, value: str) -> dict[str, Any]:
    return {"topic": "price:A", "v": v, "ts": 5, "set": {"price": value}}


def whole(v: int, value: str) -> dict[str, Any]:
    return {"topic": "price:A", "v": v, "ts": 5, "data": {"price": value}}


FIRST = [{"at": NOW, "snapshot": "begin", "topics": ["*"]}]
FIRST += [{"at": NOW, **whole(1, "1"), "cursor": "e-1"}]


async def test_a_heartbeat_is_a_place_of_its_own(place: Path) -> None:
    beats = [{"type": "heartbeat", "cursor": f"e-{n}", "now": n} for n in (1, 2, 2)]
    script = [WELCOME, subscribed(), snapshot("e-1", whole(1, "1")), *beats]
    told = await record(place, [*script, update("e-3", price(2, "2"))], until="2")
    assert told == [
        *FIRST,
        {"at": 2, "cursor": "e-2"},
        {"at": 1, **price(2, "2"), "cursor": "e-3"},
    ]


async def test_a_snapshot_in_parts_is_told_when_it_is_whole(place: Path) -> None:
    part = {"type": "snapshot", "items": [whole(1, "1")], "more": True}
    script = [WELCOME, subscribed(), part, 1001]
    other = {**whole(1, "9"), "topic": "price:B"}
    told = await record(
        place, script, [WELCOME, subscribed(), part, snapshot("e-1", other)], until="1"
    )
    assert told == [
        FIRST[0],
        {"at": NOW, **whole(1, "1")},
        {"at": NOW, **other, "cursor": "e-1"},
    ]


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ([WELCOME, subscribed(), {"type": "reset", "reason": "expired"}], "expired"),
        ([WELCOME, subscribed(), {"type": "reset", "reason": "epoch"}], "epoch"),
        ([WELCOME, subscribed(resumed=True), update("e-2", price(7, "2"))], "fault"),
    ],
)
async def test_what_is_missing_is_said(place: Path, second: list[Any], reason: str) -> None:
    first = [WELCOME, subscribed(), snapshot("e-1", whole(1, "1"))]
    await record(place, first, until="1")
    again = [WELCOME, subscribed(), snapshot("f-7", whole(9, "3"))]
    scripts = [second, again] if reason == "fault" else [[*second, again[-1]]]
    told = await record(place, *scripts, until="3")
    assert told == [
        *FIRST,
        {"at": NOW, "reset": reason, "topics": ["*"]},
        {"at": NOW, **whole(9, "3"), "cursor": "f-7"},
    ]
    assert f"reset ({reason})" in (place.parent / "notes").read_text() or reason == "fault"


async def test_record_goes_on_and_says_so(url: str, tmp_path: Path) -> None:
    words = ("record", "A", "score:*", "--to", str(tmp_path / "day"), "--url", url)
    connected = ""
    for beginning in ("recording price:A score:* of", "recording goes on: price:A score:* of"):
        async with piped(*words) as recorder:
            assert (await recorder.note()).startswith(f"feed: {beginning} {url} to ")
            connected = await recorder.note()
            await change(url, "C", set={"price": "1"})
            await change(url, "A", set={"price": "1"})
            assert await recorder.interrupted() == 0
            assert (await recorder.note()).endswith("; the same command goes on from here")
    assert connected == "feed: connected, nothing was missed"
    told = [line["topic"] for line in lines(tmp_path / "day") if "topic" in line]
    assert set(told) <= {"price:A"}


async def test_record_refuses(url: str, place: Path) -> None:
    tape(place, {"mine": 1})
    done = await command("record", "--to", str(place), "--url", url)
    assert done == (1, "", f"feed: {place} is no recording, and is left as it is\n")
    done = await command("record", "x:y", "--to", str(place))
    assert (done.status, done.errors.count("\n")) == (1, 1)
    assert (await command("record")).status == 2
    done = await command("record", "--to", "x", "--most-mb", "0")
    assert "argument --most-mb: expected more than 0" in done.errors


async def test_record_on_a_terminal(url: str, place: Path) -> None:
    await change(url, "A", set={"price": "1"})
    async with terminal("record", "--to", str(place), "--url", url) as screen:
        await screen.shows("1 items and 0 events to ")
        screen.process.send_signal(signal.SIGINT)
        await screen.shows("; the same command goes on from here")
    assert len(lines(place)) == 2
