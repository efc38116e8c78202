"""The composition root: makes every part, and starts and stops them in order."""

import asyncio
import logging
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from feed.clock import Clock, SystemClock
from feed.errors import FeedError
from feed.hub.hub import Hub
from feed.hub.ingest import Ingest
from feed.log import retention
from feed.log.base import EventLog
from feed.log.open import open_log
from feed.settings import Settings
from feed.sources.open import open_source
from feed.sources.schedule import Schedule
from feed.web import edge, keys
from feed.web.auth import Admins
from feed.web.bell import Bells
from feed.web.connections import Connections
from feed.web.origin import Origins
from feed.web.peer import Peers, parse_networks
from feed.web.routes import make_web

log = logging.getLogger(__name__)

_TRIM_EVERY_S = 2.0
_CLEANUP_S = 1.0
"""For what is still served when everybody was taken leave of: requests that never end."""

_SEND_BUFFER = 64 * 1024
"""The kernel's share of what a slow client is owed; its default here is megabytes."""


@asynccontextmanager
async def running(settings: Settings, clock: Clock) -> AsyncIterator[web.Application]:
    """Every part at work but the listener. `app[keys.HUB].failed` ends where it cannot go on."""
    events = await open_log(settings.log)
    hub = Hub(events, clock, settings.heartbeat_s)
    await hub.start()
    ingest = Ingest(events, hub, clock)
    schedule = _schedule(settings, hub, ingest, clock)
    app = make_web()
    peers = Peers(parse_networks(settings.trusted_proxies))
    connections = Connections(
        hub,
        max_age_s=settings.max_age_s,
        drain_s=settings.drain_s,
        most=settings.max_connections,
        most_per_address=settings.max_connections_per_ip,
    )
    app[keys.HUB], app[keys.INGEST], app[keys.SCHEDULE] = hub, ingest, schedule
    app[keys.CLOCK], app[keys.CONNECTIONS], app[keys.PEERS] = clock, connections, peers
    app[keys.BELLS] = bells = Bells(hub, connections.draining)
    app[keys.ORIGINS] = Origins(settings.allowed_origins, peers)
    app[keys.ADMINS] = Admins(settings.admin_token)
    app[keys.INSTANCE] = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
    app[keys.COMPRESSES], app[keys.LEADS] = settings.compress, settings.sources
    connections.start()
    bells.start()
    schedule.start()
    trimming = asyncio.create_task(_trim(events, clock, settings), name="retention")
    try:
        yield app
    finally:
        await connections.drain()
        await schedule.stop()
        trimming.cancel()
        await hub.stop()
        await events.aclose()


def _schedule(settings: Settings, hub: Hub, ingest: Ingest, clock: Clock) -> Schedule:
    configs = settings.source if settings.sources else ()
    sources = [open_source(each, allow_private=settings.allow_private_sources) for each in configs]
    schedule = Schedule(sources, ingest.publish, clock)
    for source in sources:
        source.resume(lambda topic: item.state() if (item := hub.current(topic)) else None)
    return schedule


async def _trim(events: EventLog, clock: Clock, settings: Settings) -> None:
    while True:
        await asyncio.sleep(_TRIM_EVERY_S)
        try:
            age_s, entries = settings.retention_s, settings.retention_events
            await retention.trim(events, clock.now_ms(), age_s=age_s, entries=entries)
        except FeedError as error:
            log.warning("the log is not trimmed now: %s", error)


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; then take leave and return."""
    listener = _listen(settings.host, settings.port)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopped.set)
    async with running(settings, SystemClock()) as app:
        runner = web.AppRunner(
            app,
            access_log=None,
            auto_decompress=False,  # no door takes a compressed body
            handler_cancellation=True,
            shutdown_timeout=_CLEANUP_S,
        )
        await runner.setup()
        server = await edge.listen(runner, listener)
        host, port = listener.getsockname()[:2]
        log.info("serving on http://%s:%d", host, port)
        try:
            await _until(stopped, app[keys.HUB].failed)
            log.info("taking leave of %d clients", len(app[keys.CONNECTIONS].open))
            await app[keys.CONNECTIONS].drain()
        finally:
            server.close()
            await runner.cleanup()


async def _until(stopped: asyncio.Event, failed: "asyncio.Future[None]") -> None:
    """Until somebody stops us; raises what the hub failed with."""
    failed.add_done_callback(lambda _: stopped.set())
    await stopped.wait()
    if failed.done():
        failed.result()


def _listen(host: str, port: int) -> socket.socket:
    """The listening socket, whose options every connection inherits."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    listener.bind((host, port))
    return listener
