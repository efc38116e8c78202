"""`GET /sse` on a socket of loopback, on both loops."""

import aiohttp
import pytest

from feed.model.change import Change
from feed.web import keys
from tests.support.doors import sse_events, sse_frame
from tests.support.events import chunks, frames
from tests.support.talk import asked, feed
from tests.support.transport import (
    Run,
    on_every_loop,
    turns,
)


@on_every_loop
def test_the_door_greets_tells_and_ends(run: Run) -> None:
    async def scene() -> None:
        request = b"GET /sse?topics=A HTTP/1.1\r\nHost: x\r\n\r\n"
        async with feed() as (app, port), asked(port, request) as (reader, _):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            assert head.startswith("HTTP/1.1 200 OK\r\n")
            assert {
                "Content-Type: text/event-stream",
                "Transfer-Encoding: chunked",
                "Cache-Control: no-cache, no-transform",
                "X-Accel-Buffering: no",
            } <= set(head.split("\r\n"))
            body = await reader.readuntil(b'"more":false,"cursor":')
            body += await reader.readuntil(b"\n\n\r\n")
            (stream,) = app[keys.CONNECTIONS].open
            await app[keys.INGEST].submit([Change(topic="price:A", patch={"x": 1})])
            body += await reader.readuntil(b"\n\n\r\n")
            stream.close(1012)
            body += await reader.read()
            retry, welcome, *told, last = chunks(body)
            name, _, delay_ms = retry.partition(b": ")
            assert name == b"retry"
            assert 1000 <= int(delay_ms) <= 5000
            assert frames(welcome)[0]["connection"] == stream.id
            assert [frame["type"] for chunk in told for frame in frames(chunk)] == [
                *("subscribed", "snapshot", "update")
            ]
            assert last == b""

    run(scene())


@on_every_loop
def test_the_door_has_no_chunks_for_http_1_0(run: Run) -> None:
    async def scene() -> None:
        request = b"GET /sse?topics=A HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n"
        async with feed() as (app, port), asked(port, request) as (reader, _):
            head = await reader.readuntil(b"\r\n\r\n")
            assert b"chunked" not in head
            body = await reader.readuntil(b'"more":false,"cursor":')
            body += await reader.readuntil(b"\n\n")
            (stream,) = app[keys.CONNECTIONS].open
            stream.close(1012)
            assert await reader.read() == b"", "the end of the connection is that of the body"
            assert body.startswith(b"retry: ")
            assert [frame["type"] for frame in frames(body)] == [
                *("welcome", "subscribed", "snapshot")
            ]
            assert not any(line[:1].isdigit() for line in body.splitlines())

    run(scene())


@on_every_loop
def test_further_topics_join_after_what_is_older_of_the_others(run: Run) -> None:
    async def scene() -> None:
        async with feed() as (app, port):
            place = app[keys.HUB].live.cursor(app[keys.HUB].head)
            changes = [Change(topic=f"price:{name}", patch={"x": 1}) for name in "ABAC"]
            await app[keys.INGEST].submit(changes)
            request = b"GET /sse?topics=A&also=B,A&cursor=%b HTTP/1.1\r\nHost: x\r\n\r\n"
            async with asked(port, request % place.encode()) as (reader, _):
                await reader.readuntil(b"\r\n\r\n")
                body = await reader.readuntil(b'"more":false,"cursor":')
                body += await reader.readuntil(b"\n\n\r\n")
            _, _, resumed, update, joined, snapshot = (
                [*told, {}][0] for told in map(frames, chunks(body))
            )
            assert (resumed["topics"], resumed["resumed"]) == (["price:A"], True)
            assert [item["v"] for item in update["items"]] == [1, 2]
            assert (joined["topics"], joined["resumed"]) == (["price:A", "price:B"], False)
            assert [item["topic"] for item in snapshot["items"]] == ["price:B"]

    run(scene())


@on_every_loop
def test_another_implementation_understands_all_of_it(run: Run) -> None:
    async def scene() -> None:
        async with feed() as (app, port), aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{port}/sse?topics=*"
            async with session.get(url) as answer:
                told = []
                async for each in sse_events(answer.content):
                    if "data" not in each:
                        continue
                    told.append(sse_frame(each)["type"])
                    if told[-1] == "snapshot":
                        await app[keys.INGEST].submit([Change(topic="price:A", patch={"x": 1})])
                    if told[-1] == "update":
                        (stream,) = app[keys.CONNECTIONS].open
                        stream.close(1012)
            assert told == ["welcome", "subscribed", "snapshot", "update"]
            await turns()
            assert app[keys.CONNECTIONS].open == {}

    run(scene())


@pytest.mark.parametrize(
    ("query", "headers", "told"),
    [
        ("", {}, ["snapshot"]),
        ("&cursor={}-1", {}, ["update"]),
        ("&cursor=bad", {"Last-Event-ID": "{}-1"}, ["update"]),
        ("&cursor={}-1", {"Last-Event-ID": ""}, ["update"]),
        ("&cursor=", {}, ["snapshot"]),
        ("&cursor={}-1", {"Last-Event-ID": "0-1"}, ["reset", "snapshot"]),
    ],
)
async def test_the_last_event_id_wins_over_the_cursor(
    query: str, headers: dict[str, str], told: list[str]
) -> None:
    async with feed() as (app, port), aiohttp.ClientSession() as session:
        epoch = app[keys.HUB].epoch
        for n in range(2):
            await app[keys.INGEST].submit([Change(topic="price:A", patch={"x": n})])
        url = f"http://127.0.0.1:{port}/sse?topics=A{query.format(epoch)}"
        given = {name: value.format(epoch) for name, value in headers.items()}
        async with session.get(url, headers=given) as answer:
            heard: list[str] = []
            async for each in sse_events(answer.content):
                heard += [sse_frame(each)["type"]] if "data" in each else []
                if heard[2:] == told:
                    break
            assert heard[:2] == ["welcome", "subscribed"]


@pytest.mark.parametrize(
    ("settings", "target", "status"),
    [
        ({}, "/sse", 400),
        ({}, "/sse?topics=a+b", 400),
        ({}, "/sse?topics=A&cursor=bad", 400),
        ({}, "/sse?topics=A&window_ms=1001", 400),
        ({"max_connections": 1}, "/sse?topics=A", 503),
        ({"max_connections_per_ip": 1}, "/sse?topics=A", 429),
    ],
)
async def test_who_is_refused_is_told_so_before_the_stream(
    settings: dict[str, int], target: str, status: int
) -> None:
    async with feed(**settings) as (app, port), aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{port}"
        async with session.get(f"{url}/sse?topics=B"), session.get(url + target) as answer:
            assert answer.status == status
            assert answer.content_type == "application/problem+json"
            assert len(app[keys.CONNECTIONS].open) == 1
