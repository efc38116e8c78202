"""`GET /metrics`: how this instance does, as Prometheus reads it. Worked out when it is asked.

The parts count in plain integers as they work; here these are read, named and explained. No label
is anything that a client sent: doors, routes, statuses, reasons and the names of sources are ours.
"""

import asyncio
import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TypeVar

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from feed import __version__
from feed.errors import LogUnavailable
from feed.histogram import Histogram
from feed.hub.hub import Hub
from feed.log.base import Bounds
from feed.sources.running import Status
from feed.web import keys
from feed.web.answer import NOT_STORED

Labels = TypeVar("Labels", bound=tuple[str, ...])

_DOORS = ("ws", "sse")
_BEGUN = ("snapshot", "resumed", "reset")
_RESETS = ("expired", "epoch", "ahead")
_KEYED = ("new", "repeated", "misused")
_FAULT = 500
_PATIENCE_S = 2.0
"""For the log to say what it holds; Prometheus gives up after 10 s."""


class Instance:
    """A collector, as the library calls it, of what the parts of one application are.

    `bounds`: what the log holds; None where it cannot be asked now.
    """

    def __init__(self, app: web.Application, bounds: Bounds | None) -> None:
        self._app = app
        self._bounds = bounds

    def collect(self) -> Iterator[Metric]:
        """Every metric; those of the log only where there is one."""
        yield _info()
        yield from self._clients()
        yield from _traffic(self._app[keys.HUB])
        yield from self._writing()
        yield from self._leading()
        yield from self._log()
        if self._app[keys.HUB].has_begun:
            yield from self._following(self._app[keys.HUB])

    def _clients(self) -> Iterator[Metric]:
        app, connections = self._app, self._app[keys.CONNECTIONS]
        yield _gauge("draining", "1 from SIGTERM on", connections.draining.is_set())
        doors = Counter(connection.door for connection in connections.open)
        yield _gauges("connections", "Open streams", "door", {d: doors[d] for d in _DOORS})
        yield _gauge("polls_open", "Polls that wait or are being answered", connections.waiting)
        words = (
            "Streams that ended: `client` left, a name of a close code, `silent` or `fault`: cut"
        )
        yield _counts_by("streams_ended", words, ("door", "reason"), connections.ended)
        yield _counts_by(
            "http_answers",
            "Answers by route as in the URL map (empty: none, or no HTTP) and status",
            ("route", "code"),
            {(route, str(int(code))): n for (route, code), n in app[keys.ANSWERED].items()},
        )
        answers = sum(n for (_, code), n in app[keys.ANSWERED].items() if code == _FAULT)
        cut = sum(n for (_, reason), n in connections.ended.items() if reason == "fault")
        words = "Answers of 500, and streams that were cut for a fault of the server"
        yield _count("faults", words, answers + cut)
        words = "Commands of WebSockets that were refused, by the code of the error frame"
        yield _counts("commands_refused", words, "code", connections.refused, ("rate_limited",))
        tokens = {
            "admin": app[keys.ADMINS].refused,
            "metrics": app[keys.METRICS_READERS].refused,
            "subscriber": app[keys.GRANTS].refused,
        }
        yield _counts("tokens_refused", "Wrong tokens, by what they were for", "kind", tokens)
        words = "How much too long sleeps of 0.25 s were: what all wait for"
        yield _histogram("loop_lag_seconds", words, app[keys.PULSE].late)

    def _writing(self) -> Iterator[Metric]:
        ingest = self._app[keys.INGEST]
        words = "Changes appended to the log by this instance, by who made them"
        yield _counts("changes_appended", words, "origin", ingest.changes, ("admin", "source"))
        words = "From handing a batch to the log until it is durable"
        yield _histogram("commit_seconds", words, ingest.commits)
        words = "Batches with an idempotency key: new, repeated, or misused with another body"
        yield _counts("keyed_batches", words, "outcome", ingest.keyed, _KEYED)

    def _leading(self) -> Iterator[Metric]:
        leader = self._app[keys.LEADER]
        yield _gauge("leader", "1 where this instance runs the sources", leader.leads)
        yield _count("leader_terms", "How often this instance began to lead", leader.terms)
        if leader.looked_ms is not None:
            words = "When this instance last knew from the log who leads"
            yield _gauge("lease_seen_timestamp_seconds", words, leader.looked_ms / 1000)
        yield from _sources(leader.schedule.statuses() if leader.schedule else [])

    def _log(self) -> Iterator[Metric]:
        yield _gauge("log_up", "1 where the log answers", self._bounds is not None)
        if self._bounds is None:
            return
        first, head, size = self._bounds.first, self._bounds.head, self._bounds.size_bytes
        yield _gauge("log_first", "The oldest offset that the log holds", first)
        yield _gauge("log_entries", "Entries that the log holds", head - first + 1)
        yield _gauge("log_size_bytes", "What the log takes on its disk or in its server", size)

    def _following(self, hub: Hub) -> Iterator[Metric]:
        yield _gauge("log_head", "The newest offset that this instance has read", hub.head)
        yield _gauge("log_durable", "1 where an append survives a power cut", hub.log.durable)
        yield _gauge("topics", "Topics that the log knows", len(hub.live.tail.items))
        yield _gauge("groups", "Different subscriptions that keep up", len(hub.live.groups))
        yield _gauge("delays", "Different delays (`delay_ms`) in use", hub.delays)
        words = "Streams, and subscriptions that polls wait for"
        yield _gauge("subscribers", words, len(hub.members))
        yield _gauge("subscribers_behind", "Those being caught up", len(hub.behind))
        place = self._app[keys.HISTORY].place
        lags = {
            "hub": self._bounds.head - hub.head if self._bounds else 0,
            "history": hub.head - place if place is not None else 0,
            "subscriber": max((hub.lag(member) for member in hub.behind), default=0),
        }
        words = "Entries that a follower has still to read; of subscribers the slowest's"
        lags = {name: max(0, lag) for name, lag in lags.items()}
        yield _gauges("lag_entries", words, "follower", lags)


def _info() -> Metric:
    labels = ("version", "python")
    family = GaugeMetricFamily("feed_build_info", "Always 1; what runs here", labels=labels)
    family.add_metric((__version__, platform.python_version()), 1)
    return family


def _traffic(hub: Hub) -> Iterator[Metric]:
    traffic = hub.traffic
    ways = {"live": traffic.live, "behind": traffic.behind, "poll": traffic.polled}
    told = (
        ("frames", "Frames times those they went to: at once, one by one, as answers", "frames"),
        ("deliveries", "Items and events times those they went to", "deliveries"),
        ("frame_bytes", "JSON of these frames, before a door wraps or deflates it", "bytes"),
        ("merged_changes", "Changes not sent one by one: a newer one stood for them", "merged"),
    )
    for name, words, attribute in told:
        by_way = {way: getattr(sent, attribute) for way, sent in ways.items()}
        yield _counts(name, words, "way", by_way)
    words = "Streams' subscriptions by how they began: without a cursor, with one, or in vain"
    yield _counts("subscriptions_begun", words, "outcome", traffic.begun, _BEGUN)
    words = "Resets that clients were told, polls among them, by reason"
    yield _counts("resets", words, "reason", traffic.resets, _RESETS)
    words = "From the append of a change until it was handed to the sockets of who keeps up"
    yield _histogram("delivery_seconds", words, traffic.latency)


def _sources(statuses: Iterable[Status]) -> Iterator[Metric]:
    """Of each source by its name, which is the operator's; none where another instance leads."""
    by_name = {status.name: status for status in statuses}
    told = (
        ("source_runs", "Times that a source was asked", "runs"),
        ("source_errors", "Times that a source failed", "errors"),
        ("source_missed", "Times that it was not asked, as the last was not over", "missed"),
        ("source_refused", "Elements of answers that made no sense", "refused"),
        ("source_changes", "Changes that it made", "changes"),
    )
    for name, words, attribute in told:
        of_each = {source: getattr(status, attribute) for source, status in by_name.items()}
        yield _counts(name, words, "source", of_each)
    failing = {source: status.state == "failing" for source, status in by_name.items()}
    yield _gauges("source_failing", "1 where its last run failed", "source", failing)
    paused = {source: status.state == "paused" for source, status in by_name.items()}
    yield _gauges("source_paused", "1 where an admin has paused it", "source", paused)
    seen = {
        source: status.last_success / 1000
        for source, status in by_name.items()
        if status.last_success is not None
    }
    words = "When it last gave an answer; its age is time() less this"
    yield _gauges("source_success_timestamp_seconds", words, "source", seen)


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"feed_{name}", words, value=value)


def _gauges(name: str, words: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"feed_{name}", words, labels=[label])
    for value, figure in values.items():
        family.add_metric([value], figure)
    return family


def _count(name: str, words: str, value: int) -> Metric:
    return CounterMetricFamily(f"feed_{name}", words, value=value)


def _counts(
    name: str, words: str, label: str, counts: Mapping[str, int], known: Iterable[str] = ()
) -> Metric:
    """`known`: values of the label that are told from the start, so that a rate finds them."""
    all_counts = dict.fromkeys(known, 0) | dict(counts)
    return _counts_by(name, words, (label,), {(value,): n for value, n in all_counts.items()})


def _counts_by(
    name: str, words: str, labels: Sequence[str], counts: Mapping[Labels, int]
) -> Metric:
    family = CounterMetricFamily(f"feed_{name}", words, labels=labels)
    for values, count in sorted(counts.items()):
        family.add_metric(values, count)
    return family


def _histogram(name: str, words: str, measured: Histogram) -> Metric:
    bounds = [*map(str, measured.bounds), "+Inf"]
    buckets = list(zip(bounds, accumulate(measured.counts), strict=True))
    return HistogramMetricFamily(f"feed_{name}", words, buckets=buckets, sum_value=measured.sum_s)


async def metrics(request: web.Request) -> web.Response:
    """All of it as text, for whoever has the admin's token or the one for metrics."""
    app = request.app
    address, now_s = app[keys.PEERS].address(request), asyncio.get_running_loop().time()
    app[keys.METRICS_READERS].check(request, address, now_s)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Instance(app, await _bounds(app[keys.HUB])))
    ProcessCollector(registry=registry)
    headers = {"Content-Type": CONTENT_TYPE_LATEST, **NOT_STORED}
    return web.Response(body=generate_latest(registry), headers=headers)


async def _bounds(hub: Hub) -> Bounds | None:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await hub.log.bounds()
    except (LogUnavailable, TimeoutError):
        return None
