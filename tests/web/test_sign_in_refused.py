"""Who may not sign in, and what nobody else may do with an admin's session."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from feed.web import keys
from tests.support.operator import ALLOWED, FIRST, TLS, Browser, Site, serving
from tests.support.sources import HandClock


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


CHANGE = {"topic": "price:A", "set": {"price": "1"}}
ACTS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/admin/inject", {"body": CHANGE}),
    ("POST", "/admin/unpin", {"body": {"topic": "price:A"}}),
    ("POST", "/admin/undo/1", {}),
    ("POST", "/admin/sources/x/pause", {}),
    ("DELETE", "/admin/connections/c-1", {}),
    ("POST", "/admin/session", {}),
    ("POST", "/admin/sign-out", {"form": {}}),
]
FOREIGN: list[dict[str, str]] = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-origin, cross-site"},
    {"Sec-Fetch-Site": "Same-Origin"},
    {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "", "Origin": "http://evil.example"},
    {"Sec-Fetch-Site": "", "Origin": "null"},
    {"Sec-Fetch-Site": "", "Origin": ALLOWED},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"},
]


@pytest.mark.parametrize("said", FOREIGN, ids=str)
async def test_a_page_of_another_site_cannot_act(browser: Browser, said: dict[str, str]) -> None:
    await browser.sign_in()
    for method, path, options in ACTS:
        answer = await browser.ask(method, path, headers=said, **options)
        assert (answer.status, path) == (403, path)
        assert answer.kind == "application/problem+json"
    state = await browser.ask("GET", "/admin/state")
    assert state.body["head"] == 0


async def test_the_own_page_may_act(browser: Browser) -> None:
    await browser.sign_in()
    own = browser.url
    for said in ({"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "", "Origin": own}):
        status = await browser.status("POST", "/admin/inject", body=CHANGE, headers=said)
        assert status == 200


@pytest.mark.parametrize("said", ["cross-site", "same-site"])
async def test_no_other_page_signs_anybody_in(browser: Browser, said: str) -> None:
    answer = await browser.ask(
        "POST", "/admin/sign-in", form={"token": FIRST}, headers={"Sec-Fetch-Site": said}
    )
    assert (answer.status, browser.set) == (403, [])


@pytest.mark.parametrize("csrf", ["", "x", "A" * 43])
async def test_a_form_of_another_session_signs_nobody_out(
    site: Site, browser: Browser, csrf: str
) -> None:
    other = site.browser()
    await other.sign_in()
    await browser.sign_in()
    for given in (csrf, await other.csrf()):
        answer = await browser.ask("POST", "/admin/sign-out", form={"csrf": given})
        assert answer.status == 403
    assert await browser.status("GET", "/admin/state") == 200


async def test_a_bearer_token_needs_no_page(site: Site) -> None:
    program = site.browser({"Sec-Fetch-Site": "cross-site", "Authorization": f"Bearer {FIRST}"})
    assert await program.status("POST", "/admin/inject", body=CHANGE) == 200
    assert await program.status("GET", "/admin") == 200
    assert await program.status("POST", "/admin/session") == 409


async def test_a_wrong_bearer_token_is_not_made_good_by_a_cookie(browser: Browser) -> None:
    await browser.sign_in()
    wrong = {"Authorization": "Bearer " + "w" * 40}
    assert await browser.status("GET", "/admin/state", headers=wrong) == 401
    assert await browser.status("GET", "/admin", headers=wrong) == 401


@pytest.mark.parametrize("token", ["", "x", FIRST[1:], f"{FIRST}x", "tökén", "\0", "x" * 9000])
async def test_another_token_is_refused_in_one_way(browser: Browser, token: str) -> None:
    expected = await browser.ask("POST", "/admin/sign-in", form={"token": "w" * 40})
    answer = await browser.ask("POST", "/admin/sign-in", form={"token": token})
    assert (answer.status, answer.text) == (401, expected.text)
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert browser.set == []
    assert "This is not the token." in answer.text


async def test_no_token_or_two_are_wrong_too(browser: Browser) -> None:
    for data in ({}, {"Token": FIRST}):
        answer = await browser.ask("POST", "/admin/sign-in", form=data)
        assert answer.status == 401
    body = f"token={FIRST}&token={FIRST}"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert await browser.status("POST", "/admin/sign-in", form=body, headers=kind) == 401


async def test_after_ten_wrong_ones_an_address_waits(site: Site, browser: Browser) -> None:
    signed_in = site.browser()
    await signed_in.sign_in()
    assert [await browser.sign_in("w" * 40) for _ in range(11)] == [401] * 10 + [429]
    answer = await browser.ask("POST", "/admin/sign-in", form={"token": FIRST})
    assert answer.status == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert "Too many wrong tokens" in answer.text
    assert await signed_in.status("GET", "/admin/state") == 200, "who knows it already stays"
    bearer = {"Authorization": f"Bearer {FIRST}"}
    assert await browser.status("GET", "/admin/state", headers=bearer) == 429
    elsewhere = site.browser(TLS)
    assert await elsewhere.sign_in() == 303


async def test_a_forged_cookie_is_no_guess_at_a_token(browser: Browser) -> None:
    browser.cookies = {"feed": "x"}
    assert [await browser.status("GET", "/admin/state") for _ in range(20)] == [401] * 20


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", f'{{"token":"{FIRST}"}}', 415),
        ("multipart/form-data; boundary=x", "--x--", 415),
        ("text/plain", f"token={FIRST}", 415),
        ("application/x-www-form-urlencoded", "x" * 16_385, 413),
        ("application/x-www-form-urlencoded", "a&" * 8000, 401),
        ("application/x-www-form-urlencoded", "token=%ff", 401),
    ],
)
async def test_a_form_is_a_form(
    browser: Browser, content_type: str, body: str, status: int
) -> None:
    kind = {"Content-Type": content_type}
    assert await browser.status("POST", "/admin/sign-in", form=body, headers=kind) == status


async def test_a_program_gets_its_refusal_as_a_problem(browser: Browser) -> None:
    json = {"Accept": "application/json"}
    answer = await browser.ask("POST", "/admin/sign-in", form={"token": "w"}, headers=json)
    assert (answer.status, answer.kind) == (401, "application/problem+json")


async def test_while_the_log_is_away_nobody_is_known(site: Site, browser: Browser) -> None:
    await browser.sign_in()
    await site.app[keys.HUB].log.aclose()
    answer = await browser.ask("GET", "/admin")
    assert (answer.status, "out of reach" in answer.text) == (503, True)
    assert await browser.status("GET", "/admin/state") == 503
    assert await browser.status("POST", "/admin/inject", body=CHANGE) == 503
