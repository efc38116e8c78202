"""Each limit of HTTP at its doors: what is just allowed, and what is one too many."""

import asyncio
import json
import socket
from collections.abc import Callable, Sequence
from typing import TypeAlias

import pytest
from aiohttp import web

from feed.clock import SystemClock
from feed.model.change import Change
from feed.web import keys
from tests.support.clock import run_virtual
from tests.support.stalled import small_socket
from tests.support.talk import asked, feed
from tests.support.token import SECRET, token

Headers: TypeAlias = dict[str, str]

TOKEN = "a-token-of-at-least-32-characters"
ADMIN = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
STATE = "/admin/state"


def request(
    target: str, body: bytes = b"", headers: Headers | None = None, *, length: int | None = None
) -> bytes:
    """A GET, or with a body a POST; `length`: what it says of its body, however long that is."""
    lines = [f"{'POST' if body else 'GET'} {target} HTTP/1.1", "Host: x", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunked(target: str, body: bytes, headers: Headers) -> bytes:
    """A POST that does not say before how much it brings."""
    head = request(target, headers=headers | {"Transfer-Encoding": "chunked"})
    return head.replace(b"GET", b"POST", 1) + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


async def answer(port: int, sent: bytes) -> tuple[int, dict[str, str], str]:
    """The status, the headers in lower case, and the code of the problem, if it is one."""
    async with asked(port, sent) as (reader, _):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    is_problem = headers.get("content-type") == "application/problem+json"
    return int(first.split()[1]), headers, json.loads(body)["code"] if is_problem else ""


async def statuses(port: int, *sent: bytes) -> list[int]:
    """Of one request after the other."""
    return [(await answer(port, each))[0] for each in sent]


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


def subscribers(*topics: str, left_s: float = 3600, secret: str = SECRET) -> dict[str, str]:
    """The header of one whose token is good for so long."""
    exp_s = SystemClock().now_ms() / 1000 + left_s
    return {"Authorization": f"Bearer {token(*topics, exp_s=exp_s, secret=secret)}"}


WRONG = subscribers("A", secret="s" * 32)
SWITCH = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.mark.parametrize("door", ["/snapshot", "/poll", "/sse", "/history"])
async def test_ten_wrong_tokens_of_a_subscriber_and_no_more_is_heard(door: str) -> None:
    target = f"{door}?topics=A"
    async with feed(subscriber_secret=SECRET) as (_, port):
        sent = [request(target, headers=WRONG)] * 5 + [request(f"{target}&token=x.y.z")] * 5
        assert await statuses(port, *sent) == [401] * 10
        for said in (WRONG, subscribers("A")):
            status, headers, _ = await answer(port, request(target, headers=said))
            assert (status, headers["retry-after"]) == (429, "6")
        upgrade = f"GET /ws?topics=A&token=x HTTP/1.1\r\nHost: x\r\n{_lines(SWITCH)}\r\n"
        async with asked(port, upgrade.encode()) as (reader, _):
            assert (await reader.readline()).startswith(b"HTTP/1.1 429 ")
        assert await statuses(port, request("/", headers=WRONG)) == [429]


def _lines(headers: dict[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


async def test_tokens_that_are_missing_or_over_or_good_are_not_counted() -> None:
    target = "/snapshot?topics=A"
    over, good = subscribers("A", left_s=-60), subscribers("A")
    async with feed(subscriber_secret=SECRET) as (_, port):
        said: Sequence[dict[str, str]] = [{}, over, good] * 11
        sent = [request(target, headers=each) for each in said]
        assert await statuses(port, *sent) == [401, 401, 200] * 11


async def test_a_wrong_token_in_a_frame_counts_as_well() -> None:
    async with feed(subscriber_secret=SECRET, wrong_tokens_per_min=1) as (_, port):
        upgrade = f"GET /ws HTTP/1.1\r\nHost: x\r\n{_lines(SWITCH)}\r\n".encode()
        frame = b'\x81\x9b\0\0\0\0{"type":"auth","token":"x"}'
        async with asked(port, upgrade + frame) as (reader, _):
            said = await reader.readuntil(b"\x88\x02\x11\x31")  # a close with 4401
            assert said.startswith(b"HTTP/1.1 101 ")
        assert await statuses(port, request("/snapshot?topics=A", headers=subscribers("A"))) == [
            429
        ]


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
