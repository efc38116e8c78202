"""The door of the admin page: signing in with the token, staying, and signing out.

Security notes, section 2, and decision 0015. `admins_only` stands before all that is under /admin.
"""

import asyncio
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import parse_qs

import aiohttp_jinja2
from aiohttp import web
from aiohttp.typedefs import Handler

from feed.errors import LogUnavailable
from feed.model.codec import encode
from feed.web import keys
from feed.web.admin_body import Stay
from feed.web.answer import json_answer, problem
from feed.web.grant import EVERYTHING, GRANT
from feed.web.middlewares import DOORS
from feed.web.patience import read_body
from feed.web.session import Session
from feed.web.trail import BY, HARMLESS

_HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}
"""Of the admin's HTML."""

_SAFE = ("GET", "HEAD")
_OPEN = (
    ("GET", "/admin"),
    ("HEAD", "/admin"),
    ("POST", "/admin/sign-in"),
    ("POST", "/admin/sign-out"),
)
"""What is answered also to those who are not signed in."""

_FORM = "application/x-www-form-urlencoded"
_SESSION = web.RequestKey("session", Session)

_PLAIN = (
    "Signing in needs https: over plain http everybody on the way could read the token."
    " Ask for this page by https, or on the machine itself. Behind a proxy that ends TLS,"
    " FEED_TRUSTED_PROXIES must name it."
)
_AWAY = "The log is out of reach, so nobody can be known now. Try again in a moment."


@web.middleware
async def admins_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let nobody near an admin path, known or not, without the token or a session.

    A session acts for pages of this origin alone, and each act renews it. What a page asks for by
    itself does not: nobody need be there for it.
    """
    if not request.path.startswith("/admin"):
        return await handler(request)
    address, now_s = _address(request), asyncio.get_running_loop().time()
    request.app[keys.ADMIN_CALLS].need(address, now_s)
    request.app[keys.ADMIN_CALLS].take(address, now_s)
    try:
        session = await _session_of(request)
    except LogUnavailable:
        if request.method in _SAFE and request.path == "/admin" and _wants_page(request):
            return _door(request, _AWAY, status=503, headers={"Retry-After": "2"})
        raise
    if session:
        request[_SESSION] = session
        _name(request, request.app[keys.SESSIONS].place(session))
    is_open = "Authorization" not in request.headers and (request.method, request.path) in _OPEN
    if session is None and not is_open:
        _name(request, request.app[keys.ADMINS].check(request, address, now_s))
    if session is None or is_open or request.method in _SAFE:
        return await handler(request)
    if not request.app[keys.ORIGINS].is_same(request):
        return _cross_site()
    response = await handler(request)
    _keep(request, response, session.seen(_now_s(request)))
    return response


@web.middleware
async def subscribers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Hear no address at the doors that guesses tokens.

    Whoever is signed in is shown all that subscribers need one for: the admin page traces topics.
    """
    grants = request.app[keys.GRANTS]
    if grants.are_needed and request.path in ("/", *DOORS):
        if request.path in DOORS and await _session_of(request):
            request[GRANT] = EVERYTHING
        else:
            grants.admit(request, _address(request))
    return await handler(request)


async def page(request: web.Request) -> web.Response:
    """`GET /admin`: the page, or the form to sign in; 401 for a program that wants JSON."""
    session = request.get(_SESSION)
    if session is None:
        if not _wants_page(request):
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})
        return _door(request, "" if _is_private(request) else _PLAIN)
    session = session.seen(_now_s(request))
    context = {"csrf": session.csrf, "ends": session.ends_s, "idle_ends": session.idle_ends_s}
    response = aiohttp_jinja2.render_template("admin.html", request, context)
    response.headers.update(_HEADERS)
    _keep(request, response, session)
    return response


async def sign_in(request: web.Request) -> web.Response:
    """`POST /admin/sign-in`: a new session for whoever has the token, in place of an older one.

    The form needs nothing that the browser holds, so that it needs no CSRF token; a page of
    another site is refused all the same.
    """
    if "Sec-Fetch-Site" in request.headers and not request.app[keys.ORIGINS].is_same(request):
        return _cross_site()
    if not _is_private(request):
        return _door(request, _PLAIN, status=403)
    tokens = (await _form(request)).get("token", [])
    address, now_s = _address(request), asyncio.get_running_loop().time()
    token = tokens[0].strip() if len(tokens) == 1 else ""
    try:
        place = request.app[keys.ADMINS].admit(token, address, now_s)
    except web.HTTPException as error:
        if not _wants_page(request):
            raise
        return _refused(request, error)
    _name(request, place)
    session = request.app[keys.SESSIONS].begin(place, _now_s(request))
    response = _to_the_page()
    _keep(request, response, session)
    if older := request.get(_SESSION):
        await _void(request, older)
    return response


async def sign_out(request: web.Request) -> web.Response:
    """`POST /admin/sign-out`: the session is void from now on, at every instance."""
    if session := request.get(_SESSION):
        if not request.app[keys.ORIGINS].is_same(request):
            return _cross_site()
        if (await _form(request)).get("csrf") != [session.csrf]:
            return problem(403, "csrf", "the form is of another session: load the page again")
        await _void(request, session)
    response = _to_the_page()
    name, is_secure = _cookie(request)
    response.del_cookie(name, path="/", secure=is_secure, httponly=True, samesite="Strict")
    return response


async def stay(request: web.Request) -> web.Response:
    """`POST /admin/session`: somebody is there. What of the session a page must know."""
    request[HARMLESS] = True
    session = request.get(_SESSION)
    if session is None:
        return problem(409, "no_session", "a bearer token needs no session")
    session = session.seen(_now_s(request))
    return json_answer(encode(Stay(session.csrf, session.ends_s, session.idle_ends_s)))


def _name(request: web.Request, place: int) -> None:
    """Note who asks, by the place of the token."""
    request[BY] = request.app[keys.ADMINS].fingerprint(place)


async def _session_of(request: web.Request) -> Session | None:
    """The session whose cookie came along; None where there is none, or a bearer token instead."""
    if "Authorization" in request.headers or "Cookie" not in request.headers:
        return None  # as for all programs, before more is looked at
    text = request.cookies.get(_cookie(request)[0])
    if text is None or not _is_private(request):
        return None
    epoch = request.app[keys.HUB].epoch
    session = request.app[keys.SESSIONS].read(text, epoch, _now_s(request))
    if session and await request.app[keys.INGEST].is_claimed(_void_name(session)):
        return None
    return session


async def _void(request: web.Request, session: Session) -> None:
    """End a session for all instances: the log remembers its name for longer than it could last."""
    await request.app[keys.INGEST].claim(_void_name(session))


def _void_name(session: Session) -> str:
    return f"sign-out {session.id}"  # no key of anybody else has a space


def _keep(request: web.Request, response: web.StreamResponse, session: Session) -> None:
    """Let the browser have the session, until it is closed or told otherwise."""
    name, is_secure = _cookie(request)
    text = session.text(request.app[keys.HUB].epoch)
    response.set_cookie(name, text, path="/", secure=is_secure, httponly=True, samesite="Strict")


def _cookie(request: web.Request) -> tuple[str, bool]:
    """The cookie's name, and whether it is for TLS alone."""
    is_secure = request.app[keys.PEERS].scheme(request) == "https"
    return ("__Host-feed" if is_secure else "feed"), is_secure


def _is_private(request: web.Request) -> bool:
    """Whether nobody between the browser and here can read along."""
    if request.app[keys.PEERS].scheme(request) == "https":
        return True
    try:
        return ip_address(_address(request)).is_loopback
    except ValueError:
        return False


async def _form(request: web.Request) -> dict[str, list[str]]:
    """The fields of a form. Raises the answers for what is none, or too large."""
    if request.content_type != _FORM:
        raise web.HTTPUnsupportedMediaType
    body = await read_body(request, request.app[keys.LIMITS].body_bytes)
    return parse_qs(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=None)


def _refused(request: web.Request, error: web.HTTPException) -> web.Response:
    """The form again, and why: the token is not one that is valid, or there were too many."""
    kept = {
        name: error.headers[name]
        for name in ("WWW-Authenticate", "Retry-After")
        if name in error.headers
    }
    words = "This is not the token."
    if error.status == HTTPStatus.TOO_MANY_REQUESTS:
        words = f"Too many wrong tokens. Try again in {kept['Retry-After']} s."
    return _door(request, words, status=error.status, headers=kept)


def _door(
    request: web.Request,
    words: str,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> web.Response:
    """The page with the form, and what is to be said about it."""
    context = {"words": words, "is_private": _is_private(request)}
    response = aiohttp_jinja2.render_template("login.html", request, context, status=status)
    response.headers.update(_HEADERS | (headers or {}))
    return response


def _to_the_page() -> web.Response:
    return web.Response(status=303, headers={"Location": "/admin", "Cache-Control": "no-store"})


def _cross_site() -> web.Response:
    return problem(403, "cross_site", "only the admin page may do this in an admin's name")


def _wants_page(request: web.Request) -> bool:
    accepted = request.headers.get("Accept", "")
    return "text/html" in accepted or "application/json" not in accepted


def _address(request: web.Request) -> str:
    return request.app[keys.PEERS].address(request)


def _now_s(request: web.Request) -> int:
    return request.app[keys.CLOCK].now_ms() // 1000
