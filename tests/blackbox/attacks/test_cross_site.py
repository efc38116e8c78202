"""What a page of another site may make a browser do that is signed in: nothing."""

import re
from collections.abc import AsyncIterator

import pytest

from tests.blackbox.fuzz.judge import check_answer
from tests.support.admin import Admin
from tests.support.raw_http import JSON_TYPE, Answer, ask, written
from tests.support.server import TOKEN, Server

FORM = b"Content-Type: application/x-www-form-urlencoded"
BODY = b'{"topic":"price:FORGED","set":{"price":"1"}}'

ACTS = {
    "inject": ("POST", b"/admin/inject", BODY),
    "unpin": ("POST", b"/admin/unpin", b'{"topic":"A"}'),
    "undo": ("POST", b"/admin/undo/1", b""),
    "pause": ("POST", b"/admin/sources/x/pause", b""),
    "accept": ("POST", b"/admin/sources/x/accept", b'{"topic":"A"}'),
    "disconnect": ("DELETE", b"/admin/connections/x", None),
    "stay": ("POST", b"/admin/session", b""),
    "sign out": ("POST", b"/admin/sign-out", b"csrf=x"),
}

STRANGERS: dict[str, tuple[bytes, ...]] = {
    "another site": (b"Sec-Fetch-Site: cross-site", b"Origin: https://evil.example"),
    "another host of the site": (b"Sec-Fetch-Site: same-site", b"Origin: http://127.0.0.1:1"),
    "that calls itself ours": (b"Sec-Fetch-Site: cross-site", b"Origin: http://{own}"),
    "that names nobody": (b"Sec-Fetch-Site: cross-site",),
    "a sandbox": (b"Sec-Fetch-Site: cross-site", b"Origin: null"),
    "an older browser": (b"Origin: https://evil.example",),
    "an older sandbox": (b"Origin: null",),
    "an older one of another port": (b"Origin: http://127.0.0.1:1",),
    "an older one of a longer host": (b"Origin: http://{own}.evil.example",),
    "two sites": (b"Sec-Fetch-Site: same-origin", b"Sec-Fetch-Site: cross-site"),
    "an empty site": (b"Sec-Fetch-Site: ",),
    "one that says nothing": (),
    "a referrer alone": (b"Referer: http://{own}/admin",),
}

FORMS = (b"text/plain", b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=x")


async def _called(server: Server, request: bytes) -> Answer:
    answer = await ask(server.port, request)
    assert answer is not None
    return answer


def _cookie(answer: Answer) -> bytes:
    [cookie] = answer.headers["set-cookie"]
    return b"Cookie: " + cookie.partition(";")[0].encode()


async def _sign_in(server: Server, *fields: bytes) -> Answer:
    request = written("POST", b"/admin/sign-in", FORM, *fields, body=b"token=" + TOKEN.encode())
    return await _called(server, request)


@pytest.fixture
async def cookie(server: Server) -> AsyncIterator[bytes]:
    """A session, which is still one when the test has ended."""
    cookie = _cookie(await _sign_in(server))
    yield cookie
    check_answer(await _called(server, written("GET", b"/admin/state", cookie)), {200})


@pytest.mark.parametrize("stranger", STRANGERS)
async def test_no_act_is_done_for_a_page_of_others(
    server: Server, admin: Admin, cookie: bytes, stranger: str
) -> None:
    own = server.address.encode()
    fields = [field.replace(b"{own}", own) for field in STRANGERS[stranger]]
    for method, path, body in ACTS.values():
        for kind in (b"application/json", *FORMS):
            typed = b"Content-Type: " + kind
            request = written(method, path, cookie, typed, *fields, body=body)
            check_answer(await _called(server, request), {403})
    assert "price:FORGED" not in await admin.snapshot("*")


async def test_the_own_page_may_act(server: Server, admin: Admin, cookie: bytes) -> None:
    """As those are refused by who asks, not by what is asked."""
    for field in (b"Sec-Fetch-Site: same-origin", b"Sec-Fetch-Site: none"):
        body = b'{"topic":"score:OWN","set":{"a":1}}'
        request = written("POST", b"/admin/inject", cookie, JSON_TYPE, field, body=body)
        check_answer(await _called(server, request), {200})
    request = written("POST", b"/admin/session", cookie, b"Origin: http://127.0.0.1")
    check_answer(await _called(server, request), {200})  # as `Host` has it
    assert "score:OWN" in await admin.snapshot("score:OWN")


async def test_no_page_of_others_signs_anybody_in(server: Server) -> None:
    own, no_pages = server.address.encode(), {"one that says nothing", "a referrer alone"}
    for stranger in STRANGERS.keys() - no_pages:
        fields = [field.replace(b"{own}", own) for field in STRANGERS[stranger]]
        answer = await _sign_in(server, *fields)
        check_answer(answer, {403})
        assert "set-cookie" not in answer.headers


async def test_a_session_is_new_each_time_and_void_after_it(server: Server) -> None:
    first = await _sign_in(server)
    second = await _sign_in(server, _cookie(first))
    assert _cookie(first) != _cookie(second)
    state = b"/admin/state"
    check_answer(await _called(server, written("GET", state, _cookie(first))), {401})
    page = await _called(server, written("GET", b"/admin", _cookie(second)))
    [csrf] = set(re.findall(rb'name="csrf" value="([^"]+)"', page.body))
    same = b"Sec-Fetch-Site: same-origin"
    for form, status in ((b"", 403), (b"csrf=x", 403), (b"csrf=" + csrf, 303)):
        out = written("POST", b"/admin/sign-out", FORM, same, _cookie(second), body=form)
        check_answer(await _called(server, out), {status})
    for cookie in (_cookie(first), _cookie(second)):
        check_answer(await _called(server, written("GET", state, cookie)), {401})


async def test_a_cookie_that_was_made_up_is_none(server: Server, cookie: bytes) -> None:
    name, _, value = cookie.partition(b"=")
    session, began, seen, mac = value.split(b".")
    later = str(int(seen) + 60).encode()
    for forged in (
        b"",
        value[:-1],
        value + b"x",
        b".".join((session, began, later, mac)),
        b".".join((session, later, later, mac)),
        b".".join((session[::-1], began, seen, mac)),
        b".".join((session, began, seen, b"A" * 43)),
        b".".join((session, b"0" + began, seen, mac)),
        b"%2e".join((session, began, seen, mac)),
    ):
        request = written("GET", b"/admin/state", name + b"=" + forged)
        check_answer(await _called(server, request), {401})
    secure = cookie.replace(b"feed=", b"__Host-feed=")
    check_answer(await _called(server, written("GET", b"/admin/state", secure)), {401})
