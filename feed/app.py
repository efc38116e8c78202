"""The composition root: makes every part, and starts and stops them in order."""

import asyncio
import logging
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from aiohttp import web

from feed.clock import Clock, SystemClock
from feed.errors import FeedError
from feed.hub.audit import Audit
from feed.hub.history import History
from feed.hub.hub import Hub
from feed.hub.ingest import Ingest
from feed.hub.leader import Leader
from feed.log import retention
from feed.log.open import open_log
from feed.settings import Settings
from feed.sources.base import Source
from feed.sources.open import open_source
from feed.web import edge, keys
from feed.web.auth import Admins
from feed.web.bell import Bells
from feed.web.connections import Connections
from feed.web.grant import Grants
from feed.web.origin import Origins
from feed.web.peer import Peers, parse_networks
from feed.web.routes import make_web
from feed.web.session import Sessions

log = logging.getLogger(__name__)

_TRIM_EVERY_S = 2.0
_CLEANUP_S = 1.0
"""For what is still served when everybody was taken leave of: requests that never end."""

_SEEN_S = 2.0
"""How long a balancer may look and see that this instance is not ready, before it hears nobody."""

_SEND_BUFFER = 64 * 1024
"""The kernel's share of what a slow client is owed; its default here is megabytes."""


@asynccontextmanager
async def running(settings: Settings, clock: Clock) -> AsyncIterator[web.Application]:
    """Every part at work but the listener. `app[keys.HUB].failed` ends where it cannot go on."""
    await _close(_open_sources(settings))  # what is wrong with them is said at the start
    hub = Hub(partial(open_log, settings.log), clock, settings.heartbeat_s)
    await hub.start()
    ingest = Ingest(hub, clock)
    instance = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
    leader = Leader(
        hub,
        ingest,
        clock,
        partial(_open_sources, settings),
        [each.policy for each in settings.source],
        instance=instance,
        lease_s=settings.lease_s,
        watched=_by_anybody if settings.log.startswith("redis") else hub.is_watched,
    )
    app = make_web()
    peers = Peers(parse_networks(settings.trusted_proxies))
    grants = Grants(settings.subscriber_secret, clock)
    connections = Connections(
        hub,
        grants,
        max_age_s=settings.max_age_s,
        drain_s=settings.drain_s,
        most=settings.max_connections,
        most_per_address=settings.max_connections_per_ip,
    )
    app[keys.HUB], app[keys.INGEST], app[keys.LEADER] = hub, ingest, leader
    app[keys.AUDIT] = Audit(hub)
    app[keys.CLOCK], app[keys.CONNECTIONS], app[keys.PEERS] = clock, connections, peers
    app[keys.BELLS] = bells = Bells(hub, connections.draining)
    app[keys.GRANTS] = grants
    app[keys.ORIGINS] = Origins(settings.allowed_origins, peers)
    app[keys.ADMINS] = Admins(settings.admin_token)
    app[keys.SESSIONS] = Sessions(settings.admin_token)
    readers = [*settings.admin_token, settings.metrics_token]
    app[keys.METRICS_READERS] = Admins([token for token in readers if token])
    app[keys.INSTANCE], app[keys.COMPRESSES] = instance, settings.compress
    app[keys.HISTORY] = history = History(hub, clock, settings.history_bars)
    connections.start()
    bells.start()
    history.start()
    if settings.sources:
        leader.start()
    trimming = asyncio.create_task(_trim(hub, clock, settings), name="retention")
    try:
        yield app
    finally:
        await take_leave(app)
        trimming.cancel()
        await history.stop()
        await hub.stop()


async def take_leave(app: web.Application) -> None:
    """Lead no longer, and send everybody away, each at a moment of its own. Idempotent."""
    app[keys.CONNECTIONS].draining.set()
    await asyncio.gather(app[keys.LEADER].stop(), app[keys.CONNECTIONS].drain())


def _open_sources(settings: Settings) -> list[Source]:
    return [
        open_source(each, allow_private=settings.allow_private_sources) for each in settings.source
    ]


def _by_anybody(topic: str) -> bool:
    """Whether a topic is followed, where others serve clients too: none can say that it is not."""
    return True


async def _close(sources: Sequence[Source]) -> None:
    for source in sources:
        await source.aclose()


async def _trim(hub: Hub, clock: Clock, settings: Settings) -> None:
    age_s, entries = settings.retention_s, settings.retention_events
    is_failing = False
    while True:
        await asyncio.sleep(_TRIM_EVERY_S)
        try:
            await retention.trim(hub.log, clock.now_ms(), age_s=age_s, entries=entries)
            is_failing = False
        except FeedError as error:
            if not is_failing:
                log.warning("the log is not trimmed now: %s", error)
            is_failing = True


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; then take leave and return."""
    listener = _listen(settings.host, settings.port)
    async with running(settings, SystemClock()) as app:
        runner = make_runner(app)
        await runner.setup()
        await web.SockSite(runner, listener, backlog=edge.BACKLOG).start()
        host, port = listener.getsockname()[:2]
        log.info("serving on http://%s:%d", host, port)
        try:
            why = await _end(app[keys.HUB].failed)
            log.info("taking leave of %d clients", len(app[keys.CONNECTIONS].open))
            seen_s = min(settings.drain_s, _SEEN_S) if why is signal.SIGTERM else 0
            await asyncio.gather(take_leave(app), asyncio.sleep(seen_s))
        finally:
            await runner.cleanup()


def make_runner(app: web.Application) -> web.AppRunner:
    """What serves the application over HTTP."""
    return edge.Runner(
        app,
        access_log=None,
        auto_decompress=False,  # no door takes a compressed body
        handler_cancellation=True,
        shutdown_timeout=_CLEANUP_S,
    )


async def _end(failed: "asyncio.Future[None]") -> signal.Signals:
    """Until somebody stops us, by this signal; raises what the hub failed with."""
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[signal.Signals] = loop.create_future()

    def stop(name: signal.Signals) -> None:
        if not stopped.done():
            stopped.set_result(name)

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop, name)
    failed.add_done_callback(lambda _: stopped.cancel())
    await asyncio.wait([stopped])
    if failed.done():
        failed.result()
    return stopped.result()


def _listen(host: str, port: int) -> socket.socket:
    """The listening socket, whose options every connection inherits."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    listener.bind((host, port))
    return listener
