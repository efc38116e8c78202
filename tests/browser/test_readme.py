"""The README's JavaScript as written, on a page of another site."""

import asyncio
from pathlib import Path

import pytest

from tests.support.browser import FUSE_S, Screen
from tests.support.server import Server
from tests.support.site import site
from tests.test_docs import README, here, samples

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_its_javascript_runs(page: Screen, tmp_path: Path) -> None:
    (sample,) = samples(README, "js")
    prices, goals = asyncio.Event(), asyncio.Event()

    def heard(text: str) -> None:
        if text.startswith("price:BTC-USD"):
            prices.set()
        if "topic: score:EPL." in text:
            goals.set()

    page.page.on("console", lambda message: heard(message.text))
    async with site() as other:
        settings = {"FEED_SOURCES": "on", "FEED_ALLOWED_ORIGINS": other.origin}
        server = Server(tmp_path, settings)
        other.html += f'<script type="module">{here(sample, server)}</script>'
        await asyncio.to_thread(server.start)
        try:
            await page.open(other.origin)
            async with asyncio.timeout(FUSE_S):
                await asyncio.gather(prices.wait(), goals.wait())
        finally:
            server.kill()
