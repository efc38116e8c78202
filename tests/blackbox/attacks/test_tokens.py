"""Tokens that are none, too long, twice there, or of something else (security notes, 3)."""

import json
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from feed.clock import SystemClock
from tests.blackbox.conftest import SECOND
from tests.blackbox.fuzz.judge import check_answer
from tests.support.admin import Admin
from tests.support.doors import websocket
from tests.support.raw_http import JSON_TYPE, Answer, ask, written
from tests.support.server import TOKEN, Server
from tests.support.token import SECRET, token

METRICS = "a-token-for-metrics-of-forty-characters-3"
SETTINGS = {
    "FEED_SUBSCRIBER_SECRET": SECRET,
    "FEED_METRICS_TOKEN": METRICS,
    "FEED_WRONG_TOKENS_PER_MIN": "1000",
}
DOORS = (b"/snapshot?topics=A", b"/poll?topics=A&wait=0", b"/history?topic=A", b"/sse?topics=A")
BODY = b'{"topic":"price:STOLEN","set":{"price":"1"}}'


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a secret of each kind."""
    settings = SETTINGS | {"FEED_ADMIN_TOKEN": f"{TOKEN},{SECOND}"}
    with Server(tmp_path_factory.mktemp("tokens"), settings) as server:
        yield server
        for secret in (TOKEN, SECOND, METRICS, SECRET, "eyJ"):
            assert secret not in server.output
        assert "Traceback" not in server.output


def lasting() -> str:
    return token("*", exp_s=SystemClock().now_ms() / 1000 + 3600)


async def called(server: Server, request: bytes, number: int) -> Answer:
    """From an address of its own: wrong tokens are counted by address."""
    answer = await ask(server.port, request, f"127.0.7.{number + 1}")
    assert answer is not None
    return answer


def authorization(text: str) -> bytes:
    return b"Authorization: " + text.encode()


FORMS: dict[str, tuple[bytes, ...]] = {
    "none": (),
    "empty": (authorization(""),),
    "no token": (authorization("Bearer"),),
    "an empty one": (authorization("Bearer "),),
    "another scheme": (authorization(f"Basic {TOKEN}"),),
    "no scheme": (authorization(TOKEN),),
    "the beginning": (authorization(f"Bearer {TOKEN[:-1]}"),),
    "one more": (authorization(f"Bearer {TOKEN}x"),),
    "in capitals": (authorization(f"Bearer {TOKEN.upper()}"),),
    "twice": (authorization(f"Bearer {TOKEN}"), authorization(f"Bearer {TOKEN}")),
    "wrong and right": (authorization("Bearer x"), authorization(f"Bearer {TOKEN}")),
    "twice in one": (authorization(f"Bearer {TOKEN} {TOKEN}"),),
    "both in one": (authorization(f"Bearer {TOKEN},{SECOND}"),),
    "quoted": (authorization(f'Bearer "{TOKEN}"'),),
    "not ASCII": (authorization("Bearer \u00e9" * 8),),
    "not UTF-8": (b"Authorization: Bearer \xff\xfe\x80" + TOKEN.encode(),),
    "8,000 long": (authorization("Bearer " + "x" * 8000),),
    "in another header": (b"X-Authorization: Bearer " + TOKEN.encode(),),
    "of a proxy": (b"Proxy-Authorization: Bearer " + TOKEN.encode(),),
    "a cookie": (b"Cookie: token=" + TOKEN.encode() + b"; feed=" + TOKEN.encode(),),
    "of metrics": (authorization(f"Bearer {METRICS}"),),
    "the secret": (authorization(f"Bearer {SECRET}"),),
}


@pytest.mark.parametrize("case", FORMS)
async def test_what_is_no_admins_token_opens_nothing(private: Server, case: str) -> None:
    number = [*FORMS].index(case)
    fields = FORMS[case]
    state = await called(private, written("GET", b"/admin/state", *fields), number)
    body = await called(
        private, written("POST", b"/admin/inject", *fields, JSON_TYPE, body=BODY), number
    )
    for answer in (state, body):
        check_answer(answer, {401})
        assert json.loads(answer.body)["detail"] == "Unauthorized"
        assert answer.header("www-authenticate") == "Bearer"


@pytest.mark.parametrize("size", [64 * 1024, 9000])
async def test_one_that_is_longer_than_a_line_may_be_is_refused_unread(
    private: Server, size: int
) -> None:
    long = "x" * size
    for path in (b"/admin/state", *DOORS):
        head = await called(private, written("GET", path, authorization(f"Bearer {long}")), 100)
        check_answer(head, {400})
    for path in DOORS:
        query = path + b"&token=" + long.encode()
        check_answer(await called(private, written("GET", query), 100), {400})


async def test_in_a_query_it_is_none(private: Server) -> None:
    for number, name in enumerate(("token", "access_token", "authorization", "admin_token")):
        for method, path in (("GET", "state"), ("POST", "inject")):
            target = f"/admin/{path}?{name}={TOKEN}".encode()
            body = BODY if method == "POST" else None
            request = written(method, target, JSON_TYPE, body=body)
            check_answer(await called(private, request, 110 + number), {401})


async def test_a_subscribers_token_is_no_admins_and_the_other_way_round(private: Server) -> None:
    subscriber = authorization(f"Bearer {lasting()}")
    for path in (b"/admin/state", b"/admin/audit", b"/admin/connections", b"/metrics"):
        check_answer(await called(private, written("GET", path, subscriber), 120), {401})
    inject = written("POST", b"/admin/inject", subscriber, JSON_TYPE, body=BODY)
    check_answer(await called(private, inject, 121), {401})
    for number, secret in enumerate((TOKEN, METRICS, SECRET)):
        for path in DOORS:
            request = written("GET", path, authorization(f"Bearer {secret}"))
            check_answer(await called(private, request, 122 + number), {401})
    for path in DOORS:
        check_answer(await called(private, written("GET", path, subscriber), 125), {200})


async def test_the_token_of_metrics_reads_metrics_alone(private: Server) -> None:
    reads = authorization(f"Bearer {METRICS}")
    check_answer(await called(private, written("GET", b"/metrics", reads), 130), {200})
    for method, path in (("GET", b"/admin/state"), ("POST", b"/admin/session"), ("GET", b"/admin")):
        accept = b"Accept: application/json"
        check_answer(await called(private, written(method, path, reads, accept), 131), {401})


async def test_a_long_or_odd_token_in_a_frame_ends_with_4401(private: Server) -> None:
    for odd in ("", "x" * 65_000, TOKEN, {"a": 1}, None, ["x"], 5, "\r\nFORGED"):
        async with websocket(private.url, {"topics": "A"}) as socket:
            await socket.send(type="auth", id=1, token=odd)
            assert (await socket.until("error"))["code"] == "unauthorized"
            assert await socket.closed() == 4401


async def test_nothing_that_is_shown_has_a_secret_in_it(
    private: Server, http: aiohttp.ClientSession
) -> None:
    """Used in right and wrong places first; the log is looked at when the server ends."""
    admin, secrets = Admin(http, private.url), (TOKEN, SECOND, METRICS, SECRET)
    for secret in secrets:
        for path in (f"/nowhere/{secret}", f"/snapshot?topics={secret}&token={secret}"):
            await ask(private.port, written("GET", path.encode()))
        await ask(private.port, f"GET / HTTP/1.1\r\n{secret}\r\n\r\n".encode())
        await ask(private.port, f"{secret} / HTTP/1.1\r\nHost: x\0\r\n\r\n".encode())
    await admin.inject({"topic": "score:TOLD", "set": {"a": 1}, "why": "desk"})
    read, bearer = f"?token={lasting()}", authorization(f"Bearer {TOKEN}")
    shown = []
    for path in ("/", "/admin", "/metrics", "/health/ready", "/static/admin.js"):
        answer = await ask(private.port, written("GET", (path + read).encode(), bearer))
        assert answer is not None
        shown.append(answer.body + repr(answer.headers).encode())
    views = ("state", "audit", "connections", "sources", "pins")
    shown += [json.dumps(await admin.get(view)).encode() for view in views]
    process = Path(f"/proc/{private.health()['instance'].split('-')[-2]}")
    shown += [(process / name).read_bytes() for name in ("cmdline", "comm", "stat", "status")]
    for secret in secrets:
        assert not [text for text in shown if secret.encode() in text]
    assert b"feed" in (process / "cmdline").read_bytes()
