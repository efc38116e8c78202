"""The README's JavaScript as written, on a page of another site."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from tests.support.admin import Admin
from tests.support.browser import FUSE_S, Screen
from tests.support.server import Server
from tests.support.site import site
from tests.test_docs import README, here, samples

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_its_javascript_runs(
    page: Screen, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    (sample,) = samples(README, "js")
    prices, goals = asyncio.Event(), asyncio.Event()

    def heard(text: str) -> None:
        if text.startswith("price:BTC-USD"):
            prices.set()
        if "topic: score:EPL." in text:
            goals.set()

    page.page.on("console", lambda message: heard(message.text))
    async with site() as other:
        server = Server(tmp_path, {"FEED_ALLOWED_ORIGINS": other.origin})
        other.html += f'<script type="module">{here(sample, server)}</script>'
        await asyncio.to_thread(server.start)
        try:
            admin = Admin(http, server.url)
            await admin.inject({"topic": "BTC-USD", "data": {"price": "1"}})
            await page.open(other.origin)
            async with asyncio.timeout(FUSE_S):
                await prices.wait()
                goal = {"topic": "score:EPL.ARS-CHE", "event": {"kind": "goal"}}
                await admin.inject(goal)
                await goals.wait()
        finally:
            server.kill()
