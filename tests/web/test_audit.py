"""Every call that may change something leaves a trace: who, from where, what, and how it ended."""

import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from feed.web.routes import make_web
from feed.web.trail import Act, Trail
from tests.support.operator import ALLOWED, FIRST, SECOND, TLS, Browser, Site, serving
from tests.support.sources import HandClock

FIRST_IS, SECOND_IS = "2b7bb8f0", "edb59467"
ADDRESS = "127.0.0.1"
CHANGE = {"topic": "price:A", "set": {"price": "1"}}


@dataclass(frozen=True)
class Call:
    """How a route is called, and the status and the topics that the trail says then."""

    path: str
    body: Any = None
    status: int = 200
    topics: tuple[str, ...] = ()


CALLS: Mapping[tuple[str, str], Call] = {
    ("POST", "/admin/inject"): Call("/admin/inject", CHANGE, topics=("price:A",)),
    ("POST", "/admin/unpin"): Call("/admin/unpin", {"topic": "A"}, 404, ("price:A",)),
    ("POST", "/admin/undo/{id}"): Call("/admin/undo/1", None, 404),
    ("POST", "/admin/sources/{name}/{action}"): Call("/admin/sources/api/pause", None, 409),
    ("DELETE", "/admin/connections/{id}"): Call("/admin/connections/c-1", None, 404),
    ("POST", "/admin/sign-in"): Call("/admin/sign-in", None, 401),
    ("POST", "/admin/sign-out"): Call("/admin/sign-out", None, 303),
}
"""One for each unsafe route. A new route needs a line here, and leaves an act as it says."""

HARMLESS = {("POST", "/admin/session")}
"""Somebody is there: nothing else is changed, and the page says so all the time."""

SAFE = {"GET", "HEAD", "OPTIONS"}


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with serving(HandClock(), FIRST, SECOND) as site:
        yield site


@pytest.fixture
def browser(site: Site) -> Browser:
    """A program with the second token."""
    return site.browser({"Authorization": f"Bearer {SECOND}"})


async def acts(browser: Browser) -> list[dict[str, Any]]:
    """What the trail says, the newest first, but for the moments."""
    answer = await browser.ask(
        "GET", "/admin/audit", headers={"Authorization": f"Bearer {SECOND}", "Cookie": ""}
    )
    calls: list[dict[str, Any]] = answer.body["calls"]
    assert all(call.pop("at") == HandClock().now_ms() for call in calls)
    return calls


def test_every_unsafe_route_is_among_these() -> None:
    routes = {
        (route.method, route.resource.canonical)
        for route in make_web().router.routes()
        if route.resource and route.method not in SAFE
    }
    assert routes == set(CALLS) | HARMLESS
    assert all(path.startswith("/admin/") for _, path in routes)


@pytest.mark.parametrize(("method", "route"), [key for key in CALLS if "sign" not in key[1]])
async def test_a_call_leaves_a_trace(browser: Browser, method: str, route: str) -> None:
    call = CALLS[method, route]
    assert await browser.status(method, call.path, body=call.body) == call.status
    assert await acts(browser) == [
        {
            "by": SECOND_IS,
            "address": ADDRESS,
            "call": f"{method} {call.path}",
            "status": call.status,
            "topics": [*call.topics],
        }
    ]


async def test_signing_in_and_out_leaves_traces(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    browser = site.browser()
    with caplog.at_level(logging.INFO, "feed.web.audit"):
        assert await browser.sign_in("a wrong token") == 401
        assert await browser.sign_in() == 303
        assert await browser.status("POST", "/admin/inject", body=CHANGE) == 200
        assert await browser.status("POST", "/admin/session") == 200
        assert await browser.sign_out() == 303
    told = [(act["by"], act["call"], act["status"]) for act in await acts(browser)]
    assert told == [
        (FIRST_IS, "POST /admin/sign-out", 303),
        (FIRST_IS, "POST /admin/inject", 200),
        (FIRST_IS, "POST /admin/sign-in", 303),
        (None, "POST /admin/sign-in", 401),
    ]
    assert caplog.messages == [
        "nobody signed in from 127.0.0.1: 401",
        "admin 2b7bb8f0 from 127.0.0.1: POST /admin/sign-in: 303",
        "admin 2b7bb8f0 from 127.0.0.1: POST /admin/inject price:A: 200",
        "admin 2b7bb8f0 from 127.0.0.1: POST /admin/sign-out: 303",
    ]


async def test_what_changes_nothing_leaves_none(browser: Browser, site: Site) -> None:
    assert await browser.status("POST", "/admin/inject?dry_run=1", body=CHANGE) == 200
    assert await browser.status("POST", "/admin/session") == 409
    stranger = site.browser({})
    assert await stranger.status("POST", "/admin/inject", body=CHANGE) == 401
    assert await stranger.status("DELETE", "/admin/connections/c-1") == 401
    assert await acts(browser) == []


async def test_what_is_refused_leaves_one(browser: Browser, site: Site) -> None:
    assert await browser.status("POST", "/admin/inject", body={"topic": "A"}) == 422
    signed_in = site.browser()
    await signed_in.sign_in()
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": ALLOWED}
    refused = await signed_in.status("POST", "/admin/inject", body=CHANGE, headers=foreign)
    assert refused == 403
    told = [(act["by"], act["call"], act["status"]) for act in await acts(browser)]
    assert told == [
        (FIRST_IS, "POST /admin/inject", 403),
        (FIRST_IS, "POST /admin/sign-in", 303),
        (SECOND_IS, "POST /admin/inject", 422),
    ]


async def test_the_log_remembers_who_it_was(browser: Browser, site: Site) -> None:
    behind_a_proxy = {**TLS, "Authorization": f"Bearer {FIRST}"}
    await browser.ask("POST", "/admin/inject", body=CHANGE)
    [entry] = (await browser.ask("GET", "/admin/audit")).body["entries"]
    assert (entry["by"], entry["address"]) == (SECOND_IS, ADDRESS)
    other = site.browser(behind_a_proxy)
    assert await other.status("POST", f"/admin/undo/{entry['id']}") == 200
    told = (await browser.ask("GET", "/admin/audit")).body
    assert [(each["by"], each["address"]) for each in told["entries"]] == [
        (FIRST_IS, "192.0.2.1"),
        (SECOND_IS, ADDRESS),
    ]
    assert told["calls"][0]["topics"] == ["price:A"]


async def test_no_token_can_be_told_from_it(browser: Browser) -> None:
    await browser.ask("POST", "/admin/inject", body=CHANGE)
    text = (await browser.ask("GET", "/admin/audit")).text
    assert SECOND not in text
    assert SECOND_IS not in SECOND


def test_failures_push_nothing_out() -> None:
    trail = Trail()
    for at in range(2000):
        trail.note(Act(at=at, by=None, address="", call="", status=401))
    trail.note(Act(at=5000, by="a", address="", call="", status=200))
    for at in range(6000, 6050):
        trail.note(Act(at=at, by=None, address="", call="", status=401))
    newest = [act.at for act in trail.newest(1000)]
    assert newest == [*range(6049, 5999, -1), 5000, *range(1999, 1949, -1)]
    assert [act.at for act in trail.newest(51)][-1] == 5000
