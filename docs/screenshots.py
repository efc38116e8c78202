"""The pictures of the pages in this folder: `python -m docs.screenshots`, or `make screenshots`.

It runs the demo for two minutes, so that there is something to see, and needs Chromium. With names
(`admin admin-phone`) it takes these alone.
"""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import aiohttp

from tests.support.admin import Admin
from tests.support.admin_page import attend, sign_in
from tests.support.browser import Screen, chromium, missing, screen
from tests.support.dashboard import LIVE
from tests.support.server import Server

FOLDER = Path(__file__).parent
PLAYED_S = 110

BY_HAND = [
    {"topic": "MSFT", "set": {"state": "halted", "why": "news pending"}, "pin_s": 3600},
    {"topic": "7203.T", "set": {"state": "closed", "why": "opens at 09:00"}, "pin_s": 3600},
]


class Shot(NamedTuple):
    """A picture: its file, what of the page it shows, and on which screen."""

    name: str
    path: str
    width: int
    height: int
    scheme: str
    scale: float = 1


SHOTS = [
    Shot("dashboard", "/?pin=BTC-USD", 1440, 900, "dark"),
    Shot("dashboard-light", "/?pin=BTC-USD", 1440, 900, "light"),
    Shot("dashboard-phone", "/", 390, 800, "dark", 2),
    Shot("dashboard-phone-light", "/?delay=12&hide=1", 360, 800, "light", 2),
    Shot("dashboard-chart", "/?chart=ETH-USD", 1440, 900, "dark"),
    Shot("dashboard-wall", "/?big=1", 2560, 1440, "dark"),
    Shot("admin", "/admin", 1440, 1100, "dark"),
    Shot("admin-light", "/admin", 1440, 1100, "light"),
    Shot("admin-phone", "/admin", 390, 800, "dark", 2),
    Shot("admin-phone-light", "/admin", 360, 800, "light", 2),
]


async def main(names: Sequence[str]) -> None:
    """Take those of these names, or all."""
    if reason := missing():
        raise SystemExit(reason)
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), {"FEED_SOURCES": "on"})
        await asyncio.to_thread(server.start)
        try:
            async with aiohttp.ClientSession() as session:
                await Admin(session, server.url).inject(BY_HAND)
            shots = [shot for shot in SHOTS if not names or shot.name in names]
            await asyncio.gather(*(_take(server, shot) for shot in shots))
        finally:
            server.kill()


async def _take(server: Server, shot: Shot) -> None:
    """In a browser of its own: a tab behind another one is painted less often."""
    async with (
        chromium() as browser,
        screen(
            browser,
            viewport={"width": shot.width, "height": shot.height},
            color_scheme=shot.scheme,
            device_scale_factor=shot.scale,
        ) as page,
    ):
        if shot.path == "/admin":
            await asyncio.sleep(PLAYED_S)
            await _try_a_price(page, server)
        else:
            await page.open(server.url + shot.path)
            await page.sees(LIVE)
            await asyncio.sleep(PLAYED_S)
        await _save(page, FOLDER / f"{shot.name}.png")
        if page.faults:
            raise SystemExit(f"{shot.name}: {page.faults}")


async def _try_a_price(page: Screen, server: Server) -> None:
    """As an operator who is about to send one."""
    await sign_in(page, server)
    await attend(page, "BTC-USD", "Bitcoin")
    await page.page.fill("#price", "67300.00")
    await page.page.fill("#why", "feed was off by a digit")
    await page.page.press("#why", "Enter")
    await page.page.wait_for_selector("#send[aria-disabled=false]")


async def _save(page: Screen, file: Path) -> None:
    await page.page.screenshot(path=file)
    print(file.name)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
