"""`GET /metrics`: how this instance does, as Prometheus reads it. Worked out when it is asked."""

import asyncio
from collections import Counter
from collections.abc import Iterator

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from feed.web import keys
from feed.web.answer import NOT_STORED

_DOORS = ("ws", "sse")


class Instance:
    """A collector, as the library calls it, of what the parts of one application are."""

    def __init__(self, app: web.Application) -> None:
        self._app = app

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every metric; those of the log only where there is one."""
        app, hub = self._app, self._app[keys.HUB]
        yield _gauge("leader", "1 where this instance runs the sources", app[keys.LEADER].leads)
        draining = app[keys.CONNECTIONS].draining.is_set()
        yield _gauge("draining", "1 from SIGTERM on", draining)
        doors = Counter(connection.door for connection in app[keys.CONNECTIONS].open)
        open_ = GaugeMetricFamily("feed_connections", "Open streams", labels=["door"])
        for door in _DOORS:
            open_.add_metric([door], doors[door])
        yield open_
        if hub.has_begun:
            yield _gauge("log_head", "The newest offset that this instance has read", hub.head)
            yield _gauge("log_durable", "1 where an append survives a power cut", hub.log.durable)
            yield _gauge("topics", "Topics that the log knows", len(hub.live.tail.items))
            yield _gauge("groups", "Different subscriptions that keep up", len(hub.live.groups))
            yield _gauge("subscribers", "Streams and waiting polls", len(hub.members))
            yield _gauge("subscribers_behind", "Those being caught up", len(hub.behind))


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"feed_{name}", words, value=value)


async def metrics(request: web.Request) -> web.Response:
    """All of it as text, for whoever has the admin's token or the one for metrics."""
    app = request.app
    address, now_s = app[keys.PEERS].address(request), asyncio.get_running_loop().time()
    app[keys.METRICS_READERS].check(request, address, now_s)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Instance(app))
    headers = {"Content-Type": CONTENT_TYPE_LATEST, **NOT_STORED}
    return web.Response(body=generate_latest(registry), headers=headers)
