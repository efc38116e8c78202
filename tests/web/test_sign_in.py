"""The admin's session: its cookie, how long it lasts, and that its end is one."""

import re
from collections.abc import AsyncIterator
from http.cookies import Morsel

import pytest

from tests.support.operator import FIRST, LOCAL, SECOND, TLS, Browser, Site, serving
from tests.support.sources import HandClock

HALF_AN_HOUR_MS, HOUR_MS = 1_800_000, 3_600_000
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'"
)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def site(clock: HandClock) -> AsyncIterator[Site]:
    async with serving(clock) as site:
        yield site


@pytest.fixture
def browser(site: Site) -> Browser:
    return site.browser()


async def test_a_stranger_sees_the_form_and_gets_no_cookie(browser: Browser) -> None:
    answer = await browser.ask("GET", "/admin")
    assert (answer.status, answer.kind) == (200, "text/html")
    assert 'action="/admin/sign-in"' in answer.text
    assert browser.set == []


async def test_a_program_is_told_that_it_needs_a_token(browser: Browser) -> None:
    answer = await browser.ask("GET", "/admin", headers={"Accept": "application/json"})
    assert (answer.status, answer.kind) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("is_signed_in", [False, True])
async def test_the_headers_of_its_pages(browser: Browser, *, is_signed_in: bool) -> None:
    if is_signed_in:
        await browser.sign_in()
    answer = await browser.ask("GET", "/admin")
    assert ("/admin/sign-out" in answer.text) is is_signed_in
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert FIRST not in answer.text
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", answer.text)


async def test_the_token_opens_it_and_everything_behind_it(browser: Browser) -> None:
    answer = await browser.ask("POST", "/admin/sign-in", form={"token": f" {SECOND}\n"})
    assert (answer.status, answer.headers["Location"]) == (303, "/admin")
    assert answer.headers["Cache-Control"] == "no-store"
    for path in ("state", "audit", "sources", "connections", "pins", "events?topic=A"):
        answer = await browser.ask("GET", f"/admin/{path}")
        assert (answer.status, answer.kind) == (200, "application/json")
        assert browser.set == []
    change = {"topic": "price:A", "set": {"price": "1"}}
    assert await browser.status("POST", "/admin/inject", body=change) == 200
    assert await browser.status("GET", "/admin/nowhere") == 404
    assert await browser.status("GET", "/metrics") == 401


async def test_the_cookie_on_loopback(browser: Browser) -> None:
    await browser.sign_in()
    [cookie] = browser.set
    assert cookie.key == "feed"
    assert attributes(cookie) == {"path": "/", "httponly": True, "samesite": "Strict"}


async def test_the_cookie_over_tls(site: Site) -> None:
    browser = site.browser(TLS)
    assert await browser.sign_in() == 303
    [cookie] = browser.set
    assert cookie.key == "__Host-feed"
    secure = {"path": "/", "secure": True, "httponly": True, "samesite": "Strict"}
    assert attributes(cookie) == secure
    assert await browser.status("GET", "/admin/state") == 200
    await browser.status("POST", "/admin/sign-out", form={"csrf": await browser.csrf()})
    [cookie] = browser.set
    assert (cookie.key, cookie.value) == ("__Host-feed", "")
    assert attributes(cookie).items() >= (secure | {"max-age": "0"}).items()


def attributes(cookie: "Morsel[str]") -> dict[str, object]:
    return {name: value for name, value in cookie.items() if value}


async def test_plain_http_from_elsewhere_is_refused_in_words(site: Site) -> None:
    browser = site.browser(TLS | {"X-Forwarded-Proto": "http"})
    answer = await browser.ask("GET", "/admin")
    assert "Signing in needs https" in answer.text
    assert "<input" not in answer.text
    answer = await browser.ask("POST", "/admin/sign-in", form={"token": FIRST})
    assert (answer.status, browser.set) == (403, [])
    assert "Signing in needs https" in answer.text


async def test_an_address_that_is_none_is_elsewhere(site: Site) -> None:
    browser = site.browser(LOCAL | {"X-Forwarded-For": "unknown"})
    assert await browser.sign_in() == 403


async def test_a_cookie_of_one_way_is_none_on_another(site: Site) -> None:
    local, far = site.browser(), site.browser(TLS)
    await local.sign_in()
    await far.sign_in()
    stolen = site.browser(TLS | {"X-Forwarded-Proto": "http"})
    stolen.cookies = local.cookies | far.cookies
    assert await stolen.status("GET", "/admin/state") == 401
    local.cookies = {"__Host-feed": local.cookies["feed"]}
    assert await local.status("GET", "/admin/state") == 401


async def test_a_session_is_new_at_each_sign_in_and_the_older_is_void(browser: Browser) -> None:
    fixed = "A" * 22
    browser.cookies = {"feed": f"{fixed}.1790000000.1790000000.{'A' * 43}"}
    assert await browser.status("GET", "/admin/state") == 401
    await browser.sign_in()
    first = browser.cookies["feed"]
    assert fixed not in first
    await browser.sign_in()
    assert browser.cookies["feed"].split(".")[0] != first.split(".")[0]
    assert await browser.status("GET", "/admin/state") == 200
    browser.cookies = {"feed": first}
    assert await browser.status("GET", "/admin/state") == 401


async def test_after_signing_out_the_cookie_is_worth_nothing(browser: Browser) -> None:
    await browser.sign_in()
    kept = dict(browser.cookies)
    csrf = await browser.csrf()
    answer = await browser.ask("POST", "/admin/sign-out", form={"csrf": csrf})
    assert (answer.status, answer.headers["Location"]) == (303, "/admin")
    assert browser.cookies == {}
    browser.cookies = kept
    assert await browser.status("GET", "/admin/state") == 401
    answer = await browser.ask("GET", "/admin")
    assert "/admin/sign-in" in answer.text


async def test_who_is_signed_out_may_sign_out_again(browser: Browser) -> None:
    assert await browser.status("POST", "/admin/sign-out", form={"csrf": "x"}) == 303


async def test_signing_out_is_known_after_a_restart_and_an_older_session_too(
    clock: HandClock, tmp_path: object
) -> None:
    log = f"sqlite:///{tmp_path}/feed.db"
    async with serving(clock, log=log) as site:
        stays, leaves = site.browser(), site.browser()
        await stays.sign_in()
        await leaves.sign_in()
        kept = dict(leaves.cookies)
        csrf = await leaves.csrf()
        await leaves.ask("POST", "/admin/sign-out", form={"csrf": csrf})
    async with serving(clock, FIRST, log=log) as site:
        again = site.browser()
        again.cookies = kept
        assert await again.status("GET", "/admin/state") == 401
        again.cookies = stays.cookies
        assert await again.status("GET", "/admin/state") == 200
    async with serving(clock, SECOND, log=log) as site:  # the first is rotated out
        again = site.browser()
        again.cookies = stays.cookies
        assert await again.status("GET", "/admin/state") == 401


async def test_half_an_hour_without_an_act_ends_it(browser: Browser, clock: HandClock) -> None:
    await browser.sign_in()
    clock.now += HALF_AN_HOUR_MS - 1000
    assert await browser.status("GET", "/admin/state") == 200, "which is no act"
    assert browser.set == []
    answer = await browser.ask("POST", "/admin/session")
    assert answer.status == 200
    told = answer.body
    now_s = clock.now // 1000
    assert told["idle_ends"] == now_s + 1800
    assert told["ends"] == now_s - 1799 + 43_200
    assert told["csrf"] == await browser.csrf()
    clock.now += HALF_AN_HOUR_MS - 1000
    await browser.csrf()  # the page itself is one
    clock.now += HALF_AN_HOUR_MS - 1000
    assert await browser.status("GET", "/admin/state") == 200
    clock.now += 1000
    assert await browser.status("GET", "/admin/state") == 401
    assert await browser.status("POST", "/admin/session") == 401


async def test_twelve_hours_end_it_whatever_is_done(browser: Browser, clock: HandClock) -> None:
    await browser.sign_in()
    for _ in range(47):
        clock.now += HOUR_MS // 4
        assert await browser.status("POST", "/admin/session") == 200
    clock.now += HOUR_MS // 4
    assert await browser.status("POST", "/admin/session") == 401
