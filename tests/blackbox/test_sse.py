"""`/sse`: the stream as EventSource reads it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from tests.support.admin import Admin
from tests.support.client import Frame, Reader, parse
from tests.support.doors import Query, sse_events, sse_frame
from tests.support.server import Server

Events = AsyncIterator[dict[str, str]]


@asynccontextmanager
async def _stream(
    http: aiohttp.ClientSession, server: Server, query: Query, last: str | None = None
) -> AsyncIterator[Events]:
    headers = {} if last is None else {"Last-Event-ID": last}
    url = f"{server.url}/sse"
    async with http.get(url, params=query, headers=headers) as answer:
        assert answer.status == 200
        yield sse_events(answer.content)


async def _frames(events: Events, until: str) -> list[Frame]:
    """Frames up to and with the first of a type; the ids are checked on the way."""
    frames: list[Frame] = []
    async for event in events:
        if "data" in event:
            frames.append(sse_frame(event))
            if frames[-1]["type"] == until:
                return frames
    raise AssertionError(f"ended before {until}: {frames}")


async def test_head_and_order_of_frames(
    admin: Admin, server: Server, http: aiohttp.ClientSession, name: str
) -> None:
    topic = f"score:{name}.A"
    await admin.inject({"topic": topic, "set": {"n": 1}})
    async with http.get(f"{server.url}/sse", params={"topics": topic}) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].partition(";")[0] == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-cache, no-transform"
        assert answer.headers["X-Accel-Buffering"] == "no"
        assert not {"Content-Length", "Content-Encoding"} & answer.headers.keys()
        frames = await _frames(sse_events(answer.content), "snapshot")
    assert [frame["type"] for frame in frames] == ["welcome", "subscribed", "snapshot"]
    assert [item["data"] for item in frames[-1]["items"]] == [{"n": 1}]


async def test_retry_differs_by_client(server: Server, http: aiohttp.ClientSession) -> None:
    seen = set()
    for _ in range(6):
        async with _stream(http, server, {"topics": "A"}) as events:
            async for event in events:
                if "retry" in event:
                    seen.add(int(event["retry"]))
                    break
    assert all(1000 <= retry <= 5000 for retry in seen)
    assert len(seen) > 1


async def test_only_frames_that_move_the_place_have_an_id(
    admin: Admin, server: Server, http: aiohttp.ClientSession, name: str
) -> None:
    topics = [f"score:{name}.{number}" for number in range(600)]
    await admin.inject([{"topic": topic, "set": {"n": 1}} for topic in topics])
    ids: list[tuple[str, bool]] = []
    async with _stream(http, server, {"topics": f"score:{name}.*"}) as events:
        injected = False
        async for event in events:
            if "data" not in event:
                continue
            frame = parse(event["data"])
            kind = "part" if frame.get("more") else frame["type"]
            ids.append((kind, "id" in event))
            if kind == "snapshot" and not injected:
                injected = True
                await admin.inject({"topic": topics[0], "set": {"n": 2}})
            if kind == "heartbeat":
                break
    assert ids[:4] == [
        ("welcome", False),
        ("subscribed", False),
        ("part", False),
        ("snapshot", True),
    ]
    assert set(ids[4:]) == {("update", True), ("heartbeat", True)}


async def test_last_event_id_wins_over_the_cursor(
    admin: Admin, server: Server, http: aiohttp.ClientSession, name: str
) -> None:
    topic = f"score:{name}.A"
    places = [
        (await admin.inject({"topic": topic, "event": {"kind": "goal", "id": f"g{n}"}}))["cursor"]
        for n in range(4)
    ]
    query: Query = {"topics": topic, "cursor": places[3]}
    async with _stream(http, server, query, last=places[1]) as events:
        frames = await _frames(events, "update")
    assert [frame["type"] for frame in frames] == ["welcome", "subscribed", "update"]
    assert frames[1]["resumed"] is True
    assert [event["id"] for event in frames[2]["events"]] == ["g2", "g3"]
    async with _stream(http, server, {**query, "cursor": places[2]}) as events:
        frames = await _frames(events, "update")
    assert [event["id"] for event in frames[2]["events"]] == ["g3"]


async def test_an_empty_cursor_is_absent(server: Server, http: aiohttp.ClientSession) -> None:
    async with _stream(http, server, {"topics": "A", "cursor": ""}, last="") as events:
        frames = await _frames(events, "snapshot")
    assert frames[1]["resumed"] is False


async def test_text_of_any_kind_stays_one_event(
    admin: Admin, server: Server, http: aiohttp.ClientSession, name: str
) -> None:
    topic = f"score:{name}.A"
    text = "a\nb\r\nc\rd\u2028e\0f\n\ndata: x\nid: 7\n\n"
    await admin.inject({"topic": topic, "set": {"text": text}})
    reader = Reader()
    async with _stream(http, server, {"topics": topic}) as events:
        reader.opened("sse")
        for frame in await _frames(events, "snapshot"):
            reader.apply(frame)
    assert reader.items[topic] == {"text": text}
