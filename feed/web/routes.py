"""The URL map, on one page."""

from collections import Counter
from pathlib import Path

import aiohttp_jinja2
import jinja2
from aiohttp import web

from feed.web import (
    admin,
    audit,
    documents,
    edge,
    health,
    keys,
    middlewares,
    pages,
    refusal,
    sign_in,
)
from feed.web.history import history
from feed.web.metrics import metrics
from feed.web.poll import poll
from feed.web.snapshot import snapshot
from feed.web.sse import sse
from feed.web.static import StaticFiles
from feed.web.trail import Trail
from feed.web.websocket import websocket

_TEMPLATES = Path(__file__).parent.parent.parent / "templates"


def make_web() -> web.Application:
    """An application with every URL; its parts are to be put in under `keys`."""
    app = web.Application(
        middlewares=[
            edge.heads,
            audit.noted,
            middlewares.errors,
            middlewares.origins,
            sign_in.admins_only,
            sign_in.subscribers,
        ],
    )
    app[keys.ANSWERED], app[keys.TRAIL] = Counter(), Trail()
    app.on_response_prepare.append(middlewares.add_headers)
    app.on_response_prepare.append(refusal.note)
    static = StaticFiles()
    aiohttp_jinja2.setup(
        app,
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    aiohttp_jinja2.get_env(app).globals["static"] = static.url
    app.add_routes(
        [
            web.get("/ws", websocket, allow_head=False),
            web.get("/sse", sse, allow_head=False),
            web.get("/poll", poll, allow_head=False),
            web.get("/snapshot", snapshot),
            web.get("/history", history),
            web.get("/", pages.dashboard),
            web.get("/api", documents.page),
            web.get("/openapi.json", documents.http_document),
            web.get("/asyncapi.json", documents.stream_document),
            web.get("/static/{name:.+}", static.serve),
            web.get("/admin", sign_in.page),
            web.post("/admin/sign-in", sign_in.sign_in),
            web.post("/admin/sign-out", sign_in.sign_out),
            web.post("/admin/session", sign_in.stay),
            web.post("/admin/inject", admin.inject),
            web.post("/admin/unpin", admin.unpin),
            web.get("/admin/pins", admin.pins),
            web.get("/admin/events", admin.events),
            web.get("/admin/audit", audit.audit),
            web.get("/admin/audit/{id}", audit.action),
            web.post("/admin/undo/{id}", audit.undo),
            web.get("/admin/state", admin.state),
            web.get("/admin/sources", admin.sources),
            web.post("/admin/sources/{name}/{action:pause|resume|run}", admin.steer_source),
            web.post("/admin/sources/{name}/{action:accept|reject}", admin.decide),
            web.get("/admin/connections", admin.connections),
            web.delete("/admin/connections/{id}", admin.disconnect),
            web.get("/metrics", metrics),
            web.get("/health/live", health.live),
            web.get("/health/ready", health.ready),
        ]
    )
    return app
