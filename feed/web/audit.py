"""What was done by hand, and taking it back (protocol section 6)."""

import logging

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler
from msgspec import UNSET

from feed.hub.audit import Action, Done
from feed.model.codec import encode
from feed.model.entry import Entry
from feed.web import keys
from feed.web.admin_body import Altered, Appended, Audited, Called, Deed, DeedInFull
from feed.web.answer import json_answer, problem
from feed.web.parameter import AUDIT_LIMIT
from feed.web.trail import BY, HARMLESS, MOST_TOPICS, TOPICS, Act

log = logging.getLogger(__name__)
failed = logging.getLogger(f"{__name__}.failed")
"""Which anybody can cause, so that it is sampled."""

_SAFE = ("GET", "HEAD", "OPTIONS")
_LONGEST = 200
_CHANGES = 20
"""Of one call; it may have made a thousand."""


async def audit(request: web.Request) -> web.Response:
    """`GET /admin/audit`: the newest first; `?limit=` of them."""
    limit = AUDIT_LIMIT.read(request.query)
    done = await request.app[keys.AUDIT].done(limit)
    entries = [_shown(request, each) for each in done]
    calls = [_call(act) for act in request.app[keys.TRAIL].newest(limit)]
    return json_answer(encode(Audited(entries, calls)))


def done_by(
    request: web.Request, action: str, why: str | None = None, undoes: str | None = None
) -> Action:
    """What the log is to remember of a call, and of who asked."""
    address = request.app[keys.PEERS].address(request)
    return Action(action, why, undoes, by=request.get(BY), address=address)


@web.middleware
async def noted(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Note each call that may change something, with its outcome, and log it.

    One that is refused as its token is none is logged as every refusal is, but for signing in.
    """
    if request.method in _SAFE or not request.path.startswith("/admin"):
        return await handler(request)
    status = 0
    try:
        response = await handler(request)
        status = response.status
    finally:
        if not request.get(HARMLESS) and (BY in request or request.path == "/admin/sign-in"):
            _note(request, status)
    return response


def _note(request: web.Request, status: int) -> None:
    act = Act(
        at=request.app[keys.CLOCK].now_ms(),
        by=request.get(BY),
        address=request.app[keys.PEERS].address(request),
        call=f"{request.method} {request.path[:_LONGEST]}",
        status=status,
        topics=request.get(TOPICS, ()),
    )
    request.app[keys.TRAIL].note(act)
    if act.by is None:
        failed.warning("nobody signed in from %s: %d", act.address, status, extra=_fields(act))
        return
    call = " ".join([act.call, *act.topics])
    log.info("admin %s from %s: %s: %d", act.by, act.address, call, status, extra=_fields(act))


def _fields(act: Act) -> dict[str, object]:
    """What a program finds of it in the log; `at` is the record's time."""
    fields = msgspec.structs.asdict(act)
    return {name: value for name, value in fields.items() if name != "at" and value}


def _call(act: Act) -> Called:
    return Called(
        at=act.at,
        by=act.by,
        address=act.address,
        call=act.call,
        status=act.status,
        topics=[*act.topics],
    )


def _shown(request: web.Request, done: Done) -> Deed:
    return Deed(
        id=done.id,
        at=done.at,
        action=done.action,
        topics=[*done.topics],
        count=done.count,
        why=done.why,
        cursor=request.app[keys.HUB].live.cursor(done.offset),
        undone=done.undone,
        undoes=done.undoes,
        by=done.by,
        address=done.address,
    )


async def action(request: web.Request) -> web.Response:
    """`GET /admin/audit/{id}`: what one action changed, and what was there before."""
    audit = request.app[keys.AUDIT]
    done = await audit.find(request.match_info["id"])
    if done is None:
        return problem(404, "action_unknown", "the audit has no entry of this id")
    entries = await audit.entries(done, _CHANGES)
    changes = [_change_shown(entry) for entry in entries]
    told = msgspec.structs.asdict(_shown(request, done))
    return json_answer(encode(DeedInFull(**told, changes=changes)))


def _change_shown(entry: Entry) -> Altered:
    """The elements that subscribers got, and by `was` the patch back."""
    return Altered(
        topic=entry.topic,
        v=entry.v,
        item=UNSET if entry.item is None else msgspec.Raw(entry.item),
        was=UNSET if entry.item is None else entry.way(),
        event=UNSET if entry.event is None else msgspec.Raw(entry.event),
    )


async def undo(request: web.Request) -> web.Response:
    """`POST /admin/undo/{id}`: append what takes it back."""
    app = request.app
    done = await app[keys.AUDIT].find(request.match_info["id"])
    if done is None:
        return problem(404, "action_unknown", "the audit has no entry of this id")
    request[TOPICS] = done.topics[:MOST_TOPICS]
    changes = await app[keys.AUDIT].compensation(done)
    receipt = await app[keys.INGEST].submit(
        changes,
        key=f"undo {done.id}",  # no key of anybody else has a space
        action=done_by(request, "undo", done.why, undoes=done.id),
    )
    if receipt.duplicate:
        return problem(409, "not_to_undo", "it is undone already")
    cursor = app[keys.HUB].live.cursor(receipt.offset)
    return json_answer(encode(Appended(cursor=cursor, results=[*receipt.results])))
