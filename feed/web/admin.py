"""What the operator does by hand (protocol section 6)."""

import asyncio
import heapq
import logging
from collections.abc import Sequence

import msgspec
from aiohttp import web

from feed.hub.hub import Hub
from feed.hub.ingest import Receipt
from feed.hub.leader import Leader
from feed.hub.pin import PINNED, pinned
from feed.hub.standing import standing
from feed.model.change import Change
from feed.model.codec import encode
from feed.model.frame import heading, update
from feed.sources.base import SourceUnknown
from feed.sources.desk.desk import NothingHeld
from feed.web import keys
from feed.web.admin_body import (
    Appended,
    Connected,
    ConnectionView,
    Counts,
    Happened,
    Injected,
    Pins,
    PinView,
    Sources,
    SourceView,
    State,
    Tried,
)
from feed.web.answer import json_answer, problem
from feed.web.audit import done_by
from feed.web.close_code import CloseCode
from feed.web.connection import Connection
from feed.web.inject import idempotency_key, read, read_topic
from feed.web.parameter import CONNECTION_LIMIT, DRY_RUN
from feed.web.patience import read_body
from feed.web.query import need_topic
from feed.web.trail import HARMLESS, MOST_TOPICS, TOPICS

log = logging.getLogger(__name__)

_MOST_EVENTS = 100


async def inject(request: web.Request) -> web.Response:
    """`POST /admin/inject`: answer once the changes are durable."""
    if refused := _other_type(request):
        return refused
    key = idempotency_key(request)
    body = await read_body(request, request.app[keys.LIMITS].admin_body_bytes)
    changes = read(body)
    dry_run = request.query.get(DRY_RUN.name, "0") not in ("", "0")
    ingest = request.app[keys.INGEST]
    request[HARMLESS] = dry_run
    request[TOPICS] = sorted({change.topic for change in changes})[:MOST_TOPICS]
    action = done_by(request, "inject", why(changes))
    receipt = await ingest.submit(changes, key=key, body=body, dry_run=dry_run, action=action)
    if dry_run:
        return json_answer(_preview(request.app, receipt))
    log.debug("injected %d changes up to %d", len(changes), receipt.offset)
    return json_answer(
        encode(
            Injected(
                cursor=request.app[keys.HUB].live.cursor(receipt.offset),
                results=[*receipt.results],
                duplicate=receipt.duplicate,
            )
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
        Tried(
            frames=[msgspec.Raw(frame.payload)],
            subscribers=hub.watching([record.topic for record in receipt.records]),
            results=[*receipt.results],
        )
    )


async def unpin(request: web.Request) -> web.Response:
    """`POST /admin/unpin`: sources may overwrite the fields of an item again."""
    if refused := _other_type(request):
        return refused
    topic = read_topic(await read_body(request, request.app[keys.LIMITS].body_bytes))
    request[TOPICS] = [topic]
    hub = request.app[keys.HUB]
    if hub.current(topic) is None:
        return problem(404, "topic_unknown", f"{topic} does not exist")
    action = done_by(request, "unpin")
    receipt = await request.app[keys.INGEST].release([topic], "all", action)
    cursor = hub.live.cursor(receipt.offset)
    return json_answer(encode(Appended(cursor=cursor, results=[*receipt.results])))


async def pins(request: web.Request) -> web.Response:
    """`GET /admin/pins`: what sources may not overwrite now, and what they say meanwhile."""
    tail, now_ms = request.app[keys.HUB].live.tail, request.app[keys.CLOCK].now_ms()
    listed = [
        PinView(topic, **msgspec.structs.asdict(each))
        for topic, item in sorted(tail.items.items())
        if item.data and PINNED in item.data
        for each in pinned(item.state() or {}, now_ms)
    ]
    return json_answer(encode(Pins(listed)))


async def events(request: web.Request) -> web.Response:
    """`GET /admin/events?topic=…`: the events of a match as they stand, the newest first."""
    topic = need_topic(request)
    past = await request.app[keys.HISTORY].reached(request.app[keys.HUB].live)
    newest = standing(past.events(topic))[: -_MOST_EVENTS - 1 : -1]
    return json_answer(encode(Happened.of(newest)))


async def state(request: web.Request) -> web.Response:
    """`GET /admin/state`: the log, who runs the sources, and counts."""
    hub, connections = request.app[keys.HUB], request.app[keys.CONNECTIONS]
    bounds = await hub.log.bounds()
    leader = request.app[keys.LEADER]
    doors = [connection.door for connection in connections.open]
    return json_answer(
        encode(
            State(
                instance=request.app[keys.INSTANCE],
                now=request.app[keys.CLOCK].now_ms(),
                epoch=bounds.epoch,
                first=bounds.first,
                head=bounds.head,
                size_bytes=bounds.size_bytes,
                durable=hub.log.durable,
                leader=await leader.holder(),
                counts=Counts(
                    topics=len(hub.live.tail.items),
                    subscribers=len(hub.members),
                    behind=len(hub.behind),
                    ws=doors.count("ws"),
                    sse=doors.count("sse"),
                ),
                sources=[*leader.schedule.statuses()] if leader.schedule else [],
            )
        )
    )


async def sources(request: web.Request) -> web.Response:
    """`GET /admin/sources`: what each does, how it fares, what of it is held; of a leader only."""
    leader = request.app[keys.LEADER]
    listed = []
    if leader.schedule and leader.intake:
        for status in leader.schedule.statuses():
            view = leader.intake.view(status.name)
            told = msgspec.structs.asdict(status) | msgspec.structs.asdict(view)
            listed.append(SourceView(**told))
    answer = Sources(request.app[keys.INSTANCE], await leader.holder(), listed)
    return json_answer(encode(answer))


async def steer_source(request: web.Request) -> web.Response:
    """`POST /admin/sources/{name}/{pause|resume|run}`."""
    leader, name = request.app[keys.LEADER], request.match_info["name"]
    schedule = leader.schedule
    if schedule is None:
        return await _not_leader(leader)
    steer = {"pause": schedule.pause, "resume": schedule.resume, "run": schedule.run_now}
    try:
        steer[request.match_info["action"]](name)
    except SourceUnknown as error:
        return problem(404, "source_unknown", str(error))
    return await sources(request)


async def _not_leader(leader: Leader) -> web.Response:
    """Who is to be asked instead."""
    holder = await leader.holder()
    return problem(409, "not_leader", f"{holder or 'nobody'} runs the sources", leader=holder)


async def decide(request: web.Request) -> web.Response:
    """`POST /admin/sources/{name}/{accept|reject}`: what becomes of what is held on a topic."""
    leader, name = request.app[keys.LEADER], request.match_info["name"]
    if leader.intake is None:
        return await _not_leader(leader)
    if refused := _other_type(request):
        return refused
    topic = read_topic(await read_body(request, request.app[keys.LIMITS].body_bytes))
    request[TOPICS] = [topic]
    try:
        if request.match_info["action"] == "accept":
            await leader.intake.accept(name, topic)
        else:
            leader.intake.reject(name, topic)
    except NothingHeld as error:
        return problem(404, "nothing_held", str(error))
    return await sources(request)


async def connections(request: web.Request) -> web.Response:
    """`GET /admin/connections`: who is connected here, how far and for how long; the latest first.

    `?limit=` of them, by default all that there may be.
    """
    app, now_s = request.app, asyncio.get_running_loop().time()
    hub, limit = app[keys.HUB], CONNECTION_LIMIT.read(request.query)
    staying = [each for each in app[keys.CONNECTIONS].open if not each.is_ending]
    shown = heapq.nlargest(limit, staying, key=lambda each: (hub.lag(each.member), -each.opened_s))
    return json_answer(
        encode(
            Connected(
                app[keys.INSTANCE],
                len(staying),
                [_connection_view(hub, each, now_s) for each in shown],
            )
        )
    )


def _connection_view(hub: Hub, connection: Connection, now_s: float) -> ConnectionView:
    member = connection.member
    options = member.subscription.options
    return ConnectionView(
        id=connection.id,
        door=connection.door,
        address=connection.address,
        topics=[*member.subscription.filters.names()],
        conflate_ms=options.conflate_ms,
        delay_ms=options.delay_ms,
        cursor=hub.place(member),
        lag=hub.lag(member),
        behind=member in hub.behind,
        age_s=round(now_s - connection.opened_s),
    )


async def disconnect(request: web.Request) -> web.Response:
    """`DELETE /admin/connections/{id}`: the client may come back with its cursor."""
    name = request.match_info["id"]
    for connection in request.app[keys.CONNECTIONS].open:
        if connection.id == name and not connection.is_ending:
            connection.close(CloseCode.RESTART)
            return web.Response(status=204)
    return problem(404, "connection_unknown", "no connection of this id is open")
