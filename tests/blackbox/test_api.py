"""What the program answers and says, held to the documents that it serves."""

import asyncio
import io
import json
from typing import Any

import aiohttp
import msgspec
import pytest
from yarl import URL

from feed.clock import SystemClock
from feed.web.api.openapi import OPERATIONS
from tests.blackbox.conftest import Serve
from tests.support.admin import Admin
from tests.support.api import Judge
from tests.support.doors import websocket
from tests.support.server import TOKEN, Server
from tests.support.token import SECRET, token


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


ADMIN = bearer(TOKEN)
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PAGE = {"Accept": "text/html"}
FOREIGN = {"Origin": "https://elsewhere.example"}
SHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


class Documented:
    """Asks, and finds what is answered as it is documented."""

    def __init__(self, session: aiohttp.ClientSession, url: str, judge: Judge) -> None:
        self._session = session
        self._url = url
        self._judge = judge

    async def ask(
        self, status: int, method: str, path: str, at: str = "", *, by: str = "", **more: Any
    ) -> dict[str, Any]:
        """Ask for `at`, of the documented `path`; the body, where it is a JSON object.

        `by`: a method instead of the documented one.
        """
        url = URL(self._url + (at or path), encoded=True)
        sent = by or method
        async with self._session.request(sent, url, allow_redirects=False, **more) as answer:
            is_stream = answer.content_type == "text/event-stream" or answer.status == 101
            body = b"" if is_stream else await answer.read()
            assert answer.status == status, body
            faults = self._judge.of_answer(method, path, status, answer.headers, body)
            assert faults == [], (method, at or path)
        if status >= 300 or answer.content_type != "application/json":
            return {}
        told: dict[str, Any] = json.loads(body)
        (operation,) = (o for o in OPERATIONS if (o.method, o.path) == (method.lower(), path))
        assert any(is_exactly(body, kind) for kind in operation.answers[status].bodies), told
        return told


def is_exactly(body: bytes, kind: Any) -> bool:
    """Whether a type has all that is in a body, and no more."""
    try:
        value = msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError:
        return False
    return bool(json.loads(msgspec.json.encode(value)) == json.loads(body))


async def judge_of(http: aiohttp.ClientSession, url: str) -> Judge:
    async with http.get(url) as answer:
        return Judge(await answer.json())


@pytest.fixture
async def api(server: Server, http: aiohttp.ClientSession) -> Documented:
    return Documented(http, server.url, await judge_of(http, f"{server.url}/openapi.json"))


async def test_the_doors(api: Documented, admin: Admin, name: str) -> None:
    goal = {"kind": "goal", "id": "g", "data": {"side": "home"}}
    await admin.inject([{"topic": name, "set": {"price": "1.50"}}])
    await admin.inject([{"topic": f"score:{name}", "set": {"x": 1}, "event": goal}])
    all_ = f"topics={name},score:{name}"
    first = await api.ask(200, "GET", "/poll", f"/poll?{all_}")
    await admin.inject([{"topic": name, "set": {"price": "1.60"}}, {"topic": name, "gone": True}])
    news = f"/poll?{all_}&cursor={first['cursor']}"
    assert (await api.ask(200, "GET", "/poll", news))["frames"]
    for cursor in ("0-0", f"{first['cursor'].partition('-')[0]}-999999999"):
        reset = await api.ask(200, "GET", "/poll", f"/poll?{all_}&cursor={cursor}")
        assert [frame["type"] for frame in reset["frames"]] == ["reset", "snapshot"]
    also = f"/poll?topics={name}&also=score:{name}&cursor={first['cursor']}"
    await api.ask(200, "GET", "/poll", also)
    await api.ask(200, "GET", "/snapshot", f"/snapshot?{all_}&fields=x")
    await api.ask(304, "GET", "/snapshot", f"/snapshot?{all_}", headers={"If-None-Match": "*"})
    await api.ask(200, "GET", "/history", f"/history?topic={name}")
    await api.ask(200, "GET", "/history", f"/history?topics={name}&points=2&fields=close")
    await api.ask(200, "GET", "/history", f"/history?{all_}")
    await api.ask(200, "GET", "/sse", f"/sse?{all_}")


@pytest.mark.parametrize("door", ["sse", "poll", "snapshot", "history"])
async def test_what_a_door_refuses(api: Documented, door: str) -> None:
    path, many = f"/{door}", ",".join(f"W{n}.*" for n in range(17))
    for query in ("", "topics=a%20b", f"topics={many}", "topics=A&delay_ms=x"):
        await api.ask(400, "GET", path, f"{path}?{query}")
    await api.ask(403, "GET", path, f"{path}?topics=A", headers=FOREIGN)


async def test_what_a_feed_refuses_that_is_not_for_all(
    serve: Serve, http: aiohttp.ClientSession, stranger: aiohttp.ClientSession
) -> None:
    server = await asyncio.to_thread(serve, FEED_SUBSCRIBER_SECRET=SECRET)
    judge = await judge_of(http, f"{server.url}/openapi.json")
    known, guest = (Documented(each, server.url, judge) for each in (http, stranger))
    good = token("A", exp_s=SystemClock().now_ms() / 1000 + 3600)

    for path in ("/sse", "/poll", "/snapshot", "/history"):
        await known.ask(401, "GET", path, f"{path}?topics=A")
        await known.ask(200, "GET", path, f"{path}?topics=A&token={good}")
        await known.ask(403, "GET", path, f"{path}?topics=B", headers=bearer(good))
    await known.ask(401, "GET", "/")
    await known.ask(200, "GET", "/", f"/?token={good}")
    for _ in range(10):
        await guest.ask(401, "GET", "/poll", "/poll?topics=A", headers=bearer("wrong"))
    for path in ("/sse", "/poll", "/snapshot", "/history", "/ws", "/"):
        await guest.ask(429, "GET", path, f"{path}?topics=A", headers={**SHAKE, **bearer("wrong")})


async def test_a_handshake(api: Documented) -> None:
    await api.ask(101, "GET", "/ws", headers=SHAKE)
    await api.ask(426, "GET", "/ws")
    await api.ask(400, "GET", "/ws", headers={**SHAKE, "Sec-WebSocket-Key": "short"})
    await api.ask(400, "GET", "/ws", "/ws?conflate_ms=x", headers=SHAKE)
    await api.ask(403, "GET", "/ws", headers={**SHAKE, **FOREIGN})


async def test_the_admin_changes_the_feed(api: Documented, name: str) -> None:
    async def inject(status: int, change: Any, at: str = "", **headers: str) -> dict[str, Any]:
        return await api.ask(
            status, "POST", "/admin/inject", f"/admin/inject{at}", json=change,
            headers={**ADMIN, **headers},
        )  # fmt: skip

    goal = {"kind": "goal", "id": "g"}
    price = {"topic": name, "set": {"price": "1.50"}, "pin_s": 60, "why": "desk"}
    assert (await inject(200, price, "?dry_run=1"))["dry_run"]
    key = {"Idempotency-Key": name}
    assert not (await inject(200, price, **key))["duplicate"]
    assert (await inject(200, price, **key))["duplicate"]
    await inject(422, {"topic": name, "set": {}}, **key)
    await inject(422, {"topic": name, "set": {}}, **{"Idempotency-Key": "a b"})
    await inject(422, [{"topic": "a b", "price": 1}])
    await inject(409, {"topic": name, "set": {"price": "2"}, "if_v": 7})
    await inject(409, {"topic": f"{name}.never", "gone": True})
    await inject(200, {"topic": f"score:{name}", "event": goal})
    await inject(409, {"topic": f"score:{name}", "event": goal})
    await inject(404, {"topic": f"score:{name}", "event": {"op": "void", "id": "none"}})
    path = "/admin/inject"
    await api.ask(400, "POST", path, data=b"{", headers={**ADMIN, **JSON})
    await api.ask(415, "POST", path, data=b"{}", headers={**ADMIN, **FORM})
    await api.ask(
        413, "POST", path, data=io.BytesIO(b" " * (1 << 20) + b"{}"), headers={**ADMIN, **JSON}
    )
    await api.ask(401, "POST", path, data=b"{}", headers=JSON)
    await api.ask(403, "POST", path, data=b"{}", headers={**ADMIN, **JSON, **FOREIGN})

    (pin,) = [
        pin
        for pin in (await api.ask(200, "GET", "/admin/pins", headers=ADMIN))["pins"]
        if pin["topic"] == f"price:{name}"
    ]
    assert pin["field"] == "/price"
    await api.ask(200, "POST", "/admin/unpin", json={"topic": name}, headers=ADMIN)
    await api.ask(404, "POST", "/admin/unpin", json={"topic": f"{name}.no"}, headers=ADMIN)
    await api.ask(422, "POST", "/admin/unpin", json={"topics": name}, headers=ADMIN)
    events = f"/admin/events?topic=score:{name}"
    assert (await api.ask(200, "GET", "/admin/events", events, headers=ADMIN))["events"]
    await api.ask(400, "GET", "/admin/events", headers=ADMIN)


async def test_the_admin_looks_back(api: Documented, admin: Admin, name: str) -> None:
    await admin.inject([{"topic": name, "set": {"n": 1}, "event": {"kind": "x", "id": "e"}}])
    audit = await api.ask(200, "GET", "/admin/audit", "/admin/audit?limit=1", headers=ADMIN)
    action = audit["entries"][0]["id"]
    deed = await api.ask(200, "GET", "/admin/audit/{id}", f"/admin/audit/{action}", headers=ADMIN)
    assert deed["changes"][0]["was"] == {}
    undo = "/admin/undo/{id}"
    await api.ask(200, "POST", undo, f"/admin/undo/{action}", headers=ADMIN)
    await api.ask(409, "POST", undo, f"/admin/undo/{action}", headers=ADMIN)
    await api.ask(404, "POST", undo, "/admin/undo/none", headers=ADMIN)
    await api.ask(404, "GET", "/admin/audit/{id}", "/admin/audit/none", headers=ADMIN)
    await api.ask(400, "GET", "/admin/audit", "/admin/audit?limit=0", headers=ADMIN)


async def test_the_admin_looks_around(api: Documented, server: Server) -> None:
    for path in ("/admin/state", "/admin/sources", "/admin/connections", "/metrics"):
        await api.ask(200, "GET", path, headers=ADMIN)
        await api.ask(401, "GET", path)
    async with websocket(server.url, {"topics": "A"}) as socket:
        connection = (await socket.until("welcome"))["connection"]
        connections = await api.ask(200, "GET", "/admin/connections", headers=ADMIN)
        assert connection in {each["id"] for each in connections["connections"]}
        one = f"/admin/connections/{connection}"
        await api.ask(204, "DELETE", "/admin/connections/{id}", one, headers=ADMIN)
        await api.ask(404, "DELETE", "/admin/connections/{id}", one, headers=ADMIN)
    await api.ask(409, "POST", "/admin/sources/{name}/run", "/admin/sources/x/run", headers=ADMIN)
    held = "/admin/sources/{name}/accept"
    at = "/admin/sources/x/accept"
    await api.ask(409, "POST", held, at, json={"topic": "A"}, headers=ADMIN)


async def test_what_anybody_may_ask(api: Documented) -> None:
    for path in ("/", "/api", "/health/live", "/health/ready", "/openapi.json", "/asyncapi.json"):
        await api.ask(200, "GET", path)
    await api.ask(304, "GET", "/openapi.json", headers={"If-None-Match": "*"})
    await api.ask(405, "GET", "/health/live", by="PUT")
    await api.ask(400, "GET", "/health/live", headers={"Expect": "tea"})


async def test_a_session(server: Server, stranger: aiohttp.ClientSession, api: Documented) -> None:
    own = {"Sec-Fetch-Site": "same-origin"}
    outside = Documented(stranger, server.url, api._judge)  # noqa: SLF001  (one document for both)
    path = "/admin/sign-in"
    for kind, accept in (("page", PAGE), ("program", {"Accept": "application/json"})):
        await outside.ask(401, "POST", path, data={"token": kind}, headers={**own, **accept})
    await outside.ask(403, "POST", path, data={"token": "x"}, headers={"Sec-Fetch-Site": "none x"})
    await outside.ask(415, "POST", path, json={"token": "x"}, headers=own)
    await outside.ask(413, "POST", path, data={"token": "x" * 20_000}, headers=own)
    await outside.ask(303, "POST", path, data={"token": TOKEN}, headers=own)
    await outside.ask(303, "POST", "/admin/sign-out", headers=own)
    await outside.ask(200, "GET", "/admin", headers=PAGE)
    await outside.ask(401, "GET", "/admin", headers={"Accept": "application/json"})
    await outside.ask(409, "POST", "/admin/session", headers={**ADMIN, **own})


async def test_what_is_said_on_a_websocket(
    server: Server, http: aiohttp.ClientSession, admin: Admin, name: str
) -> None:
    judge = await judge_of(http, f"{server.url}/asyncapi.json")
    goal = {"kind": "goal", "id": "g", "data": {"side": "home"}}
    heard: list[dict[str, Any]] = []

    async with websocket(server.url, {"topics": f"{name},a b", "cursor": "0-0"}) as socket:

        async def until(kind: str) -> None:
            while not heard or heard[-1]["type"] != kind:
                heard.append(dict(await socket.receive()))

        async def say(kind: str, **more: Any) -> None:
            assert judge.of_message(kind, {"type": kind, **more}) == []
            await socket.send(type=kind, **more)

        await until("snapshot")
        await admin.inject([{"topic": name, "set": {"price": "1.50"}}])
        await until("update")
        await say("subscribe", id=1, topics=[f"score:{name}.*"], fields=["x"], cursor=None)
        await until("subscribed")
        await until("snapshot")
        await admin.inject([{"topic": f"score:{name}.A", "set": {"x": 1}, "event": goal}])
        await until("update")
        await say("set", id="two", conflate_ms=100, fields=None)
        await until("subscribed")
        await say("unsubscribe", topics=[f"score:{name}.*"])
        await until("subscribed")
        await say("ping", id=3, at={"any": [1.5, None]})
        await until("pong")
        await say("auth", token="x")
        await until("error")
        heard.pop()
        await socket.send(type="dance", id=5)
        await until("error")
        await admin.inject([{"topic": name, "gone": True}])
        await until("update")
        await until("heartbeat")

    assert {frame["type"] for frame in heard} == {
        "welcome", "subscribed", "reset", "snapshot", "update", "pong", "error", "heartbeat",
    }  # fmt: skip
    assert [(frame, judge.of_message(frame["type"], frame)) for frame in heard] == [
        (frame, []) for frame in heard
    ]
