import json
import signal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from feed.clock import SystemClock
from feed.model.codec import decode
from tests.support.flaky_admin import FlakyAdmin
from tests.support.recordings import lines, tape, url_of
from tests.support.terminal import command, terminal

BEGIN = {"at": 1, "snapshot": "begin", "topics": ["*"], "cursor": "e-1"}
DATA = {"topic": "price:A", "v": 1, "ts": 1, "data": {"price": "1"}}


async def snapshot_of(url: str) -> dict[str, Any]:
    async with ClientSession() as session, session.get(f"{url}/snapshot?topics=*") as answer:
        body: Any = decode(await answer.read())
    return {item["topic"]: item["data"] for item in body["items"]}


async def test_replay_tells_it_all(url: str, place: Path) -> None:
    goal = {"id": "g", "op": "add", "kind": "goal", "ts": 9, "data": {"x": 1.5}}
    void = {**goal, "op": "void"}
    file = tape(
        place,
        BEGIN,
        {"at": 1, **DATA, "cursor": "e-2"},
        {"at": 2, "topic": "score:B", "v": 1, "ts": 2, "data": {}},
        {"at": 2, "topic": "score:B", "event": goal, "cursor": "e-4"},
        {"at": 3, "topic": "score:B", "event": void, "cursor": "e-5"},
        {"at": 3, "topic": "score:B", "v": 2, "ts": 2, "gone": True, "cursor": "e-6"},
    )
    done = await command("replay", file, "--speed", "max", "--url", url)
    assert (done.status, done.output) == (0, "")
    assert done.errors.splitlines() == [
        f"feed: playing {file} into {url}, as fast as it goes",
        "feed: the end: 3 items and 2 events",
    ]
    assert await snapshot_of(url) == {"price:A": {"price": "1"}}
    done = await command("replay", file, "--speed", "1000", "--url", url)
    assert done.status == 0
    assert done.errors.splitlines()[1:] == [
        "feed: left out: score:B already has an event g",
        "feed: the end: 3 items and 1 events, 1 left out",
    ]


async def test_replay_leaves_out_what_the_feed_cannot_do(url: str, place: Path) -> None:
    file = tape(
        place,
        {"at": 1, "topic": "score:B", "event": {"op": "void", "id": "g"}},
        {"at": 1, "topic": "score:B", "gone": True},
        {"at": 1, "topic": "score:B", "set": {"x": 1}, "event": {"op": "amend", "id": "h"}},
        {"at": 2, "topic": "price:A", "set": {"price": "much"}},
    )
    done = await command("replay", file, "--url", url)
    assert (done.status, done.errors.count("left out: ")) == (1, 3)
    assert done.errors.endswith(
        "the end: 1 items and 0 events, 3 left out; 1 could not be played\n"
    )
    assert "line 4: $.price: expected a decimal" in done.errors
    assert await snapshot_of(url) == {"score:B": {"x": 1}}


async def test_replay_tells_once_whatever_the_network_does(place: Path) -> None:
    double = FlakyAdmin(["cut after"])
    async with TestServer(double.app) as server:
        file = tape(place, {"at": 1, "topic": "A", "set": {"price": "1"}})
        done = await command("replay", file, "--url", url_of(server))
    assert (done.status, double.applied, len(set(double.keys))) == (0, 1, 1)
    assert done.errors.count("; again\n") == 1


async def test_replay_a_rehearsal(url: str, tmp_path: Path) -> None:
    file = tmp_path / "drill.toml"
    text = 'speed = 1000\nprices = ["9:00 A 1", "halt A", "9:10 resume A", "A 2"]'
    for _ in range(2):
        done = await command("replay", written(file, text), "--url", url)
        assert done.status == 0
        assert done.errors == (
            f"feed: playing {file} into {url}, 1000 times as fast\n"
            "feed: the end: 4 items and 2 events\n"
        )
    item = (await snapshot_of(url))["price:A"]
    assert item == {"price": "2", "state": "live", "high": "2", "low": "1"}


def written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


async def test_replay_ends_with_control_c(url: str, place: Path) -> None:
    file = tape(place, BEGIN, {"at": 1, **DATA}, {"at": 10**9, **DATA})
    async with terminal("replay", file, "--url", url) as screen:
        await screen.shows("1 items and 0 events")
        screen.process.send_signal(signal.SIGINT)
        await screen.shows("stopped; 1 items and 0 events")
        assert await screen.process.wait() == 130


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["none.jsonl"], "No such file"),
        (["empty"], r"has no \*\.jsonl in it"),
        (["a.csv"], "expected .jsonl or .toml; a [[source]] of the type replay plays others"),
        (["a.toml", "a.jsonl"], "a rehearsal is played alone"),
        (["a.toml"], 'line 1: prices[0]: "halt": expected a time first: 09:30'),
    ],
)
async def test_replay_refuses(tmp_path: Path, files: list[str], message: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.toml").write_text('prices = ["halt"]')
    done = await command("replay", *(str(tmp_path / file) for file in files))
    assert (done.status, done.output, done.errors.count("\n")) == (1, "", 1)
    assert message.replace("\\", "") in done.errors


async def test_replay_with_a_wrong_token(url: str, place: Path) -> None:
    file = tape(place, {"at": 1, "topic": "A", "set": {"price": "1"}})
    done = await command("replay", file, "--url", url, FEED_ADMIN_TOKEN="z" * 40)
    assert done.status == 1
    assert done.errors.splitlines()[1:] == ["feed: the server does not accept this token"]


@pytest.mark.parametrize("speed", ["0", "-1", "fast", "inf"])
async def test_a_bad_speed(speed: str) -> None:
    done = await command("replay", "x.jsonl", f"--speed={speed}")
    assert done.status == 2
    assert "argument --speed: " in done.errors


async def test_replay_as_of_now(url: str, place: Path) -> None:
    clock = {"ms": 1, "at": 2, "running": True}
    file = tape(
        place, BEGIN, {"at": 2, "topic": "score:B", "v": 1, "ts": 2, "data": {"clock": clock}}
    )
    await command("replay", file, "--url", url)
    assert (await snapshot_of(url))["score:B"]["clock"] == clock
    await command("replay", file, "--url", url, "--now")
    now = (await snapshot_of(url))["score:B"]["clock"]
    assert now["at"] > SystemClock().now_ms() - 60_000


def test_a_line_is_json_of_one_line(place: Path) -> None:
    tape(place, {"at": 1, "topic": "A", "data": {"name": "two\nlines \u2028"}})
    assert [json.loads(text) for text in place.read_bytes().splitlines()] == lines(place)
