"""The poll door on a hub of its own, without HTTP: virtual time moves both."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from feed.hub.hub import Hub
from feed.hub.ingest import Ingest
from feed.limits import DEFAULTS, Limits
from feed.log.base import EventLog
from feed.log.memory import MemoryLog
from feed.model.change import Change, EventChange
from feed.web import keys
from feed.web.bell import Bells
from feed.web.connections import Connections
from feed.web.peer import Peers
from feed.web.poll import poll
from feed.web.snapshot import snapshot
from tests.support.clock import LoopClock
from tests.support.log import lent
from tests.support.request import Headers
from tests.support.transport import PUBLIC


class Polls:
    """What is asked here is answered by the handlers themselves."""

    def __init__(self, app: web.Application, ingest: Ingest) -> None:
        self.hub = app[keys.HUB]
        self.connections = app[keys.CONNECTIONS]
        self.bells = app[keys.BELLS]
        self._app = app
        self.ingest = ingest

    async def poll(self, query: str, headers: Headers = ()) -> web.Response:
        """The answer to `/poll?{query}`."""
        return await poll(self._request(f"/poll?{query}", headers))

    async def snapshot(self, query: str, headers: Headers = ()) -> web.Response:
        """The answer to `/snapshot?{query}`."""
        return await snapshot(self._request(f"/snapshot?{query}", headers))

    async def waiting(self, *queries: str) -> "list[asyncio.Task[web.Response]]":
        """Polls that have come to rest, one for each query."""
        tasks = [asyncio.create_task(self.poll(query)) for query in queries]
        await asyncio.sleep(0.001)  # virtual: it is over once nothing else is to be done
        return tasks

    async def change(self, topic: str, event: str = "") -> str:
        """Set a field of an item anew, with an event of that id; the cursor after it."""
        patch: dict[str, Any] = {"n": self.hub.head + 1}
        happened = EventChange(kind="goal", id=event) if event else None
        await self.ingest.submit([Change(topic=topic, patch=patch, event=happened)])
        return self.cursor

    @property
    def cursor(self) -> str:
        """The place that everybody has reached."""
        return self.hub.live.cursor(self.hub.head)

    def _request(self, target: str, headers: Headers) -> web.Request:
        return make_mocked_request("GET", target, dict(headers), app=self._app)


@asynccontextmanager
async def polls(log: EventLog | None = None) -> AsyncIterator[Polls]:
    """They drain at the end, where they have not."""
    log, clock = log or MemoryLog(), LoopClock()
    hub = Hub(lent(log), clock, heartbeat_s=15)
    await hub.start()
    app = web.Application()
    app[keys.HUB], app[keys.PEERS], app[keys.LIMITS] = hub, Peers([]), DEFAULTS
    app[keys.CONNECTIONS] = connections = Connections(
        hub, PUBLIC, max_age_s=3300, drain_s=5, limits=Limits(max_connections=100_000)
    )
    app[keys.GRANTS] = PUBLIC
    app[keys.BELLS] = bells = Bells(hub, connections.draining)
    bells.start()
    try:
        yield Polls(app, Ingest(hub, clock))
    finally:
        await connections.drain()
        await hub.stop()


def told(answer: web.Response) -> dict[str, Any]:
    """The JSON of an answer."""
    assert isinstance(answer.body, bytes)
    body: dict[str, Any] = json.loads(answer.body)
    return body


def events(answer: web.Response) -> list[str]:
    """The ids of the events that an answer tells, in order."""
    return [event["id"] for frame in told(answer)["frames"] for event in frame.get("events", [])]
