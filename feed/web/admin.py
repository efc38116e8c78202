"""What the operator does by hand (protocol section 6)."""

import asyncio
import logging
from collections.abc import Sequence

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from feed.hub.audit import Action
from feed.hub.ingest import Receipt
from feed.model.change import Change
from feed.model.codec import decoder, encode
from feed.model.frame import heading, update
from feed.model.topic import parse_topic
from feed.sources.base import SourceUnknown
from feed.sources.desk.desk import NothingHeld
from feed.web import keys
from feed.web.answer import json_answer, problem
from feed.web.close_code import CloseCode
from feed.web.inject import idempotency_key, read, read_topic
from feed.web.patience import read_body

log = logging.getLogger(__name__)


class _Topic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an operator decides about."""

    topic: str


_decode_topic = decoder(_Topic)


@web.middleware
async def admins_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let nobody near an admin path, known or not, without the token."""
    if request.path.startswith("/admin"):
        address = request.app[keys.PEERS].address(request)
        now_s = asyncio.get_running_loop().time()
        request.app[keys.ADMINS].check(request, address, now_s)
    return await handler(request)


async def inject(request: web.Request) -> web.Response:
    """`POST /admin/inject`: answer once the changes are durable."""
    if refused := _other_type(request):
        return refused
    key = idempotency_key(request)
    body = await read_body(request)
    changes = read(body)
    dry_run = request.query.get("dry_run", "0") not in ("", "0")
    ingest = request.app[keys.INGEST]
    action = Action("inject", why(changes))
    receipt = await ingest.submit(changes, key=key, body=body, dry_run=dry_run, action=action)
    if dry_run:
        return json_answer(_preview(request.app, receipt))
    log.debug("injected %d changes up to %d", len(changes), receipt.offset)
    return json_answer(
        encode(
            {
                "cursor": request.app[keys.HUB].live.cursor(receipt.offset),
                "results": receipt.results,
                "duplicate": receipt.duplicate,
            }
        )
    )


def why(changes: Sequence[Change]) -> str | None:
    """The reasons that were given, each once."""
    given = dict.fromkeys(change.why for change in changes if change.why)
    return "; ".join(given) or None


def _other_type(request: web.Request) -> web.Response | None:
    """What a body is answered that is not JSON by its headers."""
    if request.content_type != "application/json":
        return problem(415, "content_type", "the body must be application/json")
    if "Content-Encoding" in request.headers:
        return problem(415, "content_encoding", "the body must not be compressed")
    return None


def _preview(app: web.Application, receipt: Receipt) -> bytes:
    """The frame that subscribers of everything would get, and how many want any of it."""
    hub = app[keys.HUB]
    frame = update(
        heading(hub.live.cursor(hub.head), app[keys.CLOCK].now_ms()),
        [record.item for record in receipt.records if record.item],
        [record.event for record in receipt.records if record.event],
    )
    return encode(
        {
            "dry_run": True,
            "frames": [msgspec.Raw(frame.payload)],
            "subscribers": hub.watching([record.topic for record in receipt.records]),
            "results": receipt.results,
        }
    )


async def unpin(request: web.Request) -> web.Response:
    """`POST /admin/unpin`: sources may overwrite the fields of an item again."""
    if refused := _other_type(request):
        return refused
    topic = read_topic(await read_body(request))
    hub = request.app[keys.HUB]
    if hub.current(topic) is None:
        return problem(404, "topic_unknown", f"{topic} does not exist")
    receipt = await request.app[keys.INGEST].release([topic], "all")
    cursor = hub.live.cursor(receipt.offset)
    return json_answer(encode({"cursor": cursor, "results": receipt.results}))


async def state(request: web.Request) -> web.Response:
    """`GET /admin/state`: the log, who runs the sources, and counts."""
    hub, connections = request.app[keys.HUB], request.app[keys.CONNECTIONS]
    bounds = await hub.log.bounds()
    leader = request.app[keys.LEADER]
    doors = [connection.door for connection in connections.open]
    return json_answer(
        encode(
            {
                "instance": request.app[keys.INSTANCE],
                "epoch": bounds.epoch,
                "first": bounds.first,
                "head": bounds.head,
                "size_bytes": bounds.size_bytes,
                "durable": hub.log.durable,
                "leader": await leader.holder(),
                "counts": {
                    "topics": len(hub.live.tail.items),
                    "subscribers": len(hub.members),
                    "behind": len(hub.behind),
                    "ws": doors.count("ws"),
                    "sse": doors.count("sse"),
                },
                "sources": leader.schedule.statuses() if leader.schedule else [],
            }
        )
    )


async def sources(request: web.Request) -> web.Response:
    """`GET /admin/sources`: what each does, how it fares, what of it is held; of a leader only."""
    leader = request.app[keys.LEADER]
    listed = []
    if leader.schedule and leader.intake:
        for status in leader.schedule.statuses():
            view = leader.intake.view(status.name)
            listed.append(msgspec.structs.asdict(status) | msgspec.structs.asdict(view))
    return json_answer(encode({"leader": await leader.holder(), "sources": listed}))


async def steer_source(request: web.Request) -> web.Response:
    """`POST /admin/sources/{name}/{pause|resume|run}`."""
    leader, name = request.app[keys.LEADER], request.match_info["name"]
    schedule = leader.schedule
    if schedule is None:
        return problem(409, "not_leader", f"{await leader.holder() or 'nobody'} runs the sources")
    steer = {"pause": schedule.pause, "resume": schedule.resume, "run": schedule.run_now}
    try:
        steer[request.match_info["action"]](name)
    except SourceUnknown as error:
        return problem(404, "source_unknown", str(error))
    return await sources(request)


async def decide(request: web.Request) -> web.Response:
    """`POST /admin/sources/{name}/{accept|reject}`: what becomes of what is held on a topic."""
    leader, name = request.app[keys.LEADER], request.match_info["name"]
    if leader.intake is None:
        return problem(409, "not_leader", f"{await leader.holder() or 'nobody'} runs the sources")
    try:
        topic = parse_topic(_decode_topic(await read_body(request)).topic)
    except msgspec.ValidationError as error:
        return problem(422, "invalid", str(error))
    except msgspec.DecodeError as error:
        return problem(400, "not_json", str(error))
    try:
        if request.match_info["action"] == "accept":
            await leader.intake.accept(name, topic)
        else:
            leader.intake.reject(name, topic)
    except NothingHeld as error:
        return problem(404, "nothing_held", str(error))
    return await sources(request)


async def connections(request: web.Request) -> web.Response:
    """`GET /admin/connections`: who is connected, by which door, where, and for how long."""
    hub, now_s = request.app[keys.HUB], asyncio.get_running_loop().time()
    listed = [
        {
            "id": connection.id,
            "door": connection.door,
            "address": connection.address,
            "topics": connection.member.subscription.filters.names(),
            "cursor": hub.place(connection.member),
            "behind": connection.member in hub.behind,
            "age_s": round(now_s - connection.opened_s),
        }
        for connection in request.app[keys.CONNECTIONS].open
        if not connection.is_ending
    ]
    return json_answer(encode({"connections": listed}))


async def disconnect(request: web.Request) -> web.Response:
    """`DELETE /admin/connections/{id}`: the client may come back with its cursor."""
    name = request.match_info["id"]
    for connection in request.app[keys.CONNECTIONS].open:
        if connection.id == name and not connection.is_ending:
            connection.close(CloseCode.RESTART)
            return web.Response(status=204)
    return problem(404, "connection_unknown", "no connection of this id is open")
