"""An admin's browser: it keeps cookies, and says where its requests come from."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookies import Morsel, SimpleCookie
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from feed.app import running
from feed.settings import Settings
from tests.support import transport
from tests.support.admin import Answer
from tests.support.sources import HandClock

FIRST = "first-token-of-forty-characters-00000001"
SECOND = "another-token-of-forty-characters-000002"
ALLOWED = "https://viewer.example"
FORM = "application/x-www-form-urlencoded"
LOCAL = {"Sec-Fetch-Site": "same-origin"}
TLS = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "192.0.2.1",
    "Host": "feed.example",
    "Sec-Fetch-Site": "same-origin",
}
"""As a proxy on loopback, which is trusted, hands on what came to it over TLS."""


class Browser:
    """One browser at one site. `set`: the cookies of the last answer."""

    def __init__(
        self, http: aiohttp.ClientSession, url: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self.url = url
        self.cookies: dict[str, str] = {}
        self.set: list[Morsel[str]] = []
        self._http = http
        self._headers = {"Accept": "text/html,*/*;q=0.8", **(LOCAL if headers is None else headers)}

    async def ask(
        self,
        method: str,
        path: str,
        *,
        form: Mapping[str, str] | str | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request, no redirect followed; `headers` over its own, an empty one takes it away.

        `body` is sent as JSON.
        """
        given = self._headers | dict(headers or {})
        data = None
        if form is not None:
            data = form if isinstance(form, str) else urlencode(form)
            given.setdefault("Content-Type", FORM)
        elif body is not None:
            data = json.dumps(body)
            given.setdefault("Content-Type", "application/json")
        if self.cookies:
            given["Cookie"] = "; ".join(f"{name}={text}" for name, text in self.cookies.items())
        given = {name: value for name, value in given.items() if value}
        async with self._http.request(
            method, self.url + path, data=data, headers=given, allow_redirects=False
        ) as answer:
            text = await answer.text()
        self._keep(answer)
        is_json = answer.content_type.endswith("json")
        return Answer(answer.status, answer.headers, json.loads(text) if is_json else {}, text)

    async def status(self, method: str, path: str, **options: Any) -> int:
        """What a request is answered; `options` are those of `ask`."""
        return (await self.ask(method, path, **options)).status

    async def sign_in(self, token: str = FIRST) -> int:
        """Send the form."""
        return await self.status("POST", "/admin/sign-in", form={"token": token})

    async def sign_out(self) -> int:
        """Send the form of the page."""
        return await self.status("POST", "/admin/sign-out", form={"csrf": await self.csrf()})

    async def csrf(self) -> str:
        """What the forms of the page carry."""
        page = (await self.ask("GET", "/admin")).text
        found = re.search(r'name="csrf" value="([\w-]+)"', page)
        assert found, page
        return found[1]

    def _keep(self, answer: aiohttp.ClientResponse) -> None:
        self.set = []
        for line in answer.headers.getall("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                self.set.append(morsel)
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value


@dataclass(frozen=True)
class Site:
    """A feed that is served in this process, and somebody's client of it."""

    app: web.Application
    http: aiohttp.ClientSession
    url: str

    def browser(self, headers: Mapping[str, str] | None = None) -> Browser:
        """A new one, that nobody has used."""
        return Browser(self.http, self.url, headers)


@asynccontextmanager
async def serving(clock: HandClock, *tokens: str, log: str = "memory:") -> AsyncIterator[Site]:
    """A feed without sources, as it is behind a proxy on loopback."""
    settings = Settings(
        log=log,
        sources=False,
        drain_s=0,
        admin_token=tokens or (FIRST, SECOND),
        trusted_proxies=("127.0.0.1",),
        allowed_origins=(ALLOWED,),
    )
    async with (
        running(settings, clock) as app,
        transport.serving(app) as port,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):
        yield Site(app, http, f"http://127.0.0.1:{port}")
