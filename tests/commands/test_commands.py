import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator, Sequence
from secrets import token_hex
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from feed.app import running
from feed.client.admin import Admin
from feed.clock import SystemClock
from feed.model.codec import encode
from feed.settings import Settings
from tests.support.flaky_admin import FlakyAdmin
from tests.support.server import TOKEN
from tests.support.terminal import END_S, command, piped, terminal


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """A server without sources."""
    settings = Settings(log="memory:", sources=False, admin_token=(TOKEN,), drain_s=0)
    async with running(settings, SystemClock()) as app, TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


async def change(url: str, topic: str, **fields: Any) -> None:
    """Inject a change without a process of its own."""
    body = encode({"topic": topic, **fields})
    async with ClientSession() as session:
        await Admin(session, url, TOKEN, lambda *_: None).inject(body, token_hex(8))


async def test_inject(url: str) -> None:
    done = await command("inject", "A", "price=1.50", "--url", url)
    assert done == (0, "price:A v1\n", "")
    done = await command(
        "inject", "score:B", "home.score=1", "--event", "goal", "--id", "g-1", "--url", url
    )
    assert done == (0, "score:B v1 event g-1\n", "")


async def test_inject_from_standard_input(url: str) -> None:
    body = b'[{"topic":"A","set":{"price":1.10}}, {"topic":"B","data":{}}]'
    done = await command("inject", "-", "--url", url, typed=body)
    assert done == (0, "price:A v1\nprice:B v1\n", "")


async def test_inject_same_key_twice(url: str) -> None:
    words = ("inject", "A", "price=1", "--key", "k-1", "--url", url)
    await command(*words)
    assert (await command(*words)).output == (
        "price:A v1\nthis key was used before: the answer is of then, nothing changed now\n"
    )


async def test_dry_run_changes_nothing(url: str) -> None:
    done = await command("inject", "A", "x=\x1b[2J", "--dry-run", "--url", url)
    assert done == (
        0,
        'price:A v1 x="\\u001b[2J"\ndry run, nothing changed; subscribers who would get it: 0\n',
        "",
    )
    assert (await command("inject", "A", "--if-v", "0", "--gone", "--url", url)).status == 1


async def test_problem_is_one_line_for_each_fault(url: str) -> None:
    body = b'[{"topic":"A","set":{"price":"x"}},{"topic":"A","foo":1,"gone":true}]'
    done = await command("inject", "-", "--url", url, typed=body)
    assert done == (1, "", "$[1].foo: no member of this name\n")
    done = await command("inject", "A", "price=x", "bid=y", "--url", url)
    expected = 'expected a decimal, such as "191.05"'
    assert done == (1, "", f"$[0].set.price: {expected}\n$[0].set.bid: {expected}\n")


async def test_wrong_token(url: str) -> None:
    done = await command("inject", "A", "x=1", "--url", url, FEED_ADMIN_TOKEN="z" * 40)
    assert done == (1, "", "the server does not accept this token\n")


async def test_no_token() -> None:
    done = await command("inject", "A", "x=1", FEED_ADMIN_TOKEN="")
    assert done.status == 1
    assert done.errors.startswith("feed: FEED_ADMIN_TOKEN is not set")


async def test_connection_that_breaks_after_the_change_changes_once() -> None:
    double = FlakyAdmin(["cut after"])
    async with TestServer(double.app) as server:
        url = str(server.make_url("")).rstrip("/")
        done = await command("inject", "A", "x=1", "--url", url, FEED_ADMIN_TOKEN=f"{TOKEN},old")
    assert (done.status, double.applied, len(set(double.keys))) == (0, 1, 1)
    assert done.errors.count("again in") == 1


@pytest.mark.parametrize("given", [(), ("--key", "k-1")])
async def test_an_inject_that_is_interrupted_says_how_to_send_it_again(
    given: Sequence[str],
) -> None:
    async with piped("inject", "A", "x=1", "--url", "http://127.0.0.1:1", *given) as inject:
        assert "; again in " in await inject.note()
        assert await inject.interrupted() == 130
        notes = [note async for note in inject.notes() if "; again in " not in note]
    said = (
        r"feed: interrupted; it may have been done or not: the same again with --key (\S+) is safe"
    )
    assert len(notes) == 1
    match = re.fullmatch(said, notes[0])
    assert match
    assert match[1] == "k-1" if given else match[1].startswith("inject-")


async def test_watch_in_a_pipe(url: str) -> None:
    await change(url, "A", set={"price": "1", "name": "\x1b[2J"})
    async with piped("watch", "A", "score:*", "--url", url) as watch:
        assert await watch.line() == ('price:A v1 price=1 name="\\u001b[2J" high=1 low=1')
        assert await watch.note() == "feed: connected by WebSocket"
        await change(url, "A", set={"bid": "0.9"})
        assert await watch.line() == "price:A v2 bid=0.9"
        await change(url, "C", set={"price": "1"})
        await change(url, "score:B", set={"home": {"score": 1}}, event={"kind": "goal", "id": "1"})
        assert await watch.line() == "score:B v1 home.score=1"
        assert await watch.line() == "score:B event goal 1 add"
        assert await watch.interrupted() == 0


async def test_watch_frames(url: str) -> None:
    async with piped("watch", "--json", "--url", url) as watch:
        kinds = [json.loads(await watch.line())["type"] for _ in range(3)]
        assert kinds == ["welcome", "subscribed", "snapshot"]


async def test_watch_waits_for_a_server() -> None:
    async with piped("watch", "--url", "http://127.0.0.1:1") as watch:
        for _ in range(2):
            note = await watch.note()
            assert note.startswith("feed: no connection: Connection refused; next try in ")
        assert await watch.interrupted() == 0


@pytest.mark.parametrize("topic", ["no topic", "foo:x", "a*b"])
async def test_watch_bad_topic(topic: str) -> None:
    done = await command("watch", topic)
    assert done.status == 1
    assert done.output == ""
    assert done.errors.startswith(f"feed: '{topic}': ")
    assert done.errors.count("\n") == 1


async def test_watch_what_is_no_feed() -> None:
    async with TestServer(web.Application()) as server:
        url = str(server.make_url("")).rstrip("/")
        done = await command("watch", "--url", url)
    assert (done.status, done.output) == (1, "")
    assert done.errors.splitlines() == [
        f"feed: no connection: {url}/ws answers 404; trying SSE",
        f"feed: no connection: {url}/sse answers 404; trying long poll",
        f"feed: {url}/poll answers 404",
    ]


async def test_watch_on_a_terminal(url: str) -> None:
    fields = {"price": "1234.50", "change": "-1", "name": "\x1b]0;title\x07"}
    await change(url, "A", set=fields)
    async with terminal("watch", "--url", url) as screen:
        await screen.shows("1,234.50")
        await screen.shows("1 price, 0 scores")
        assert not screen.echoes()
        await change(url, "score:B", set={"home": {"name": "Home"}}, event={"kind": "goal"})
        await screen.shows("Home")
        await screen.shows("goal")
        screen.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(END_S):
            assert await screen.process.wait() == 0
        await screen.shows("\x1b[?1049l")
        assert screen.echoes()
        assert "\x1b[31m" in screen.text  # the change, which is down
        assert "\x1b]0;" not in screen.text
        assert screen.text.index("\x1b[?25l") < screen.text.index("\x1b[?25h")


async def test_no_color(url: str) -> None:
    await change(url, "A", set={"price": "1", "change": "-1"})
    async with terminal("watch", "--url", url, NO_COLOR="1") as screen:
        await screen.shows("live · WebSocket")
        assert not re.search(r"\x1b\[[0-9;]*m", screen.text)


async def test_terminal_without_a_server() -> None:
    async with terminal("watch", "--url", "http://127.0.0.1:1") as screen:
        await screen.shows("no connection: Connection refused")
        screen.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(END_S):
            assert await screen.process.wait() == 0
        await screen.shows("\x1b[?25h")
