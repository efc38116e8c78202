"""What was done by hand, and taking it back (protocol section 6)."""

import msgspec
from aiohttp import web
from msgspec import UNSET

from feed.hub.audit import Action, Done
from feed.model.codec import encode
from feed.model.entry import Entry
from feed.web import keys
from feed.web.admin_body import Altered, Appended, Audited, Deed, DeedInFull
from feed.web.answer import json_answer, problem
from feed.web.parameter import AUDIT_LIMIT

_CHANGES = 20
"""Of one call; it may have made a thousand."""


async def audit(request: web.Request) -> web.Response:
    """`GET /admin/audit`: the newest first; `?limit=` of them."""
    limit = AUDIT_LIMIT.read(request.query)
    done = await request.app[keys.AUDIT].done(limit)
    return json_answer(encode(Audited([_shown(request, each) for each in done])))


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
    changes = await app[keys.AUDIT].compensation(done)
    receipt = await app[keys.INGEST].submit(
        changes,
        key=f"undo {done.id}",  # no key of anybody else has a space
        action=Action("undo", done.why, undoes=done.id),
    )
    if receipt.duplicate:
        return problem(409, "not_to_undo", "it is undone already")
    cursor = app[keys.HUB].live.cursor(receipt.offset)
    return json_answer(encode(Appended(cursor=cursor, results=[*receipt.results])))
