"""What a subscriber's token grants, and which tokens grant nothing."""

import base64
import hmac
import json
from typing import Any

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from feed.errors import Forbidden
from feed.model.topic import ALL, Filters
from feed.web.grant import EVERYTHING, BadToken, Grant, Grants
from tests.support.clock import START_MS, LoopClock, run_virtual
from tests.support.token import SECRET, token

NOW_S = START_MS // 1000
GRANTS = Grants(SECRET, LoopClock())


def read(text: str) -> Grant:
    """At the loop's time 0."""

    async def scene() -> Grant:
        return GRANTS.read(text)

    return run_virtual(scene())


def part(value: object) -> str:
    """A part of a token."""
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


GOOD = token("BTC-USD", "score:EPL.*", exp_s=NOW_S + 60)
HEAD, CLAIMS, SIGNATURE = GOOD.split(".")
FULL = {"topics": ["*"], "exp": NOW_S + 60}


def test_it_grants_filters_until_it_ends() -> None:
    assert read(GOOD) == Grant(Filters.of(["price:BTC-USD", "score:EPL.*"]), 60.0)


@pytest.mark.parametrize(
    ("left_s", "ends_s", "is_announced"),
    [(31, 31.0, False), (30, 30.0, True), (1, 1.0, True), (0, 30.0, True), (-29, 1.0, True)],
)
def test_its_end(left_s: int, ends_s: float, is_announced: bool) -> None:  # noqa: FBT001  (a table)
    """Who comes in the last half minute is not told that it ends: it would come at once again."""
    assert read(token("*", exp_s=NOW_S + left_s)) == Grant(ALL, ends_s, is_announced)


def headed(claims: object = FULL, key: str = SECRET, **head: object) -> str:
    """A token with such a head, signed (HS256) with a key."""
    signed = f"{part({'alg': 'HS256', 'typ': 'JWT'} | head)}.{part(claims)}"
    mac = hmac.digest(key.encode(), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


BAD: dict[str, str] = {
    "empty": "",
    "no token at all": "swordfish",
    "over by more than the leeway": token("*", exp_s=NOW_S - 30),
    "not signed": f"{part({'alg': 'none', 'typ': 'JWT'})}.{CLAIMS}.",
    "not signed, and says so loudly": f"{part({'alg': 'NONE'})}.{CLAIMS}.",
    "signature of another": f"{HEAD}.{part(FULL)}.{SIGNATURE}",
    "signature cut": GOOD[:-1],
    "another secret": token("*", exp_s=NOW_S + 60, secret="b" * 32),
    "another algorithm": jwt.encode(FULL, SECRET.encode() * 2, algorithm="HS512"),
    "no end": jwt.encode({"topics": ["*"]}, SECRET),
    "no topics": jwt.encode({"exp": NOW_S + 60}, SECRET),
    "topics that are one text": jwt.encode(FULL | {"topics": "*"}, SECRET),
    "topics that are numbers": jwt.encode(FULL | {"topics": [1]}, SECRET),
    "a topic that is none": token("a b", exp_s=NOW_S + 60),
    "an end that is a text": jwt.api_jws.encode(b'{"topics":["*"],"exp":"soon"}', SECRET),
    "claims that are a list": jwt.api_jws.encode(b"[]", SECRET),
    "claims that are no JSON": jwt.api_jws.encode(b"\xff", SECRET),
    "for somebody else": token("*", exp_s=NOW_S + 60, aud="another"),
    "not yet": token("*", exp_s=2**41, nbf=2**40),
    "of the future": token("*", exp_s=2**41, iat=2**40),
    "the secret as a key of RSA": headed(alg="RS256"),
    "no algorithm, but signed": headed(alg="none"),
    "two algorithms": headed(alg=["none", "HS256"]),
    "an extension that must be understood": headed(crit=["exp"], exp=1),
    "a key of its own": headed(FULL, "mine", jwk={"kty": "oct", "k": part("mine")}),
    "a key of the file system": headed(FULL, "", kid="../../dev/null"),
    "not ASCII": "\u00e9.\u00e9.\u00e9",
    "a lone surrogate": "\ud800.a.b",
    "64 KB": "a" * 65_536,
}


def test_a_head_may_say_more_that_is_not_heeded() -> None:
    told = headed(kid="../../dev/null", jku="https://evil.example/keys", x5u="https://evil.example")
    assert read(told).filters == ALL


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_tokens_that_grant_nothing(text: str) -> None:
    with pytest.raises(BadToken) as caught:
        read(text)
    assert str(caught.value) == "the token is not valid", "it is not said why"


@pytest.mark.parametrize("exp", [float("nan"), float("inf"), 10**400])
def test_an_end_that_no_clock_shows(exp: float) -> None:
    claims = json.dumps({"topics": ["*"], "exp": exp}).encode()
    text = jwt.api_jws.encode(claims, SECRET)
    if exp == float("inf"):
        assert read(text).ends_s == exp
    else:
        with pytest.raises(BadToken):
            read(text)


def asked(grants: Grants, target: str, *headers: str) -> Grant | None:
    """What a request is granted."""
    many: Any = [("Authorization", value) for value in headers]
    request = make_mocked_request("GET", target)
    request = request.clone(headers=many)

    async def scene() -> Grant | None:
        return grants.of(request)

    return run_virtual(scene())


GRANTED = Grant(Filters.of(["price:BTC-USD", "score:EPL.*"]), 60.0)


def test_where_it_may_be() -> None:
    assert asked(GRANTS, "/ws", f"Bearer {GOOD}") == GRANTED
    assert asked(GRANTS, "/ws", f"bEARER   {GOOD} ") == GRANTED
    assert asked(GRANTS, f"/sse?token={GOOD}") == GRANTED
    assert asked(GRANTS, "/sse?token=x", f"Bearer {GOOD}") == GRANTED, "the header wins"
    assert asked(GRANTS, "/sse") is None


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/", [f"Basic {GOOD}"]),
        ("/", [GOOD]),
        ("/", [f"Bearer {GOOD}", f"Bearer {GOOD}"]),
        (f"/?token={GOOD}&token={GOOD}", []),
        ("/?token=", []),
    ],
)
def test_where_it_may_not_be(target: str, headers: list[str]) -> None:
    with pytest.raises(BadToken):
        asked(GRANTS, target, *headers)


def test_a_public_feed_reads_none() -> None:
    public = Grants("", LoopClock())
    assert not public.are_needed
    assert asked(public, "/?token=x", "Bearer y") == EVERYTHING


def test_over_http_a_bad_one_is_as_none() -> None:
    async def scene(target: str) -> web.HTTPUnauthorized:
        with pytest.raises(web.HTTPUnauthorized) as caught:
            GRANTS.need(make_mocked_request("GET", target))
        return caught.value

    one, other = run_virtual(scene("/")), run_virtual(scene("/?token=x"))
    assert one.text == other.text
    assert one.headers["WWW-Authenticate"] == other.headers["WWW-Authenticate"] == "Bearer"


def test_topics_outside_it_are_named() -> None:
    grant = Grant(Filters.of(["price:A", "score:EPL.*"]))
    grant.allow(Filters.of(["price:A", "score:EPL.X", "score:EPL.*", "score:EPL.A*"]))
    with pytest.raises(Forbidden) as caught:
        grant.allow(Filters.of(["price:A", "price:AB", "price:A*", "score:*", "*"]))
    assert [fault.path for fault in caught.value.faults] == [
        "topics=*",
        "topics=price:A*",
        "topics=price:AB",
        "topics=score:*",
    ]
