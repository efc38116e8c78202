"""How many wrong tokens of subscribers are heard from an address."""

from collections.abc import Sequence

import pytest

from feed.clock import SystemClock
from tests.support.said import answer, request, statuses
from tests.support.talk import asked, feed
from tests.support.token import SECRET, token


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
