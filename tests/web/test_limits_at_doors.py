"""Each limit of HTTP at its doors: what is just allowed, and what is one too many."""

import asyncio
import socket
from collections.abc import Callable

import pytest
from aiohttp import web

from feed.model.change import Change
from feed.web import keys
from tests.support.clock import run_virtual
from tests.support.said import answer, chunked, request, statuses
from tests.support.stalled import small_socket
from tests.support.talk import asked, feed

TOKEN = "a-token-of-at-least-32-characters"
ADMIN = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
STATE = "/admin/state"


def inject(size: int) -> bytes:
    """A body of so many bytes that changes something."""
    return b'{"topic":"A","set":{"price":"1"}}'.ljust(size)


SIZES: dict[str, tuple[Callable[[int], bytes], int, int, int]] = {
    "a URL": (lambda n: request("/health/live?" + "x" * (n - 13)), 8192, 200, 400),
    "a header": (lambda n: request("/health/live", headers={"X": "x" * n}), 8192, 200, 400),
    "an injection": (
        lambda n: request("/admin/inject", inject(n), ADMIN), 1_048_576, 200, 413,
    ),
    "an injection in chunks": (
        lambda n: chunked("/admin/inject", inject(n), ADMIN), 1_048_576, 200, 413,
    ),
    "another body": (
        lambda n: request("/admin/unpin", b'{"topic":"X"}'.ljust(n), ADMIN), 16_384, 404, 413,
    ),
    "another body in chunks": (
        lambda n: chunked("/admin/unpin", b'{"topic":"X"}'.ljust(n), ADMIN), 16_384, 404, 413,
    ),
    "a form": (
        lambda n: request("/admin/sign-in", b"token=".ljust(n, b"x"), FORM), 16_384, 401, 413,
    ),
    "an idempotency key": (
        lambda n: request("/admin/inject", inject(99), ADMIN | {"Idempotency-Key": "k" * n}),
        128, 200, 422,
    ),
    "seconds of a poll": (lambda n: request(f"/poll?topics=A&wait={n}"), 55, 200, 400),
    "wildcards": (
        lambda n: request("/snapshot?topics=" + ",".join(f"W{each}*" for each in range(n))),
        16, 200, 400,
    ),
    "topics": (
        lambda n: request("/snapshot?topics=" + ",".join(f"T{each}" for each in range(n))),
        1000, 200, 400,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", SIZES)
async def test_at_the_limit_and_one_above(what: str) -> None:
    sent, most, allowed, refused = SIZES[what]
    async with feed(admin_token=(TOKEN,)) as (_, port):
        assert await statuses(port, sent(most), sent(most + 1)) == [allowed, refused]


SET_LOWER: dict[str, tuple[dict[str, int], Callable[[int], bytes], int, int, int]] = {
    "a URL": (
        {"header_bytes": 1024}, lambda n: request("/health/live?" + "x" * (n - 13)), 1024, 200, 400,
    ),
    "an injection": (
        {"admin_body_bytes": 99},
        lambda n: request("/admin/inject", inject(n), ADMIN), 99, 200, 413,
    ),
    "another body": (
        {"body_bytes": 99},
        lambda n: request("/admin/unpin", b'{"topic":"X"}'.ljust(n), ADMIN), 99, 404, 413,
    ),
    "wildcards": (
        {"max_wildcards": 1},
        lambda n: request("/snapshot?topics=" + "A*,B*"[: 3 * n - 1]), 1, 200, 400,
    ),
    "topics": (
        {"max_topics": 1}, lambda n: request("/snapshot?topics=" + "A,B"[: 2 * n - 1]), 1, 200, 400,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", SET_LOWER)
async def test_a_limit_that_is_set_holds(what: str) -> None:
    limits, sent, most, allowed, refused = SET_LOWER[what]
    async with feed(admin_token=(TOKEN,), **limits) as (_, port):
        assert await statuses(port, sent(most), sent(most + 1)) == [allowed, refused]


async def test_a_body_that_is_said_to_be_too_large_is_not_waited_for() -> None:
    sent = request("/admin/inject", b"{", ADMIN, length=1 << 40)
    async with feed(admin_token=(TOKEN,)) as (_, port), asked(port, sent) as (reader, _):
        assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")


def test_admin_calls_are_so_many_at_once_and_then_a_second() -> None:
    async def scene() -> None:
        limits = {"admin_calls_per_s": 2, "admin_calls_burst": 5}
        async with feed(admin_token=(TOKEN,), **limits) as (app, port):
            call = request(STATE, headers=ADMIN)
            assert await statuses(port, *[call] * 6) == [200] * 5 + [429]
            status, headers, code = await answer(port, request("/admin/inject", b"{", ADMIN))
            assert (status, headers["retry-after"], code) == (429, "1", "too_many_requests")
            assert await statuses(port, request("/health/live")) == [200]
            await asyncio.sleep(0.6)
            assert await statuses(port, call, call) == [200, 429]
            app[keys.ADMIN_CALLS].need("192.0.2.9", asyncio.get_running_loop().time())

    run_virtual(scene())


def test_who_asks_too_often_is_told_at_once_and_heard_again_a_little_later() -> None:
    async def scene() -> None:
        async with feed(admin_token=(TOKEN,), admin_calls_burst=1, admin_calls_per_s=1) as (
            _,
            port,
        ):
            call = request(STATE, headers=ADMIN).replace(b"Connection: close\r\n", b"")
            now_s = asyncio.get_running_loop().time
            async with asked(port, call) as (reader, writer):
                assert b" 200 " in await reader.readuntil(b'"sources":[]}')
                for _ in range(3):
                    writer.write(call)
                    began_s = now_s()
                    assert b" 429 " in await reader.readuntil(b"}")
                    told_s.append(round(now_s() - began_s, 2))
            assert told_s == [0, 0.25, 0.25]

    told_s: list[float] = []
    run_virtual(scene())


def test_by_default_400_at_once() -> None:
    async def scene() -> None:
        async with feed(admin_token=(TOKEN,)) as (app, _):
            calls, now_s = app[keys.ADMIN_CALLS], asyncio.get_running_loop().time()
            for _ in range(400):
                calls.need("192.0.2.1", now_s)
                calls.take("192.0.2.1", now_s)
            with pytest.raises(web.HTTPTooManyRequests):
                calls.need("192.0.2.1", now_s)
            calls.need("192.0.2.1", now_s + 0.005)

    run_virtual(scene())


async def test_streams_of_one_address_as_a_trusted_proxy_tells_it() -> None:
    settings = {"max_connections_per_ip": 1, "trusted_proxies": ("127.0.0.1",)}

    def from_(address: str) -> bytes:
        return request("/sse?topics=A", headers={"X-Forwarded-For": f"192.0.2.66, {address}"})

    async with (
        feed(**settings) as (_, port),
        asked(port, from_("192.0.2.1")) as (reader, _),
        asked(port, from_("192.0.2.2")) as (other, _),
    ):
        for each in (reader, other):
            assert (await each.readline()).startswith(b"HTTP/1.1 200 ")
        status, headers, code = await answer(port, from_("192.0.2.1"))
        assert (status, code) == (429, "too_many_requests")
        assert 1 <= int(headers["retry-after"]) <= 5


async def test_the_longest_silent_connection_makes_room() -> None:
    live = request("/health/live").replace(b"Connection: close\r\n", b"")
    async with (
        feed(max_connections=2) as (_, port),
        asked(port, live) as (first, _),
        asked(port, live) as (second, writer),
    ):
        for each in (first, second):
            assert await each.readuntil(b"}")
        async with asked(port, live) as (third, _):
            assert await third.readuntil(b"}")
            assert await first.read() == b""
            writer.write(live)
            assert await second.readuntil(b"}")


def read_on(peer: socket.socket) -> int:
    """The bytes that come before the connection ends."""
    peer.settimeout(3)
    size = 0
    while part := peer.recv(1 << 20):
        size += len(part)
    return size


def test_an_answer_that_nobody_reads_is_cut_after_30_s() -> None:
    async def scene() -> None:
        async with feed() as (app, port):
            whole = [Change(topic=f"score:T{n}", patch={"x": "x" * 16_000}) for n in range(600)]
            await app[keys.INGEST].submit(whole)
            with small_socket(port) as slow, small_socket(port) as stalled:
                for peer in (slow, stalled):
                    peer.sendall(request("/snapshot?topics=*"))
                for _ in range(4):
                    await asyncio.sleep(10)
                    assert slow.recv(1 << 20)
                assert read_on(stalled) < 5_000_000  # of some ten million: what the kernel has
                await asyncio.sleep(1)
                assert slow.recv(1 << 20), "who reads a little goes on"

    run_virtual(scene())


@pytest.mark.parametrize("door", ["sse", "poll"])
def test_one_delay_more_than_a_hundred_is_refused(door: str) -> None:
    async def scene() -> None:
        async with feed() as (app, port):
            for delay_ms in [*range(100, 1000, 10), *range(1000, 2000, 100)]:
                await app[keys.HUB].lane(delay_ms)
            one_more = request(f"/{door}?topics=A&delay_ms=5000")
            async with asked(port, one_more) as (reader, _):
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 503 ")
                assert b"application/problem+json" in head

    run_virtual(scene())
