"""The composition root: makes every part, and starts and stops them in order."""

import asyncio
import gc
import logging
import os
import resource
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from aiohttp import web

from feed import __version__
from feed.clock import Clock, SystemClock
from feed.errors import FeedError
from feed.hub.audit import Audit
from feed.hub.history import History
from feed.hub.hub import Hub
from feed.hub.ingest import Ingest
from feed.hub.leader import Leader
from feed.log import retention
from feed.log.open import open_log
from feed.log.probe import probe
from feed.settings import Settings
from feed.sources.base import Source
from feed.sources.open import open_source
from feed.web import edge, keys
from feed.web.api.document import Documents
from feed.web.api.limit import Running
from feed.web.auth import Admins
from feed.web.bell import Bells
from feed.web.connections import Connections
from feed.web.grant import Grants
from feed.web.limits import Buckets
from feed.web.origin import Origins
from feed.web.peer import Peers, parse_networks
from feed.web.pulse import Pulse
from feed.web.routes import make_web
from feed.web.session import Sessions

log = logging.getLogger(__name__)

_TRIM_EVERY_S = 2.0
_CLEANUP_S = 1.0
"""For what is still served when everybody was taken leave of: requests that never end."""

_RECEIVE_BUFFER = 64 * 1024
"""What the kernel takes of what a client says, and is not read yet: also of one who says a lot."""

_SEEN_S = 2.0
"""How long a balancer may look and see that this instance is not ready, before it hears nobody."""

_NEW_OBJECTS = 20_000
"""Of containers, before garbage is looked for among them: a few megabytes at the most."""


@asynccontextmanager
async def running(settings: Settings, clock: Clock) -> AsyncIterator[web.Application]:
    """Every part at work but the listener. `app[keys.HUB].failed` ends where it cannot go on."""
    await _close(_open_sources(settings))  # what is wrong with them is said at the start
    limits = settings.limits
    hub = Hub(partial(open_log, settings.log), clock, settings.heartbeat_s)
    await hub.start()
    ingest = Ingest(hub, clock, limits.max_log_topics)
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
    wrong_per_min = limits.wrong_tokens_per_min
    grants = Grants(settings.subscriber_secret, clock, wrong_per_min)
    connections = Connections(
        hub,
        grants,
        max_age_s=settings.max_age_s,
        drain_s=settings.drain_s,
        limits=limits,
    )
    app[keys.HUB], app[keys.INGEST], app[keys.LEADER] = hub, ingest, leader
    app[keys.AUDIT] = Audit(hub)
    app[keys.LIMITS] = limits
    app[keys.ADMIN_CALLS] = Buckets(limits.admin_calls_per_s, limits.admin_calls_burst)
    app[keys.CLOCK], app[keys.CONNECTIONS], app[keys.PEERS] = clock, connections, peers
    app[keys.BELLS] = bells = Bells(hub, connections.draining)
    app[keys.GRANTS] = grants
    app[keys.ORIGINS] = Origins(settings.allowed_origins, peers)
    app[keys.ADMINS] = Admins(settings.admin_token, wrong_per_min)
    app[keys.SESSIONS] = Sessions(settings.admin_token)
    readers = [*settings.admin_token, settings.metrics_token]
    app[keys.METRICS_READERS] = Admins([token for token in readers if token], wrong_per_min)
    app[keys.DOCUMENTS] = Documents(_told_of(settings))
    app[keys.INSTANCE], app[keys.COMPRESSES] = instance, settings.compress
    app[keys.HISTORY] = history = History(hub, clock, settings.history_bars)
    app[keys.PULSE] = pulse = Pulse()
    pulse.start()
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
        pulse.stop()
        await history.stop()
        await hub.stop()


async def take_leave(app: web.Application) -> None:
    """Lead no longer, and send everybody away, each at a moment of its own. Idempotent."""
    app[keys.CONNECTIONS].draining.set()
    await asyncio.gather(app[keys.LEADER].stop(), app[keys.CONNECTIONS].drain())


def _told_of(settings: Settings) -> Running:
    """What of the settings the documents of the API say."""
    return Running(
        version=__version__,
        is_public=not settings.subscriber_secret,
        heartbeat_s=settings.heartbeat_s,
        max_age_s=settings.max_age_s,
        retention_s=settings.retention_s,
        limits=settings.limits,
    )


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
            await probe(hub.log, clock.now_ms())
            is_failing = False
        except FeedError as error:
            if not is_failing:
                log.warning("the log is not trimmed now: %s", error)
            is_failing = True


def _take_files(wanted: int) -> None:
    """Be allowed as many open files as may be, and say where that is too few."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most != resource.RLIM_INFINITY and most < wanted:
        log.warning("only %d files may be open: too few for %d connections", most, wanted)


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; then take leave and return."""
    _take_files(settings.max_connections)
    listener = _listen(settings)
    async with running(settings, SystemClock()) as app:
        runner = make_runner(app)
        await runner.setup()
        await web.SockSite(runner, listener, backlog=edge.BACKLOG).start()
        spare_the_collector()
        host, port = listener.getsockname()[:2]
        log.info("serving on http://%s:%d", host, port)
        try:
            why = await _end(app[keys.HUB].failed)
            log.info("taking leave of %d clients", len(app[keys.CONNECTIONS].open))
            seen_s = min(settings.drain_s, _SEEN_S) if why is signal.SIGTERM else 0
            await asyncio.gather(take_leave(app), asyncio.sleep(seen_s))
        finally:
            await runner.cleanup()


def spare_the_collector() -> None:
    """Let cyclic garbage be looked for seldom, and never in what is there once all is started.

    A stream leaves two dozen objects that stay and few cycles. At the interpreter's own pace, when
    thousands connect at once, all of the heap is gone through again and again: for tens of
    milliseconds each time, in which nobody is written to.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 10, 10)


def make_runner(app: web.Application) -> web.AppRunner:
    """What serves the application over HTTP."""
    return edge.Runner(
        app,
        app[keys.LIMITS],
        access_log=None,
        auto_decompress=False,  # no door takes a compressed body
        handler_cancellation=True,
        shutdown_timeout=_CLEANUP_S,
        tcp_keepalive=False,  # it asks after two hours: long before, we have, or let go
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


def _listen(settings: Settings) -> socket.socket:
    """The listening socket, whose options every connection inherits.

    The kernel's share of what a slow client is owed would be megabytes, if nobody said otherwise.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, settings.send_buffer_bytes)
    listener.bind((settings.host, settings.port))
    return listener
