"""Requests that are well-formed HTTP and ask for what is wrong: bodies, queries, heads, paths."""

import json
import re
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from tests.blackbox.fuzz.evil import Evil
from tests.support.raw_http import BEARER, JSON_TYPE, written

FILTER = re.compile(r"\*|((price|score):)?([A-Za-z0-9._\-/^=@]{1,64}|[A-Za-z0-9._\-/^=@]{0,64}\*)")
CURSOR = re.compile(r"[0-9a-z]{1,32}-(0|[1-9][0-9]{0,17})")
RANGES = {"conflate_ms": 60_000, "window_ms": 1_000, "delay_ms": 600_000, "wait": 55}

REFUSED = frozenset({400, 401, 403, 404, 405, 409, 413, 415, 422, 426, 429})
"""What protocol section 5 names, without what only a limit or a failure leads to."""


class Case(NamedTuple):
    """A request, and the statuses that may answer it. `is_strange`: a guess at a token."""

    request: bytes
    allowed: frozenset[int]
    is_strange: bool = False
    is_last: bool = False


SMALL_BYTES = 16 * 1024
"""Of every body but that of an injection."""

CHANGES: tuple[Any, ...] = (
    {"topic": "price:F.A", "set": {"price": "70000.00", "bid": 1.5, "x": {"y": [1, None]}}},
    {"topic": "F.B", "data": {"price": "1", "name": "b"}, "if_v": 0, "why": "desk"},
    {
        "topic": "score:F.C",
        "set": {"home": {"score": 2}},
        "event": {"kind": "goal", "data": {"side": "home"}},
        "why": "desk",
    },
    {"topic": "score:F.C", "event": {"op": "void", "id": "g-1", "kind": "goal", "ts": 1}},
    {"topic": "score:F.D", "event": {"op": "add", "id": "g-1", "kind": "goal"}, "ts": 17},
    {"topic": "price:F.A", "gone": True},
    {"topic": "price:F.E", "set": {"price": "1"}, "pin_s": 1, "ts": 1790000000000},
    [{"topic": "price:F.A", "set": {"price": "1"}}, {"topic": "score:F.C", "set": {}}],
)


def body_case(evil: Evil) -> Case:
    """A call of admin with what should be JSON."""
    body = evil.written(evil.one(CHANGES))
    if evil.happens(0.3):
        body = evil.spoiled(body)
    if evil.happens(0.03):
        body = evil.recoded(body)
    target, allowed = b"/admin/inject", {200, 404, 409, 422}
    if evil.happens(0.15):
        target += b"?dry_run=" + quote(evil.text(), safe="").encode()
    elif evil.happens(0.15):
        target = evil.one([b"/admin/unpin", b"/admin/sources/x/accept", b"/admin/session"])
        allowed |= {400}
        body = evil.written({"topic": "price:F.E"})
    reads = is_json(body)
    if reads is None:  # nested too deep for whoever reads it: no JSON, or of no depth that may be
        allowed = {400, 409, 422}
    elif not reads:
        allowed = {400} if b"inject" in target else {400, 404, 409}
    if b"inject" not in target and len(body) > SMALL_BYTES:
        allowed = {404, 409, 413}
    return Case(written("POST", target, BEARER, JSON_TYPE, body=body), frozenset(allowed))


def is_json(body: bytes) -> bool | None:
    """By RFC 8259, in UTF-8; None: too deep to tell."""
    try:
        json.loads(body.decode(), parse_int=str, parse_float=str, parse_constant=int)
    except RecursionError:
        return None
    except ValueError:
        return False
    return True


def query_case(evil: Evil) -> Case:
    """A door and a query string; where that is well-formed it is known what it gets."""
    door = evil.one(["snapshot", "snapshot", "poll", "poll", "poll", "sse", "history", "ws"])
    given = _query(evil, door)
    expected = _expected(door, given)
    allowed = {expected} if expected else {200, 400}
    if door == "poll":
        given.setdefault("wait", "0")
    query = urlencode(given).encode()
    if evil.happens(0.3):
        query, allowed = _visible(evil.spoiled(query)), {200, 400}
        query += b"&wait=0" if door == "poll" and b"wait=0" not in query else b""
    fields = [b"Last-Event-ID: " + _field(evil.text())] if evil.happens(0.05) else []
    if fields:
        allowed = {200, 400}
    if door == "ws":  # and no handshake
        allowed = {400, 426}
    return Case(written("GET", f"/{door}?".encode() + query, *fields), frozenset(allowed))


def _query(evil: Evil, door: str) -> dict[str, str]:
    given = {"topics": "F.A,score:F.*"}
    if evil.happens(0.6):
        given["topics"] = ",".join(evil.text() for _ in range(evil.one((1, 1, 2))))
    for name, most in RANGES.items():
        if evil.happens(0.2):
            given[name] = evil.one([evil.text(), "-1", str(most + 1), "0", "1.0", "1e2", "", " 1"])
    if evil.happens(0.3):
        cursor = evil.one(["a-0", "abc-5", "a-", "-1", "a--1", "A-1", "a-01", "a-1.5", "a-1e3"])
        given["cursor"] = cursor + (evil.text() if evil.happens(0.5) else "")
    if evil.happens(0.2):
        given["fields"] = evil.one([evil.text(), "price", "a,,b", ",".join("ab" * 65)])
    if door == "history" and evil.happens(0.7):
        given[evil.one(["points", "span_s", "fields", "topic"])] = evil.text()
    return given


def _expected(door: str, given: dict[str, str]) -> int | None:
    """The status of a well-formed query; None where that takes more than the protocol to tell."""
    filters = [text for text in given["topics"].split(",") if text]
    if door in ("history", "ws"):
        return None
    bad = not filters or not all(FILTER.fullmatch(text) for text in filters)
    for name, most in RANGES.items():
        text = given.get(name)
        if text and (door == "poll" or name != "wait"):
            bad |= not re.fullmatch("[0-9]{1,9}", text) or int(text) > most
    if door != "snapshot":
        bad |= bool(given.get("cursor")) and not CURSOR.fullmatch(given["cursor"])
    if given.get("fields"):
        names = given["fields"].split(",")
        bad |= not all(names) or len(names) > 64
    if door == "snapshot" and (given.keys() & {"cursor", "conflate_ms", "window_ms"}):
        return None
    return 400 if bad else 200


HEADS = (
    *("Authorization", "Authorization", "Authorization", "Origin", "Origin", "Cookie", "Host"),
    *("Idempotency-Key", "Idempotency-Key", "Content-Type", "Content-Type", "Content-Encoding"),
    *("Accept", "Accept-Encoding", "If-None-Match", "If-None-Match", "Last-Event-ID", "Range"),
    *("X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "X-Real-IP", "X-Original-URL"),
    *("X-HTTP-Method-Override", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Feed-Key-Seconds", "TE"),
    *("Expect", "User-Agent", "Referer", "Upgrade", "If-Modified-Since", "Sec-WebSocket-Version"),
)

VALUES = (
    *("Bearer", "bearer x", "Basic YTpi", "Bearer a, Bearer b", "Bearer " + "x" * 7000),
    *("null", "http://127.0.0.1", "https://127.0.0.1", "http://evil.example", "*", "http://[::1"),
    *("application/json; charset=utf-16", "text/plain", "application/json;;", ";", "a/b/c", "gzip"),
    *('W/"a', '"', '"a", "b', '*, "a"', '""', 'W/"*"', "bytes=0-", "bytes=9-1", "100-continue"),
    *("feed=x", "feed=" + "." * 300, "feed=a.1.1.b; feed=c", "__Host-feed=x", "=;=;", "feed"),
    *("websocket", "h2c", "trailers", "deflate, gzip;q=9", "same-origin", "cross-site", "k" * 129),
    *("for=1.1.1.1", "::1", "999.999.999.999", "1.1.1.1," * 200, "/admin/state", "DELETE", "two k"),
)

TARGETS = (
    *("/snapshot?topics=F.A", "/poll?topics=F.A&wait=0", "/history?topic=F.A", "/sse?topics=F.A"),
    *("/ws?topics=F.A", "/", "/admin", "/admin/state", "/admin/audit", "/static/feed.js"),
    *("/health/live", "/metrics", "/nowhere", "/openapi.json", "/asyncapi.json", "/api"),
)


def head_case(evil: Evil) -> Case:
    """A request, at times an admin's, with headers that are not what they should be."""
    names = [evil.one(HEADS) for _ in range(evil.one((1, 1, 2, 3)))]
    values = [evil.one(VALUES) if evil.happens(0.6) else evil.text() for _ in names]
    fields = [
        name.encode() + b": " + _field(each) for name, each in zip(names, values, strict=True)
    ]
    if evil.happens(0.1):
        fields += fields[:1] * evil.one((1, 2, 60))
    is_strange = "Authorization" in names
    is_last = bool({"Upgrade", "Expect"} & {*names})
    allowed = REFUSED | {200, 304}
    if evil.happens(0.3):
        body = evil.bomb() if evil.happens(0.1) else json.dumps(evil.one(CHANGES)).encode()
        bearer = [] if is_strange else [BEARER]
        kind = [] if "Content-Type" in names else [JSON_TYPE]
        request = written("POST", b"/admin/inject", *bearer, *kind, *fields, body=body)
        return Case(request, allowed, is_strange, is_last)
    if not is_strange and evil.happens(0.2):
        fields.append(BEARER)
    method = evil.one(["GET", "GET", "GET", "HEAD", "OPTIONS"])
    request = written(method, evil.one(TARGETS).encode(), *fields)
    return Case(request, allowed, is_strange, is_last)


def path_case(evil: Evil) -> Case:
    """A path, and a method, that are nowhere; or where only an admin may go."""
    parts = [evil.one(["", "admin", "static", "ws", ".", "..", "%2e%2e", "health", "undo", "1;x"])]
    parts += [quote(evil.text(), safe="/;@%") for _ in range(evil.one((0, 1, 2)))]
    target = ("/" + "/".join(parts)).encode()
    if evil.happens(0.3):
        target = _visible(evil.spoiled(target)) or b"/"
    methods = ["GET", "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "BREW"]
    method = evil.one(methods)
    fields = [BEARER] if evil.happens(0.3) else []
    allowed = REFUSED | {200, 303}
    request = written(method, target, *fields, body=b"" if method == "POST" else None)
    return Case(request, allowed)


def form_case(evil: Evil) -> Case:
    """A sign-in with what is no token, from whoever has had enough tries or not yet."""
    form = urlencode({"token": evil.text(), evil.text(): evil.text()}).encode()
    body = evil.spoiled(form) if evil.happens(0.5) else form
    kind = b"application/x-www-form-urlencoded"
    kind = _field(evil.one(VALUES)) if evil.happens(0.1) else kind
    target = evil.one([b"/admin/sign-in", b"/admin/sign-out"])
    request = written("POST", target, b"Content-Type: " + kind, body=body)
    return Case(request, REFUSED | {303}, is_strange=True)


def _visible(target: bytes) -> bytes:
    """With what a target may not hold made a percent sign: visible ASCII it is."""
    return re.sub(rb"[\x00-\x20\x7f-\xff#]", b"%", target)


def _field(text: str) -> bytes:
    """What a header may hold: no control characters, and bytes beyond ASCII as they come."""
    return re.sub(rb"[\x00-\x1f\x7f]", b"", text.encode())[:7000].strip()
