"""Somebody else's web site, on another origin than the server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


class Site:
    """Every path of it is one page, `html`; `origin` is where it is."""

    def __init__(self) -> None:
        self.origin = ""
        self.html = "<!doctype html><title>Somebody else's</title><link rel=icon href=data:,>"

    async def serve(self, _request: web.Request) -> web.Response:
        """The page."""
        return web.Response(text=self.html, content_type="text/html")


@asynccontextmanager
async def site() -> AsyncIterator[Site]:
    """On loopback, for as long as it is looked at."""
    found, app = Site(), web.Application()
    app.router.add_get("/{path:.*}", found.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.origin = f"http://localhost:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()
